"""The waterfall of an ablation: from the scenario without its mechanisms up to the whole one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from stress.results.answers.ablation.table import GROUP, SYSTEM, figures_of
from stress.results.answers.ablation.words import BASE
from stress.results.answers.world import BY_FUND, BY_LEVEL
from stress.results.plot import style
from stress.results.plot.drawing import choice, labels
from stress.results.plot.drawing.bars import (
    named_rows,
    room_for_values,
    signed_bars,
    unknown_intervals,
    whiskers,
    write_values,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOSTLY_BASE = 0.7  # of the largest: stages that are all beyond it are drawn from a cut axis
NAMES = {
    "var": "VaR",
    "es": "ES",
    "trough_var": "VaR of the trough",
    "trough_es": "ES of the trough",
    "mean_loss": "mean loss",
    "called_nav_share": "NAV called",
    "prob_default": "probability of default",
    "expected_forced_sales_usd": "expected forced sales",
}


@style.in_style
def ablation(
    tree: xr.DataTree, fund: str = SYSTEM, figure: str = "es", level: float | None = None, ax: Axes | None = None
) -> Axes:
    """A waterfall of a figure of `fund`: without the mechanisms, what each adds in sequence, everything on.

    Whiskers are 95 % intervals, of steps those of the differences path by path. Default level: that next to 99 %.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is no such fund, figure or level, or the result is no ablation.
    """
    group = choice.group(tree, GROUP)
    if figure not in (*BY_LEVEL, *BY_FUND):
        raise ValueError(f"no figure {figure!r}; there are {', '.join((*BY_LEVEL, *BY_FUND))}")
    figures = figures_of(tree)
    if level is not None:
        choice.at(group["es_full"], "level", level)
        figures = figures._replace(level=level)
    choice.at(group["mean_loss_full"], "fund", fund)
    stages = [BASE, *figures.mechanisms]
    rows = [figures.at(figure, "stage", fund, stage=BASE)]
    rows += [figures.at(figure, "step", fund, stage=name) for name in figures.mechanisms]
    rows.append(figures.at(figure, "full", fund))
    unit, factor = figures.unit(figure, ("stage",))
    values, errors = (np.array([row[i] for row in rows]) * factor for i in (0, 1))
    reached = np.array([figures.at(figure, "stage", fund, stage=name)[0] for name in stages]) * factor
    start = np.concatenate([[0.0], reached[:-1], [0.0]])
    end = np.concatenate([reached, values[-1:]])
    ax = style.new_axes(ax, height=style.rows_height(len(values), 1.5))
    plus = [figures.label(BASE), *(f"+ {figures.label(name)}" for name in figures.mechanisms), "everything on"]
    places = named_rows(ax, plus)
    whole = np.array([True, *(False for _ in figures.mechanisms), True])
    ax.barh(places[whole], end[whole], 0.62, color=(style.MIDDLE, style.BLACK), edgecolor=style.BLACK)
    signed_bars(ax, places[~whole], values[~whole], start=start[~whole])
    for place, at in zip(places[:-1], end[:-1], strict=True):
        ax.plot([at, at], [place, place + 1], color=style.MIDDLE, linewidth=0.8, linestyle=":")
    high = end + style.Z95 * errors
    whiskers(ax, places, end, end - style.Z95 * errors, high)
    written = labels.numbers(values)
    signs = [text if whole[i] or values[i] <= 0 else f"+{text}" for i, text in enumerate(written)]
    write_values(ax, places, np.fmax(np.fmax(start, end), np.where(np.isfinite(high), high, end)), signs)
    finite = end[np.isfinite(end)]
    lowest, highest = float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    cut = lowest > MOSTLY_BASE * highest > 0
    first = lowest - (highest - lowest) if cut else min(lowest, 0.0)
    room_for_values(ax, first, max(highest, 0.0), left=0.0 if cut else 0.02)
    at = f" {labels.level_name(figures.level)}" if figure in BY_LEVEL else ""
    style.title(ax, f"{labels.name(fund)}: what makes the {NAMES[figure]}{at}")
    share = "" if figure.endswith("_usd") or figure == "prob_default" else " of start NAV"
    ax.set_xlabel(f"{unit}{share}")
    cuts = "The axis does not begin at zero." if cut else ""
    missing = "Without a bar: not known." if np.isnan(values).any() else ""
    style.caption(
        ax, "Each mechanism on top of those above it, same draws.", cuts, missing, unknown_intervals(values, high)
    )
    return ax
