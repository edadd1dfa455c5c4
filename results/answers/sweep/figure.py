"""A figure of a sweep: a line with its interval along one axis, a map of two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from stress.results.answers.sweep.dataset import GROUP, SYSTEM
from stress.results.answers.sweep.table import HEADINGS, Shown, shown_of, unit_of, value_text
from stress.results.plot import style
from stress.results.plot.drawing import choice, labels
from stress.results.plot.drawing.cells import cells, texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCREENED = "Screened: sales of the worst paths, and of one in 32 others."


@style.in_style
def sweep(
    tree: xr.DataTree,
    fund: str = SYSTEM,
    figure: str = "es",
    at: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A figure of `fund` over the first two axes of a sweep, or the only one; further axes at values `at`, by name.

    Infeasible points are hatched, or missing from a line; bands are 95 % intervals. ES at the level next to 99 %.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is no such fund, figure or value, the points are no grid, or the result is no sweep.
    """
    choice.group(tree, GROUP)
    shown, where = shown_of(tree), dict(at or {})
    if figure not in HEADINGS:
        raise ValueError(f"no figure {figure!r}; there are {', '.join(HEADINGS)}")
    if fund != SYSTEM:
        choice.at(shown.table["var"], "fund", fund)
    values, errors = shown.figure(figure, fund), shown.figure(figure, fund, "_se")
    if "point" in values.dims:
        raise ValueError("the points of a Latin hypercube are no grid: plot the dataset")
    further = shown.axes[2:]
    for axis in further:
        if axis not in where:
            raise ValueError(f"say at which {axis}: {', '.join(map(value_text, values[axis].values))}")
    for axis, value in where.items():
        if axis not in values.dims:
            raise ValueError(f"no axis {axis!r}; there are {', '.join(shown.axes)}")
        values, errors = choice.at(values, axis, value), choice.at(errors, axis, value)
    unit, factor = unit_of(shown, figure, fund)
    places = "".join(f", {axis} {value_text(value)}" for axis, value in where.items())
    heading = f"{labels.name(fund)}: {shown.heading(figure)}, {unit}{places}"
    left = [axis for axis in shown.axes if axis in values.dims]
    if len(left) == 1:
        return _line(values * factor, errors * factor, left[0], heading, shown, ax)
    return _map(values.transpose(*left) * factor, heading, left, shown, ax)


def _line(values: xr.DataArray, errors: xr.DataArray, axis: str, heading: str, shown: Shown, ax: Axes | None) -> Axes:
    ax = style.new_axes(ax)
    style.title(ax, heading)
    numeric = values[axis].dtype.kind == "f"
    x = values[axis].values if numeric else np.arange(values.sizes[axis])
    spread = style.Z95 * errors.values
    ax.fill_between(x, values.values - spread, values.values + spread, color=style.COLOURS[-1], linewidth=0)
    ax.plot(x, values.values, color=style.BLACK, marker="o", markersize=3)
    if not numeric:
        ax.set_xticks(x, [labels.name(value) for value in values[axis].values])
    ax.set_xlabel(labels.literal(shown.axis_name(axis)))
    missing = int(np.isnan(values.values).sum())
    left_out = f"Left out, as it cannot start: {missing} of {values.size} points." if missing else ""
    style.caption(ax, _sentences(left_out, SCREENED if shown.screened else ""))
    return ax


def _map(values: xr.DataArray, heading: str, axes: list[str], shown: Shown, ax: Axes | None) -> Axes:
    down, across = axes
    table = values.values
    rows, columns = ([value_text(value) for value in values[axis].values] for axis in (down, across))
    ax = style.new_axes(ax, height=style.rows_height(len(rows), 1.4))
    style.title(ax, heading)
    between = -(-len(columns) // 12)
    names = [name if place % between == 0 else "" for place, name in enumerate(columns)]
    cells(ax, table, rows, names, texts(table))
    for row, column in np.argwhere(np.isnan(table)):
        ax.fill_between(
            [column - 0.5, column + 0.5],
            row - 0.5,
            row + 0.5,
            facecolor="white",
            edgecolor=style.MIDDLE,
            hatch="///",
            linewidth=0,
        )
    ax.set_xlabel(labels.literal(shown.axis_name(across)))
    ax.set_ylabel(labels.literal(shown.axis_name(down)))
    hatched = "Hatched: cannot start." if np.isnan(table).any() else ""
    style.caption(ax, _sentences(hatched, SCREENED if shown.screened else ""))
    return ax


def _sentences(*texts: str) -> str:
    return " ".join(text for text in texts if text)
