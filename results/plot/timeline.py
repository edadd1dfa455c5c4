"""Margin calls, or any other mean, by step and fund."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from stress.results.plot import style
from stress.results.plot.drawing import choice, labels
from stress.results.plot.drawing.choice import Floats
from stress.results.plot.drawing.labels import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 5
AROUND_ONE = ("price_mean", "depth_mean", "volatility", "amplification")  # where 1 means that nothing happened
SHAPES = [("step", "fund"), ("step", "asset")]


@style.in_style
def timeline(tree: xr.DataTree, variable: str = "called_usd", ax: Axes | None = None) -> Axes:
    """A mean by step: amounts of funds as stacked bars, everything else as a line for each fund or asset.

    `variable` is one of group `timeline` by step and fund or asset. The five largest are drawn; the others are one
    part of a stack, and are counted in a note beside lines. Whiskers are 95 % intervals, in a stack of the total.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the variable is not there, or has other dimensions.
    """
    line = choice.group(tree, "timeline")
    values = choice.variable(line, variable, SHAPES)
    error = line[f"{variable}_se"] if f"{variable}_se" in line else xr.full_like(values, np.nan)
    entity = str(values.dims[1])
    has_total = labels.SYSTEM in values[entity].values.tolist()
    ax = style.new_axes(ax, height=3.9)
    scale = labels.scale_of(values)
    ax.set_xlabel("step")
    if has_total and values.attrs.get("units") == "USD" and bool((values >= 0).all() & np.isfinite(values).all()):
        total, its_error = (choice.at(table, entity, labels.SYSTEM).values for table in (values, error))
        scale = labels.scale_of(values, total)
        _stack(ax, choice.without_system(values, entity), entity, total * scale.factor, its_error * scale.factor, scale)
    else:
        _lines(ax, values, error, entity, scale)
    ax.set_ylabel(scale.unit)
    style.title(ax, scale.heading)
    style.whole_steps(ax, line["step"].values)
    return ax


def _stack(ax: Axes, values: xr.DataArray, entity: str, total: Floats, error: Floats, scale: Scale) -> None:
    steps, base = values["step"].values, np.zeros(len(total))
    shown, others = choice.largest(values, entity, MOST)
    drawn, rest = (choice.rows(values, entity, names) * scale.factor for names in (shown, others))
    parts = [(labels.name(name), heights) for name, heights in zip(shown, drawn, strict=True) if heights.any()]
    if rest.any():
        parts.append((f"{len(others)} others", rest.sum(axis=0)))
    for position, (text, heights) in enumerate(parts):
        look: dict[str, Any] = {"color": style.COLOURS[position], "hatch": style.HATCHES[position]}
        ax.bar(steps, heights, 0.7, bottom=base, edgecolor="white", linewidth=0.6, label=text, **look)
        base = base + heights
    if not parts:
        style.note(ax, "All are zero.")
        ax.set_ylim(0, 1)
        return
    if np.isfinite(error).all():
        text = "total, 95 % interval"
        ax.errorbar(steps, total, style.Z95 * error, fmt="none", ecolor=style.BLACK, capsize=3, label=text)
    style.legend(ax)


def _lines(ax: Axes, values: xr.DataArray, error: xr.DataArray, entity: str, scale: Scale) -> None:
    around = 1.0 if values.name in AROUND_ONE else 0.0
    has_system = labels.SYSTEM in values[entity].values.tolist()
    shown, others = choice.largest(choice.without_system(values, entity) - around, entity, MOST)
    looks: list[dict[str, Any]] = [
        {"color": colour, "linestyle": line, "marker": mark}
        for colour, line, mark in zip(style.COLOURS, style.LINES, style.MARKS, strict=True)
    ]
    if has_system:
        shown, looks = [labels.SYSTEM, *shown], [{"color": style.BLACK, "linewidth": 2.2}, *looks]
    lines, spreads = (choice.rows(table, entity, shown) * scale.factor for table in (values, error))
    for name, line, spread, look in zip(shown, lines, spreads, looks, strict=False):
        whiskers = np.where(np.isfinite(spread), style.Z95 * spread, 0.0)
        label = labels.name(name)
        ax.errorbar(values["step"].values, line, whiskers, capsize=2.5, elinewidth=0.9, label=label, **look)
    if others:
        nearer = "nearer to 1" if around else "smaller"
        style.note(ax, f"{len(others)} more {entity}s not shown, each {nearer}.")
    style.legend(ax)
