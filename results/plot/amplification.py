"""How much calls, sales and impact add to the tail of each fund."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from stress.results.plot import style
from stress.results.plot.drawing import choice, labels
from stress.results.plot.drawing.bars import (
    named_rows,
    reach,
    room_for_values,
    unknown_intervals,
    whiskers,
    write_values,
)
from stress.results.terminal.cells import decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 25
WIDE = 4.0  # largest over smallest ratio from which on the axis is logarithmic


@style.in_style
def amplification(tree: xr.DataTree, level: float = 0.99, ax: Axes | None = None) -> Axes:
    """ES over the ES of the start book held still, by fund, the largest first and the whole system below them.

    Whiskers are 95 % intervals. Below stand the funds without a ratio: held still, they lose next to nothing.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the level was not estimated.
    """
    table = choice.group(tree, "summary")
    values = choice.at(table["amplification"], "level", level)
    there = values.isel(fund=np.flatnonzero(np.isfinite(values.values)))
    shown, others = choice.largest(there, "fund", MOST)
    missing = [str(fund) for fund in values["fund"].values if str(fund) not in {*shown, *others}]
    rows = [*shown, labels.SYSTEM]
    value, low, high, error = (
        np.append(
            choice.rows(choice.at(table[f"amplification{suffix}"], "level", level), "fund", shown),
            float(choice.at(table[f"system_amplification{suffix}"], "level", level)),
        )
        for suffix in ("", "_ci_low", "_ci_high", "_se")
    )
    ax = style.new_axes(ax, height=style.rows_height(len(rows), 1.5))
    places = named_rows(ax, rows)
    ax.axvline(1, color=style.DARK, linewidth=0.9, linestyle="--")
    for place, end in zip(places, value, strict=True):
        ax.plot([1, end], [place, place], color=style.LIGHT, linewidth=1.0, zorder=1)
    whiskers(ax, places, value, low, high)
    ax.plot(value[:-1], places[:-1], linestyle="none", marker="o", markersize=6, color=style.LOSS)
    ax.plot(value[-1:], places[-1:], linestyle="none", marker="D", markersize=6, color=style.BLACK)
    ends = np.where(np.isfinite(value), reach(value, high), 1.0)
    write_values(ax, places, ends, [_text(*pair) for pair in zip(value, error, strict=True)])
    finite = np.concatenate([[1.0], value[np.isfinite(value)], high[np.isfinite(high)]])
    _limits(ax, float(finite.min()), float(finite.max()))
    style.title(
        ax, f"Amplification of the ES {labels.level_name(level)}" if level else "Amplification of the mean loss"
    )
    scale = labels.scale_of(table["amplification"])
    unknown = (
        f"No ratio, held still they lose next to nothing: {', '.join(map(labels.name, missing))}." if missing else ""
    )
    ax.set_xlabel("ratio (log scale)" if ax.get_xscale() == "log" else "ratio")
    style.caption(ax, f"{scale.heading}.", style.left_out(others, "funds"), unknown, unknown_intervals(value, high))
    return ax


def _text(value: float, error: float) -> str:
    """The ratio with as many decimals as the first two digits of its error deserve, at most 3."""
    return labels.fixed(value, decimals(value, error, 3))


def _limits(ax: Axes, low: float, high: float) -> None:
    """Room for the numbers; a logarithmic axis where one fund would squeeze the others together."""
    if low <= 0 or high / low < WIDE:
        room_for_values(ax, low, high, left=0.04)
        return
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

    ax.set_xscale("log")
    width = high / low
    ax.set_xlim(low / width**0.04, high * width**0.3)
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if width < 100 else (1.0,)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
