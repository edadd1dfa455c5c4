"""An ablation in a terminal: the sequence and each mechanism alone for the whole system, then the funds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import xarray as xr

from stress.results.answers.ablation.words import BASE, added_by
from stress.results.answers.world import BY_LEVEL
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    decimals,
    estimate,
    few_paths,
    money_unit,
    named,
    percent,
    plain_table,
    with_error,
)

if TYPE_CHECKING:
    from rich.table import Table

GROUP, SYSTEM = "ablate", "system"
SHOWN = ("es", "var", "trough_es", "called_nav_share", "prob_default", "expected_forced_sales_usd")
OUTSIDE = "funds held still"  # the base where only buyers from outside trade
HEADINGS = {
    "es": "ES {level}",
    "var": "VaR {level}",
    "trough_es": "trough ES",
    "called_nav_share": "NAV called",
    "prob_default": "P of default",
    "expected_forced_sales_usd": "forced sales",
}


class Figures(NamedTuple):
    """A group `ablate` at one level."""

    table: xr.Dataset
    level: float

    def at(self, name: str, part: str, fund: str = SYSTEM, **where: str) -> tuple[float, float]:
        """A figure and its error, in the unit of the dataset."""
        found = []
        for suffix in ("", "_se"):
            variable = self.table[f"{name}_{part}{suffix}"].sel({"fund": fund, **where})
            found.append(float(variable.sel(level=self.level) if name in BY_LEVEL else variable))
        return found[0], found[1]

    @property
    def few(self) -> bool:
        """Whether VaR and ES have no error, as the paths are too few beyond them."""
        return math.isinf(self.at("es", "full")[1])

    @property
    def mechanisms(self) -> list[str]:
        """From the base up."""
        return [str(name) for name in self.table["stage"].values if name != BASE]

    def label(self, name: str, alone: bool = False) -> str:
        """What a mechanism is called, in the sequence or `alone`."""
        return base_name(self) if name == BASE else added_by(name, () if alone else tuple(self.mechanisms))

    @property
    def funds(self) -> list[str]:
        """Without the system."""
        return [str(fund) for fund in self.table["fund"].values if fund != SYSTEM]

    def unit(self, name: str, parts: Sequence[str]) -> tuple[str, float]:
        """Unit and factor of a figure of the system: percent, or an amount by the largest of some parts."""
        if not name.endswith("_usd"):
            return "%", 100.0
        return money_unit(x for part in parts for x in self.table[f"{name}_{part}"].sel(fund=SYSTEM).values.ravel())


def figures_of(tree: xr.DataTree) -> Figures:
    """The group of an answer, at the level that is next to 99 %."""
    table = tree[GROUP].to_dataset()
    return Figures(table, min((float(x) for x in table["level"].values), key=lambda level: abs(level - 0.99)))


def base_name(figures: Figures) -> str:
    """What is left without any of the mechanisms: the book held still, where no fund has a reason to trade."""
    base = str(figures.table.attrs["base"])
    return base if base in ("held still", OUTSIDE) else "without all of them"


def shown(tree: xr.DataTree) -> list[Any]:
    """The tables and what a reader of them must know."""
    from rich.text import Text

    figures = figures_of(tree)
    tables = [_sequence(figures), _alone(figures), _by_fund(figures)]
    return [*tables, *(Text(note) for note in notes(tree, figures))]


def notes(tree: xr.DataTree, figures: Figures) -> list[str]:
    """How to read it."""
    paths = int(tree.attrs["paths"])
    lines = [
        f"Same {paths:,} paths everywhere; the small number is the standard error, of differences path by path (±?: "
        "too few paths for one). Losses and NAV are % of start NAV."
    ]
    if figures.few:
        lines.append(few_paths(figures.level, paths))
    if figures.table.attrs["base"] == OUTSIDE:
        lines.append("Funds held still: no fund trades, but buyers from outside still do, and move prices.")
    if "crowding" in figures.mechanisms:
        lines.append(
            "Without others' sales each fund trades alone in the market, a run a fund; the system's trough is not "
            "known there (-)."
        )
    total, error = figures.at("es", "interaction")
    if math.isfinite(total):
        places = decimals(100 * total, 100 * error, 2)
        than = "more" if total >= 0 else "less"
        lines.append(
            f"Interaction: what each adds to all others sums to {with_error(100 * abs(total), 100 * error, places)} "
            f"points of ES {percent(figures.level)} {than} than what they add together."
        )
    return lines


def _columns(figures: Figures, table: Table) -> list[tuple[str, float]]:
    """Headings of the figures; names and factors of what stands below them."""
    found = []
    headings = []
    for name in SHOWN:
        unit, factor = figures.unit(name, ("stage",))
        first, _, rest = HEADINGS[name].partition(" ")
        headings.append(f"{first}\n{rest.format(level=percent(figures.level))}\n{unit}")
        found.append((name, factor))
    add_number_columns(table, *headings)
    return found


def _cells(figures: Figures, columns: list[tuple[str, float]], part: str, **where: str) -> list[Any]:
    cells = []
    for name, factor in columns:
        value, error = figures.at(name, part, **where)
        cells.append(estimate(value * factor, error * factor, few=figures.few and name in BY_LEVEL))
    return cells


def _sequence(figures: Figures) -> Table:
    table = plain_table("Whole system, in sequence: what each mechanism adds to those above it")
    add_label_column(table, "")
    columns = _columns(figures, table)
    table.add_row(named(base_name(figures)), *_cells(figures, columns, "stage", stage=BASE), end_section=True)
    for name in figures.mechanisms:
        last = name == figures.mechanisms[-1]
        table.add_row(f"+ {figures.label(name)}", *_cells(figures, columns, "step", stage=name), end_section=last)
    table.add_row(named("everything on"), *_cells(figures, columns, "full"))
    return table


def _alone(figures: Figures) -> Table:
    table = plain_table("Whole system, one at a time: everything on less without the one mechanism")
    add_label_column(table, "")
    columns = _columns(figures, table)
    for name in figures.table["without"].values:
        last = name == figures.table["without"].values[-1]
        label = figures.label(str(name), alone=True)
        table.add_row(label, *_cells(figures, columns, "added", without=str(name)), end_section=last)
    table.add_row(named("all together"), *_cells(figures, columns, "total"))
    table.add_row("sum less together", *_cells(figures, columns, "interaction"))
    return table


def _by_fund(figures: Figures) -> Table:
    table = plain_table(f"By fund, in sequence: ES {percent(figures.level)}, % of start NAV")
    add_label_column(table, "fund", 16)
    headings = [figures.label(name).replace(" ", "\n").replace("-", "-\n") for name in (BASE, *figures.mechanisms)]
    add_number_columns(table, *headings, "all on")
    for fund in figures.funds:
        steps = [figures.at("es", "step", fund, stage=name) for name in figures.mechanisms]
        row = [figures.at("es", "stage", fund, stage=BASE), *steps, figures.at("es", "full", fund)]
        table.add_row(named(fund), *(estimate(100 * value, 100 * error, 1, figures.few) for value, error in row))
    return table
