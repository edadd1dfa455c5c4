"""The table people read and the JSON that programs read, both from the result's tree."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from stress.results.answers.rare.beside_shown import beside_json, heading, sentences
from stress.results.fund_groups.as_result import groups_in
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    decimals,
    estimate,
    money,
    money_unit,
    named,
    percent,
    plain_table,
    printable,
    with_error,
)
from stress.results.terminal.first_screen import first_screen
from stress.results.terminal.fitting import Fitting
from stress.results.terminal.groups_table import groups_table
from stress.scenarios.guessed import guessed, sentence
from stress.scenarios.switched_off import off_sentence

if TYPE_CHECKING:
    from rich.table import Table

SHOWN_LEVELS = 3
RISK = "Risk at the end by fund, % of start NAV"
NOTEWORTHY_FLOW = 0.01  # share of forced flow beyond a day's depth that is worth a line


def summary_json(tree: xr.DataTree) -> dict[str, Any]:
    """The summary as plain numbers and texts: `funds`, `system`, `prime_brokers` by name, then variable, then level.

    What is not a finite number (no ratio, too few paths for an error) is None.
    """
    summary, diagnostics = tree["summary"].to_dataset(), tree["diagnostics"].to_dataset()
    result: dict[str, Any] = {
        name: tree.attrs[name]
        for name in ("name", "title", "changed", "spec_sha256", "paths", "seed", "rng", "precision", "device")
        if name in tree.attrs
    }
    for name in ("origin", "switched_off", "starts_in_call"):
        if name in tree.attrs:
            result[name] = json.loads(tree.attrs[name])
    result["levels"] = summary["level"].values.tolist()
    result["funds"] = {str(fund): {} for fund in summary["fund"].values}
    result["system"] = {}
    result["prime_brokers"] = {str(b): {} for b in summary["prime_broker"].values} if "prime_broker" in summary else {}
    for key, variable in summary.data_vars.items():
        name = str(key)
        if "fund" in variable.dims:
            for fund, entry in result["funds"].items():
                entry[name] = _by_level(variable.sel(fund=fund))
        elif "prime_broker" in variable.dims:
            for broker, entry in result["prime_brokers"].items():
                entry[name] = _by_level(variable.sel(prime_broker=broker))
        else:
            result["system"][name.removeprefix("system_")] = _by_level(variable)
    if groups := groups_in(tree):
        of_groups = tree["group_summary"].to_dataset().drop_vars("member")
        result["groups"] = {
            name: {str(key): _by_level(of_groups[key].sel(group=name)) for key in of_groups.data_vars}
            for name in groups
        }
    if (rare := beside_json(tree)) is not None:
        result["rare"] = rare
    result["diagnostics"] = {
        str(name): _number(variable.item()) for name, variable in diagnostics.data_vars.items() if variable.ndim == 0
    }
    result["model_limits"] = json.loads(tree.attrs["model_limits"])
    return result


def _by_level(variable: xr.DataArray) -> Any:
    if "level" not in variable.dims:
        return _number(variable.item())
    values = zip(variable["level"].values, variable.values, strict=True)
    return {f"{level:g}": _number(value) for level, value in values}


def _number(value: Any) -> float | int | None:
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if math.isfinite(value) else None


def summary_table(tree: xr.DataTree) -> Table:
    """The first screen, then the risk of each fund in file order, prime brokers that lose, and notes; in 100 columns.

    Where a screen has fewer, the levels that are furthest from 99 % are left out, and the note says so.
    """
    from rich.table import Table
    from rich.text import Text

    page = Table.grid(padding=0)
    page.add_column()
    if tree.attrs.get("changed"):
        page.add_row(Text(printable(str(tree.attrs["changed"]))))
    first = first_screen(tree)
    for part in first:
        page.add_row(part)
    for part in groups_table(tree):
        page.add_row(part)
    if rare := sentences(tree):
        page.add_row(Text(heading(tree), "bold"))
        page.add_row(Text("\n".join(map(printable, rare)) + "\n"))
    page.add_row(_fitting(tree, RISK if first else ""))
    summary = tree["summary"].to_dataset()
    if _brokers_lose(summary):
        page.add_row(_brokers(summary))
    for note in notes(tree):
        page.add_row(Text(note))
    return page


def _fitting(tree: xr.DataTree, title: str) -> Fitting:
    """The funds, with as many levels as the screen has room for."""
    levels, reference = _levels(tree["summary"].to_dataset())
    kept = sorted(levels, key=lambda level: abs(level - reference))
    counts = range(len(kept), 0, -1)
    tables = [partial(_funds, tree, sorted(kept[:count]), reference, title) for count in counts]
    left = [", ".join(percent(level) for level in sorted(kept[count:])) for count in counts]
    where = "no room here; a wider screen, --json and --export have them."
    return Fitting(tables, [f"VaR and ES at {x}: {where}" if x else "" for x in left])


def _brokers_lose(summary: xr.Dataset) -> bool:
    return "broker_loss_mean" in summary and float(summary["broker_loss_mean"].max()) > 0


def _levels(summary: xr.Dataset) -> tuple[list[float], float]:
    """The levels shown, and the one at which amplification and added loss are shown: that next to 99 %."""
    levels = [float(level) for level in summary["level"].values if level > 0][-SHOWN_LEVELS:]
    return levels, min(levels, key=lambda level: abs(level - 0.99))


def _funds(tree: xr.DataTree, levels: list[float], reference: float, title: str) -> Table:
    summary = tree["summary"].to_dataset()
    table = plain_table(title or f"{tree.attrs['title'] or tree.attrs['name']}: {tree.attrs['paths']:,} paths")
    add_label_column(table, "fund\nNAV")
    titles = [f"{measure}\n{percent(level)}" for level in levels for measure in ("VaR", "ES")]
    at = percent(reference)
    called = ("called\n% NAV", "P of\n>10 %", "P of\n>50 %", "default\n% NAV")
    unit, per_usd = money_unit([float(summary["system_expected_forced_sales_usd"])])
    add_number_columns(table, *titles, *called, f"sales\n{unit}", f"ampl.\n{at}", f"added\n{at}")
    funds = [str(fund) for fund in summary["fund"].values]
    for fund in [*funds, None]:
        table.add_row(*_fund_cells(summary, fund, levels, reference, per_usd), end_section=fund == funds[-1])
    return table


def _fund_cells(
    summary: xr.Dataset, fund: str | None, levels: list[float], reference: float, per_usd: float
) -> list[Any]:
    """Cells of one fund, or of the system: the number on the first line, its standard error on the second."""

    row = () if fund is None else (summary["fund"].values.tolist().index(fund),)
    column = {level: number for number, level in enumerate(summary["level"].values.tolist())}

    def get(name: str, level: float | None = None) -> float:
        values = summary[f"system_{name}" if fund is None else name].values  # by fund and level, in this order
        return float(values[row if level is None else (*row, column[level])])

    def cell(name: str, scale: float, level: float | None = None, most: int = 2) -> Any:
        return estimate(get(name, level) * scale, get(f"{name}_se", level) * scale, most)

    return [
        named(fund or "whole system", money(get("nav_usd"))),
        *(cell(measure, 100, level) for level in levels for measure in ("var", "es")),
        cell("called_nav_share", 100),
        cell("prob_called_over_10pct", 100),
        cell("prob_called_over_50pct", 100),
        cell("defaulted_nav_share", 100),
        cell("expected_forced_sales_usd", per_usd),
        cell("amplification", 1, reference, most=3),
        cell("added_loss", 100, reference),
    ]


def _brokers(summary: xr.Dataset) -> Table:
    from rich.text import Text

    _, reference = _levels(summary)
    table = plain_table("Losses of prime brokers on defaulted funds", gap=2)
    add_label_column(table, "prime broker", 30)
    mean_unit, of_mean = money_unit(summary["broker_loss_mean"].values)
    es_unit, of_es = money_unit(summary["broker_loss_es"].sel(level=reference).values)
    add_number_columns(table, "P(loss) %", f"mean, {mean_unit}", f"ES {percent(reference)}, {es_unit}")
    for broker in summary["prime_broker"].values:
        row = summary.sel(prime_broker=broker, level=reference)

        def shown(name: str, scale: float, row: xr.Dataset = row) -> str:
            value, error = float(row[name]) * scale, float(row[f"{name}_se"]) * scale
            places = decimals(value, error, 3)
            return with_error(value, error, places)

        table.add_row(
            Text(printable(str(broker))),
            shown("broker_loss_prob", 100),
            shown("broker_loss_mean", of_mean),
            shown("broker_loss_es", of_es),
        )
    return table


def repair_sentence(distance: float) -> str:
    """How far an indefinite correlation matrix was moved."""
    return f"The correlation matrix was indefinite and was repaired: moved by {distance:.2g} (Frobenius norm)."


def notes(tree: xr.DataTree) -> list[str]:
    """What a reader of the table must know: meaning of the columns, what was cut off, limits of the model."""
    attrs, summary, diagnostics = tree.attrs, tree["summary"].to_dataset(), tree["diagnostics"].to_dataset()
    levels, reference = _levels(summary)
    lines = [
        "VaR, ES, added: % of start NAV, positive = loss; P: %; sales: mean forced sales; ±: standard error.",
        "called, default: mean share of NAV; P of >10, >50 %: that more of the NAV than that gets a call.",
        "ampl., added: ES against that of the start book held still, as a ratio and as a difference.",
    ]
    ratios = summary[["amplification", "system_amplification"]].sel(level=reference)
    if any(bool(ratio.isnull().any()) for ratio in ratios.values()):
        lines.append("-: no ratio, as the book held still loses less than 0.1 %.")
    if _lacks_an_error(summary, levels, reference):
        lines.append("±?: too few paths for an error.")
    counted = (
        ("paths_at_round_limit", "paths reached the largest number of rounds in some step"),
        ("draws_clipped", "steps of a path had a draw clipped at the largest move"),
        ("prices_floored", "steps of a path had linear impact cut at its floor"),
    )
    for name, text in counted:
        if name in diagnostics and int(diagnostics[name]) > 0:
            lines.append(f"{int(diagnostics[name]):,} {text}.")
    repair = float(diagnostics["correlation_repair_distance"])
    if repair > 0:
        lines.append(repair_sentence(repair))
    beyond = "forced_flow_beyond_depth_share"
    if beyond in diagnostics and float(diagnostics[beyond]) > NOTEWORTHY_FLOW:
        share = 100 * float(diagnostics[beyond])
        lines.append(f"{share:.1f} % of forced flow exceeds a day's depth: beyond the data behind the impact law.")
    called, off = (json.loads(attrs.get(name, "[]")) for name in ("starts_in_call", "switched_off"))
    lines += [f"In a margin call at the start: {', '.join(called)}."] if called else []
    lines += [off_sentence(off)] if off else []
    lines += filter(None, [sentence(guessed(json.loads(attrs.get("sources", "[]"))))])
    lines.append(f"Limits of the model: {', '.join(json.loads(attrs['model_limits']))}.")
    return lines


def _lacks_an_error(summary: xr.Dataset, levels: list[float], reference: float) -> bool:
    """Whether any error that the table shows is infinite; beside a zero none is shown."""
    by_level = (("var", levels), ("es", levels), ("amplification", reference), ("added_loss", reference))
    shown = [(f"{prefix}{name}", at) for prefix in ("", "system_") for name, at in by_level]
    if _brokers_lose(summary):
        shown.append(("broker_loss_es", reference))
    at_level = [(summary[name].sel(level=at), summary[f"{name}_se"].sel(level=at)) for name, at in shown]
    rare = ("expected_forced_sales_usd", "called_nav_share", "defaulted_nav_share")
    of_all = [f"{prefix}{name}" for prefix in ("", "system_") for name in rare]
    every = [*at_level, *((summary[name], summary[f"{name}_se"]) for name in of_all)]
    return any(bool((np.isinf(errors) & (values != 0)).any()) for values, errors in every)
