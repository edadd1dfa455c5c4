"""Rows with a name each: what bars, dots and waterfalls of funds, assets and brokers stand on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from stress.results.plot import style
from stress.results.plot.drawing import labels
from stress.results.plot.drawing.choice import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def named_rows(ax: Axes, names: Sequence[str]) -> Floats:
    """Name the rows of `ax` from the top down, and give their places."""
    places = np.arange(len(names), dtype=np.float64)
    ax.set_yticks(places, [labels.name(name) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(names) - 0.4, -0.6)
    return places


def signed_bars(ax: Axes, places: Floats, values: Floats, height: float = 0.62, start: Floats | None = None) -> None:
    """Bars from `start` (zero) by `values`: dark and plain below zero, light and hatched above it; finite ones only."""
    base = np.zeros_like(values) if start is None else start
    values = np.where(np.isfinite(base + values), values, np.nan)  # an endless bar has no place: its number says so
    for chosen, colour, hatch in ((values < 0, style.LOSS, ""), (values >= 0, style.GAIN, "////")):
        if chosen.any():
            ax.barh(
                places[chosen],
                values[chosen],
                height,
                left=base[chosen],
                color=colour,
                hatch=hatch,
                edgecolor=style.DARK,
            )


def whiskers(ax: Axes, places: Floats, values: Floats, low: Floats, high: Floats) -> None:
    """95 % intervals on the rows; none where an end is not finite."""
    known = np.isfinite(values) & np.isfinite(low) & np.isfinite(high)
    if known.any():
        reach = np.abs([values[known] - low[known], high[known] - values[known]])
        ax.errorbar(
            values[known],
            places[known],
            xerr=reach,
            fmt="none",
            ecolor=style.BLACK,
            elinewidth=1.0,
            capsize=2.5,
        )


def reach(values: Floats, high: Floats) -> Floats:
    """Where bars and their whiskers end on the right; a whisker that is not finite is not drawn."""
    return np.where(np.isfinite(high), np.fmax(values, high), values)


def unknown_intervals(values: Floats, high: Floats) -> str:
    """What to say where a number has no whisker; empty where all have one."""
    missing = (np.isfinite(values) & (values != 0) & np.isinf(high)).any()
    return "Without a whisker: too few paths for an interval." if missing else ""


def write_values(ax: Axes, places: Floats, ends: Floats, texts: Sequence[str]) -> None:
    """A number to the right of the end of each bar."""
    for place, end, text in zip(places, ends, texts, strict=True):
        ax.annotate(
            text,
            (end if np.isfinite(end) else 0.0, place),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL,
        )


def room_for_values(ax: Axes, low: float, high: float, left: float = 0.0, right: float = 0.3) -> None:
    """Limits of the horizontal axis with `left` and `right` of the width from `low` to `high` added for numbers."""
    width = high - low if np.isfinite(high - low) and high > low else 1.0
    low = low if np.isfinite(low) else 0.0
    ax.set_xlim(low - left * width, low + width * (1 + right))
    few_ticks(ax)


def few_ticks(ax: Axes) -> None:
    """So few numbers on the horizontal axis that they stand apart."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
