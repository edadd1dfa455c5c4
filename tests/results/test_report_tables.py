"""Every number of the report's tables, and its error, is the dataset's own, found by row and column."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import xarray as xr

from plot_example import TREE as EXAMPLE
from plot_example import of, with_open_calls, with_values
from report_page import number
from stress.results.report.elements import Cell, Folded, Gallery, Section, Table
from stress.results.report.sections.calls import calls, leverage
from stress.results.report.sections.causes import contributions
from stress.results.report.sections.crowd import brokers, crowding
from stress.results.report.sections.exposure import exposure, purchases
from stress.results.report.sections.losses import amplification
from stress.results.report.sections.sales import sales
from stress.results.report.sections.worst import worst
from stress.results.story.words import because

Found = tuple[float, float | None]  # in the dataset's unit; None: the table shows no error
UNITS = {"bn USD": 1e-9, "m USD": 1e-6, "k USD": 1e-3}
TREE = with_open_calls(EXAMPLE)
GROUPS = {name: part.to_dataset() for name, part in TREE.children.items()}
LEVEL = 0.99


def tables(section: Section) -> Iterator[Table]:
    for block in section.blocks:
        for inner in block.blocks if isinstance(block, Folded) else (block,):
            if isinstance(inner, Table):
                yield inner
            elif isinstance(inner, Gallery):
                yield from (picture.table for picture in inner.pictures)


def the(section: Section, caption: str) -> Table:
    (found,) = (table for table in tables(section) if table.caption.startswith(caption))
    return found


def fund(heading: str) -> str:
    return "system" if heading == "whole system" else heading


def alone(group: str, name: str, **at: Any) -> Found:
    """A number by its labels, of which no error is shown."""
    return value(group, name, **at)[0], None


def value(group: str, name: str, **at: Any) -> Found:
    """A number by its labels, and its error where there is one."""
    dataset = GROUPS[group]
    if at.get("fund") == "system" and "system" not in dataset["fund"].values:
        name = f"system_{name}"
        del at["fund"]
    error = float(dataset[f"{name}_se"].sel(at)) if f"{name}_se" in dataset else None
    return float(dataset[name].sel(at)), error


def check(table: Table, find: Callable[[str, str], Found], scale: Callable[[str], float]) -> None:
    """Each cell against the dataset, in the unit of its column."""
    assert table.rows
    for row in table.rows:
        for column, cell in zip(table.columns[1:], row.cells, strict=True):
            exact, error = find(row.heading, column)
            check_cell(cell, exact * scale(column), None if error is None else error * scale(column))


def check_cell(cell: Cell, exact: float, error: float | None) -> None:
    if not math.isfinite(exact):
        assert cell.text in ("-", "∞", "−∞")
        return
    said, half = number(cell.text)
    assert said == pytest.approx(exact, abs=half * 1.0001)
    if error is None:
        assert not cell.error
    elif cell.error.startswith("±"):
        assert float(cell.error[1:].replace(",", "")) == pytest.approx(error, abs=half * 1.0001)
    elif cell.error.startswith("<"):
        assert error < half
    elif cell.error:
        assert math.isinf(error)
    else:
        assert not error > 1e-6 * abs(exact) or exact == 0


def percent(_: str) -> float:
    return 100.0


def one(_: str) -> float:
    return 1.0


def in_unit(text: str) -> Callable[[str], float]:
    """By the unit that a text ends with: the table's caption, or the heading of the column."""
    return lambda column: next(
        (size for unit, size in UNITS.items() if text.endswith(unit) or column.endswith(unit)),
        100.0 if "%" in column else 1.0,
    )


def by_caption(table: Table) -> Callable[[str], float]:
    return in_unit(table.caption)


def test_losses_of_prime_brokers() -> None:
    names = {"P of a loss": "prob", "Mean": "mean", "ES 99 %": "es"}

    def find(broker: str, column: str) -> Found:
        name = next(name for start, name in names.items() if column.startswith(start))
        at: dict[str, Any] = {"level": LEVEL} if name == "es" else {}
        return value("summary", f"broker_loss_{name}", prime_broker=broker, **at)

    for mean, tail in ((2.5e6, 3e9), (4e9, 5e6)):  # units apart, each way
        tree = TREE.copy(deep=True)
        table = tree["summary"]
        table["broker_loss_mean"].loc[{}] = [mean, mean / 2]
        table["broker_loss_es"].loc[{"level": LEVEL}] = [tail, tail / 3]
        for name in ("mean", "es"):
            table[f"broker_loss_{name}_se"].loc[{}] = 0.01 * of(tree, "summary", f"broker_loss_{name}").values
        found = the(brokers(tree), "Losses of prime brokers")
        with_units = table.to_dataset()

        def changed(broker: str, column: str, dataset: xr.Dataset = with_units) -> Found:
            exact, error = find(broker, column)
            name = next(name for start, name in names.items() if column.startswith(start))
            if name == "prob":
                return exact, error
            at = dataset.sel(prime_broker=broker, level=LEVEL)
            return float(at[f"broker_loss_{name}"]), float(at[f"broker_loss_{name}_se"])

        check(found, changed, in_unit(found.caption))
    check(the(brokers(TREE), "Losses of prime brokers"), find, in_unit(""))


@pytest.mark.parametrize("where", ["all paths", "the worst 1 %"])
def test_why_funds_sell(where: str) -> None:
    section = sales(TREE)
    table = the(section, f"Forced sales by what asked for most of them, mean over {where}")
    group = "timeline" if where == "all paths" else "tail_timeline"
    at: dict[str, Any] = {} if where == "all paths" else {"slice": "worst_1pct"}
    name = "total_forced_sales_by_trigger_usd"
    heads = {because(str(x)).replace("its ", "their ").capitalize(): str(x) for x in GROUPS[group]["trigger"].values}

    def find(row: str, column: str) -> Found:
        if column == "All":
            return float(GROUPS[group][name].sel({"fund": fund(row), **at}).sum()), None
        return value(group, name, fund=fund(row), trigger=heads[column], **at)

    check(table, find, by_caption(table))


@pytest.mark.parametrize("kind", ["Net", "Gross"])
def test_exposure_by_asset(kind: str) -> None:
    tree = with_values(TREE, "start", "position_usd", -0.4 * GROUPS["start"]["gross_position_usd"].values)
    sign = "less" if kind == "Net" else "plus"
    table = the(exposure(tree), f"{kind} exposure, long {sign} short, of whole system by asset")
    name, start = ("exposure_usd", "position_usd") if kind == "Net" else ("gross_exposure_usd", "gross_position_usd")
    line, begin = GROUPS["timeline"][name], of(tree, "start", start).sum("fund_type")

    def find(row: str, column: str) -> Found:
        step = None if column == "Start" else int(column.removeprefix("Step "))
        if row == "All":
            return float(begin.sum() if step is None else line.sel(fund="system", step=step).sum()), None
        if step is None:
            return float(begin.sel(asset=row)), None
        return value("timeline", name, fund="system", asset=row, step=step)

    assert "Start" in table.columns
    check(table, find, by_caption(table))


def test_start_books() -> None:
    section = crowding(TREE)
    for caption, name in (("Overlap of start positions", "overlap"), ("What one fund type", "liquidity_overlap_usd")):
        table = the(section, caption)

        def find(row: str, column: str, name: str = name) -> Found:
            return alone("start", name, fund_type=row, with_type=column)

        check(table, find, by_caption(table))
    held = the(section, "What all funds hold")

    def of_asset(row: str, column: str) -> Found:
        return alone("start", "held_days" if column.startswith("Days") else "held_usd", asset=row)

    check(held, of_asset, in_unit(""))


def test_worst_paths() -> None:
    names = {
        "Loss": "fund_loss",
        "Largest": "trough",
        "Held still": "fund_loss_static",
        "Called": "called_usd",
        "Forced sales": "forced_sales_usd",
    }
    tails = GROUPS["tails"]
    for caption in ("The whole system's", "The worst path of each"):
        table = the(worst(TREE), caption)
        for row in table.rows:
            at = (
                {"fund": "system", "rank": int(row.heading)}
                if "system" in caption
                else {"fund": row.heading, "rank": 1}
            )
            here = tails.sel(at)
            for column, cell in zip(table.columns[1:], row.cells, strict=True):
                name = next((name for start, name in names.items() if column.startswith(start)), None)
                if name is not None:
                    scale = in_unit("")(column) if name.endswith("_usd") else 100.0
                    check_cell(cell, float(here[name]) * scale, None)
            said = dict(zip(table.columns[1:], row.cells, strict=True))
            assert said["Path"].text == str(int(here["path_id"]))
            assert said["First call in step"].text == str(int(here["first_call_step"]) or "none")
            assert said["Default"].text == ("yes" if bool(here["defaulted"]) else "no")


def test_contributions_and_what_a_fund_does_to_the_system() -> None:
    section = contributions(TREE)
    whole = float(GROUPS["summary"]["system_es"].sel(level=LEVEL))
    for by, name in (("fund", "es_contribution"), ("asset", "es_contribution_by_asset")):

        def find(row: str, column: str, by: str = by, name: str = name) -> Found:
            at: dict[str, Any] = {"level": LEVEL, by: row}
            exact, error = value("contributions", name, **at)
            return (exact / whole, None) if column == "% of its ES" else (exact, error)

        check(the(section, f"Parts of the system's ES 99 % by {by}"), find, percent)
    names = {"MES": "mes", "CoVaR": "covar", "Delta CoVaR": "delta_covar"}
    check(
        the(section, "Funds and the system"),
        lambda row, column: value("contributions", names[column.partition(",")[0]], level=LEVEL, fund=row),
        percent,
    )


def test_amplification_and_added_loss() -> None:
    names = {"ES 99 %, %": "es", "Held still, %": "es_static", "Added loss, %": "added_loss"}
    check(
        the(amplification(TREE), "Amplification and added loss"),
        lambda row, column: value("summary", names.get(column, "amplification"), fund=fund(row), level=LEVEL),
        lambda column: 100.0 if column in names else 1.0,
    )


def test_calls_and_leverage_by_step() -> None:
    section = calls(TREE)
    for caption, name, scale in (
        ("Newly called", "called_usd", None),
        ("Paths with an open call", "open_call", percent),
    ):
        table = the(section, caption)

        def find(row: str, column: str, name: str = name) -> Found:
            return value("timeline", name, step=int(row), fund=fund(column))

        check(table, find, scale or by_caption(table))
    for kind in ("gross", "net"):
        for name in GROUPS["timeline"]["fund"].values:
            shown = "whole system" if name == "system" else str(name)

            def of_fan(row: str, column: str, kind: str = kind, name: str = str(name)) -> Found:
                at = {"step": int(row), "fund": name, "quantile": float(column.removesuffix(" %")) / 100}
                return alone("timeline", f"{kind}_leverage", **at)

            check(the(leverage(TREE), f"{kind.capitalize()} leverage: {shown}"), of_fan, one)


def test_purchases_of_outsiders() -> None:
    table = the(purchases(TREE), "What retail bought")
    line = GROUPS["timeline"]["retail_purchases_usd"]
    standing = {"Down days before": ("retail_down_days", 1.0), "Fatigue leaves, %": ("retail_fatigue", 100.0)}
    for row in table.rows:
        for column, cell in zip(table.columns[1:], row.cells, strict=True):
            at = {} if column == "All steps" else {"step": int(column.removeprefix("Step "))}
            if row.heading in standing or row.heading.startswith("Budget left"):
                name, scale = standing.get(row.heading, ("retail_budget_left_usd", in_unit(row.heading)("")))
                if at:
                    check_cell(cell, float(GROUPS["timeline"][name].sel(at)) * scale, None)
                continue
            exact = line.sel(at) if row.heading == "All" else line.sel({"asset": row.heading, **at})
            error = None
            if at and row.heading != "All":
                error = float(GROUPS["timeline"]["retail_purchases_usd_se"].sel({"asset": row.heading, **at}))
            scale = by_caption(table)(column)
            check_cell(cell, float(exact.sum()) * scale, None if error is None else error * scale)
