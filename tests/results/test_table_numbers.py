"""Every number of a run's table, of its first screen and of the report's parts stands under what it is called."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from rich.text import Text

from plot_example import TREE, of
from shown_numbers import check, rows, unit
from stress.results.report.elements import Table
from stress.results.report.risk import Risk
from stress.results.report.sections.parts import part_name, parts_by_fund, parts_of_the_system
from stress.results.terminal.cells import money, percent
from stress.results.terminal.first_screen import first_screen
from stress.results.terminal.summary_table import _funds

LEVELS = [0.95, 0.99, 0.999]
PLAIN = {
    "called\n% NAV": "called_nav_share",
    "P of\n>10 %": "prob_called_over_10pct",
    "P of\n>50 %": "prob_called_over_50pct",
    "default\n% NAV": "defaulted_nav_share",
}


def pair(name: str, fund: str, **at: Any) -> tuple[float, float]:
    """A number of the summary and its error."""
    prefix = "system_" if fund == "whole system" else ""
    both = (of(TREE, "summary", f"{prefix}{name}{end}") for end in ("", "_se"))
    value, error = (float((x if prefix else x.sel(fund=fund)).sel(at)) for x in both)
    return value, error


def test_the_table_of_funds() -> None:
    table = _funds(TREE, LEVELS, 0.99, "")
    heads = [str(column.header) for column in table.columns[1:]]
    found = rows(table)
    assert len(found) == of(TREE, "summary", "fund").size + 1
    for label, cells in found.items():
        fund, nav = label.split("\n")
        assert nav == money(pair_of_nav(fund))
        for head, cell in zip(heads, cells, strict=True):
            first, second = head.split("\n")
            level = next((x for x in LEVELS if second == percent(x)), None)
            if first in ("VaR", "ES", "added", "ampl."):
                name = {"added": "added_loss", "ampl.": "amplification"}.get(first, first.lower())
                numbers, scale = pair(name, fund, level=level), 1.0 if first == "ampl." else 100.0
            elif first == "sales":
                numbers, scale = pair("expected_forced_sales_usd", fund), unit(second)
            else:
                numbers, scale = pair(PLAIN[head], fund), 100.0
            check(cell, *(scale * x for x in numbers))


def pair_of_nav(fund: str) -> float:
    whole = fund == "whole system"
    return float(of(TREE, "summary", "system_nav_usd") if whole else of(TREE, "summary", "nav_usd").sel(fund=fund))


def test_sentences_of_the_first_screen() -> None:
    text = " ".join(part.plain for part in first_screen(TREE) if isinstance(part, Text))
    system = "whole system"
    down, usd = re.findall(r"the worst 1 % of paths are (\S+ \S+) % down at their lowest step end \(([^)]*)\)", text)[0]
    value, error = pair("trough_es", system, level=0.99)
    check(down.replace(" ", "\n"), 100 * value, 100 * error)
    assert usd == money(value * pair_of_nav(system))
    called, amount, over = re.findall(
        r"Called: (\S+ \S+) % of NAV gets margin calls of (.*?) on average; over a tenth of it on (\S+) % of paths",
        text,
    )[0]
    value, error = pair("called_nav_share", system)
    check(called.replace(" ", "\n"), 100 * value, 100 * error)
    assert amount == money(pair("expected_called_usd", system)[0])
    check(over, 100 * pair("prob_called_over_10pct", system)[0])
    assert f"Sold by force: {money(pair('expected_forced_sales_usd', system)[0])} on average" in text


def check_parts(table: Table | None, heading: str, fund: str, at: dict[str, Any], step: int | None) -> None:
    assert table is not None
    (row,) = (row for row in table.rows if row.heading.startswith(heading))
    group = "attribution" if step is None else "timeline"
    values, errors = (of(TREE, group, f"loss_part{end}").sel({"fund": fund, **at}) for end in ("", "_se"))
    names = {part_name(str(part)): str(part) for part in values["part"].values} | {"Loss": "total"}
    nav = pair_of_nav("whole system" if fund == "system" else fund)
    for column, cell in zip(table.columns[1:], row.cells, strict=True):
        in_usd = column.startswith("Loss, ")
        part, scale = ("total", nav * unit(column)) if in_usd else (names[column], 100.0)
        check(f"{cell.text}\n{cell.error}", *(scale * float(x.sel(part=part)) for x in (values, errors)))


@pytest.mark.parametrize("part", ["all", "worst_1pct"])
def test_parts_of_the_loss_of_each_fund(part: str) -> None:
    table = parts_by_fund(TREE, Risk(TREE), part)
    for fund in of(TREE, "attribution", "fund").values:
        check_parts(table, "whole system" if fund == "system" else str(fund), str(fund), {"slice": part}, None)


def test_parts_of_the_loss_of_all_funds() -> None:
    table = parts_of_the_system(TREE, Risk(TREE))
    total = of(TREE, "timeline", "loss_part").sel(fund="system", part="total")
    step = int(total["step"].values[int(np.argmax(total.values))])
    check_parts(table, "Worst 1 % of paths", "system", {"slice": "worst_1pct"}, None)
    check_parts(table, f"Mean of all paths, end of day {step}", "system", {"step": step}, step)
