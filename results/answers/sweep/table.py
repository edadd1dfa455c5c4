"""A sweep in a terminal: a row a value of one axis, a map of two, the tipping points."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from stress.results.answers.horizon import over_horizon
from stress.results.answers.sweep.dataset import GROUP, PROBABILITY, SYSTEM, TIPPING
from stress.results.answers.sweep.tipping import Bound
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    estimate,
    money_unit,
    named,
    percent,
    plain_table,
)

if TYPE_CHECKING:
    from rich.table import Table

MAPS = ("es", PROBABILITY)  # of two axes
COLUMNS = ("es", "added_loss", PROBABILITY, "called_nav_share", "prob_default", "expected_forced_sales_usd")
HEADINGS = {
    "es": "ES {level}",
    "added_loss": "added, mean",
    PROBABILITY: "P(added > {bound})",
    "called_nav_share": "NAV called",
    "prob_default": "P of default",
    "expected_forced_sales_usd": "forced sales",
}
NEAR, MEAN = 0.99, 0.0  # levels
MOST_SLICES = 6  # maps of more than two axes that are printed
MOST_POINTS = 10  # of a Latin hypercube that are printed
SIZE_OF_A_CELL = 8
SCREENED = (
    "Screened: sales were simulated on the paths that lose most with the book held still, and on one in 32 of the "
    "others, which stands for them; errors have that in them."
)

FURTHER = (
    "None up to: no point that can start reaches it. A longer range of --over goes further; where a fund would begin "
    "in a margin call, --set margin.allow_start_in_call=true lets it."
)


class Shown(NamedTuple):
    """A sweep, at which level its figures are shown, over how long, and which axes are factors on what stands there."""

    table: xr.Dataset
    tipping: xr.Dataset | None
    axes: tuple[str, ...]
    bound: Bound
    level: float
    screened: bool
    horizon: str
    factors: frozenset[str]

    def figure(self, name: str, fund: str = SYSTEM, suffix: str = "") -> xr.DataArray:
        """A figure of a fund by the axes."""
        key = f"{name}{suffix}"
        values = self.table[f"{SYSTEM}_{key}"] if fund == SYSTEM else self.table[key].sel(fund=fund)
        if "level" in values.dims:
            return values.sel(level=MEAN if name == "added_loss" else self.level)
        return values

    def axis_name(self, axis: str) -> str:
        """An axis in a sentence: `gross`, or `factor on gross` where it multiplies what stands there."""
        return f"factor on {axis}" if axis in self.factors else axis

    def heading(self, name: str) -> str:
        """What a figure is called."""
        return HEADINGS[name].format(level=percent(self.level), bound=percent(self.bound.loss))


def shown_of(tree: xr.DataTree) -> Shown:
    """The groups of an answer."""
    import json

    table, asked = tree[GROUP].to_dataset(), json.loads(tree.attrs["asked"])
    level = min((float(x) for x in table["level"].values), key=lambda level: abs(level - NEAR))
    tipping = tree[TIPPING].to_dataset() if TIPPING in tree.children else None
    axes = tuple(str(axis["name"]) for axis in asked["axes"])
    factors = frozenset(str(axis["name"]) for axis in asked["axes"] if axis["multiplies"])
    screened = asked.get("method") == "screen"
    return Shown(table, tipping, axes, Bound(*asked["tipping"]), level, screened, over_horizon(tree), factors)


def shown(tree: xr.DataTree, width: int) -> list[Any]:
    """Tables and notes."""
    sweep = shown_of(tree)
    if "point" in sweep.table.dims:
        tables = [_points(sweep)]
    elif len(sweep.axes) == 1:
        tables = [_line(sweep)]
    else:
        tables = _maps(sweep, width)
    if sweep.tipping is not None:
        tables.append(_tippings(sweep, width))
    return [*tables, *notes(tree, sweep)]


def notes(tree: xr.DataTree, sweep: Shown) -> list[str]:
    """What holds for all of the numbers, and what could not be simulated."""
    paths = int(tree.attrs["paths"])
    said = [f"Same {paths:,} paths at every point. Losses and NAV are % of start NAV; ± is the standard error."]
    if sweep.screened:
        said.append(SCREENED)
    why = sweep.table["reason"].values.ravel()
    bad = [text for text in why if text]
    if bad:
        said.append(f"x: {len(bad)} of {len(why)} points cannot start; at {_first_bad(sweep)}: {bad[0]}")
    if (
        sweep.tipping is not None
        and (np.isnan(sweep.tipping["tipping"]) & ~np.isnan(sweep.tipping["searched_to"])).any()
    ):
        said.append(FURTHER)
    for axis in sweep.axes:
        text = str(sweep.table[axis].attrs["long_name"])
        if text != axis:
            said.append(f"{axis}: {text}")
    return said


def _first_bad(sweep: Shown) -> str:
    """Where the first point lies that cannot start: `factor on gross 1.2`."""
    cannot = sweep.table["infeasible"]
    place = dict(zip(cannot.dims, np.argwhere(cannot.values)[0], strict=True))
    where = (
        (axis, sweep.table[axis].isel({k: int(v) for k, v in place.items() if k in sweep.table[axis].dims}))
        for axis in sweep.axes
    )
    return ", ".join(f"{sweep.axis_name(axis)} {value_text(value.item())}" for axis, value in where)


def value_text(value: Any) -> str:
    """A value of an axis."""
    return f"{float(value):.6g}" if isinstance(value, float | np.floating) else str(value)


def unit_of(sweep: Shown, name: str, fund: str = SYSTEM) -> tuple[str, float]:
    """The unit in which all values of a figure are shown, and the factor to it."""
    if not name.endswith("_usd"):
        return "%", 100.0
    return money_unit(sweep.figure(name, fund).values.ravel())


def _stacked(sweep: Shown, name: str) -> str:
    """A heading on three lines, the unit below."""
    words = sweep.heading(name).replace("P(added >", "P(added\n>").replace("P of ", "P of\n")
    words = words.replace(", mean", ",\nmean").replace(" sales", "\nsales").replace(" called", "\ncalled")
    words = words.replace("ES ", "ES\n", 1)
    return f"{words}\n{unit_of(sweep, name)[0]}"


def _row(table: Table, sweep: Shown, label: str, where: Mapping[str, int]) -> None:
    cells = []
    for name in COLUMNS:
        value, error = (float(sweep.figure(name, suffix=suffix).isel(where)) for suffix in ("", "_se"))
        factor = unit_of(sweep, name)[1]
        cells.append(estimate(value * factor, error * factor) if math.isfinite(value) else "x")
    table.add_row(named(label), *cells)


def _line(sweep: Shown) -> Table:
    (axis,) = sweep.axes
    table = plain_table(f"Whole system {sweep.horizon} by {sweep.axis_name(axis)}")
    add_label_column(table, axis)
    add_number_columns(table, *(_stacked(sweep, name) for name in COLUMNS))
    for number, value in enumerate(sweep.table[axis].values):
        _row(table, sweep, value_text(value), {axis: number})
    return table


def _points(sweep: Shown) -> Table:
    """The points of a Latin hypercube with the largest ES."""
    es = sweep.figure("es").values
    worst = [int(n) for n in np.argsort(-np.nan_to_num(es, nan=-np.inf)) if math.isfinite(es[n])][:MOST_POINTS]
    table = plain_table(f"Whole system {sweep.horizon}: the {len(worst)} of {len(es)} points with the largest ES")
    add_label_column(table, ", ".join(sweep.axes))
    add_number_columns(table, *(_stacked(sweep, name) for name in COLUMNS))
    for number in worst:
        label = ", ".join(value_text(sweep.table[axis].values[number]) for axis in sweep.axes)
        _row(table, sweep, label, {"point": number})
    return table


def slices(sweep: Shown) -> list[dict[str, Any]]:
    """The values of all axes but the first two, a map each."""
    further = sweep.axes[2:]
    return [
        dict(zip(further, values, strict=True))
        for values in itertools.product(*(sweep.table[axis].values.tolist() for axis in further))
    ]


def _maps(sweep: Shown, width: int) -> list[Any]:
    every = slices(sweep)
    found: list[Any] = []
    for where in every[:MOST_SLICES]:
        found += [_map(sweep, name, where, width) for name in MAPS]
    if len(every) > MOST_SLICES:
        found.append(f"{len(every) - MOST_SLICES} more maps are in the result and its report.")
    return found


def _map(sweep: Shown, name: str, where: Mapping[str, Any], width: int) -> Table:
    down, across = sweep.axes[:2]
    values, errors = (sweep.figure(name, suffix=s).sel(where).transpose(down, across) for s in ("", "_se"))
    at = "".join(f", {axis} {value_text(value)}" for axis, value in where.items())
    by = f"{sweep.axis_name(down)} (down) and {sweep.axis_name(across)}"
    table = plain_table(f"Whole system {sweep.horizon}: {sweep.heading(name)}, %, by {by}{at}")
    add_label_column(table, down)
    columns = values[across].values
    fits = max(1, (width - 14) // SIZE_OF_A_CELL)
    step = -(-len(columns) // fits)
    chosen = range(0, len(columns), step)
    add_number_columns(table, *(value_text(columns[n]) for n in chosen))
    for number, value in enumerate(values[down].values):
        row = [(float(values.values[number, n]), float(errors.values[number, n])) for n in chosen]
        table.add_row(
            named(value_text(value)),
            *(estimate(100 * x, 100 * e) if math.isfinite(x) else "x" for x, e in row),
        )
    if step > 1:
        table.caption = f"every {step} values of {across}"
    return table


def _tippings(sweep: Shown, width: int) -> Any:
    assert sweep.tipping is not None  # who calls it
    axis = str(sweep.tipping.attrs["axis"])
    along = [dim for dim in sweep.tipping["tipping"].dims if dim != "fund"]
    table = plain_table(f"Tipping point: {sweep.axis_name(axis)} at which {sweep.bound.text} is first reached")
    add_label_column(table, "fund")
    found = sweep.tipping["tipping"].stack(at=along) if along else sweep.tipping["tipping"].expand_dims("at")
    columns = found.sizes["at"]
    fits = max(1, (width - 24) // 28)
    chosen = range(min(columns, fits))
    names = [", ".join(value_text(x) for x in np.atleast_1d(found["at"].values[n])) if along else "" for n in chosen]
    headings = [f"{', '.join(map(str, along))} {name}" if along else axis for name in names]
    add_number_columns(table, *headings)
    funds = [SYSTEM, *(str(fund) for fund in sweep.tipping["fund"].values if fund != SYSTEM)]
    for fund in funds:
        where = sweep.tipping.sel(fund=fund)
        flat = where.stack(at=along) if along else where.expand_dims("at")
        table.add_row(
            named("whole system" if fund == SYSTEM else fund),
            *(tipping_text(flat.isel(at=n), axis in sweep.factors) for n in chosen),
        )
    if columns > fits:
        table.caption = f"{columns - fits} more are in the result"
    return table


ALREADY = "already at"


def tipping_text(one: xr.Dataset, factor: bool = False) -> str:
    """`0.95 (0.946 to 0.954)`, or that it is reached at the first point, or how far there is none; of a `factor` with
    the word "times"."""
    value, low, high, end = (float(one[x]) for x in ("tipping", "tipping_ci_low", "tipping_ci_high", "searched_to"))
    unit = " times" if factor else ""
    if math.isnan(end):
        return "x"
    if math.isnan(value):
        return f"none up to {end:.4g}{unit}"
    if math.isinf(low) and high <= value:
        return f"{ALREADY} {value:.4g}{unit}"
    beneath = "below" if math.isinf(low) else f"{low:.4g}"
    above = "beyond" if math.isinf(high) else f"{high:.4g}"
    return f"{value:.4g}{unit} ({beneath} to {above})"
