"""Losses of prime brokers on funds in default."""

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
from stress.results.terminal.picture import reference_level

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 25


@style.in_style
def brokers(tree: xr.DataTree, ax: Axes | None = None) -> Axes:
    """Expected shortfall (bar, at the level next to 99 %) and mean (diamond) of the loss of each prime broker.

    Whiskers are 95 % intervals; beside the bar stands how likely a loss is.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the scenario has no prime brokers.
    """
    summary = choice.group(tree, "summary")
    if "broker_loss_es" not in summary:
        raise ValueError("the scenario has no prime brokers")
    level = reference_level(tree)
    tail = {
        suffix: choice.at(summary[f"broker_loss_es{suffix}"], "level", level) for suffix in ("", "_ci_low", "_ci_high")
    }
    shown, others = choice.largest(tail[""], "prime_broker", MOST)
    scale = labels.scale_of(summary["broker_loss_es"], tail["_ci_high"])

    def by_row(values: xr.DataArray, factor: float = scale.factor) -> choice.Floats:
        return choice.rows(values, "prime_broker", shown) * factor

    ax = style.new_axes(ax, height=style.rows_height(len(shown), 1.5))
    places = named_rows(ax, shown)
    value, low, high = (by_row(one) for one in tail.values())
    mean, likely = by_row(summary["broker_loss_mean"]), by_row(summary["broker_loss_prob"], 1.0)
    lost = mean != 0
    ax.barh(places, value, 0.62, color=style.LIGHT, edgecolor=style.DARK)
    whiskers(ax, places, value, low, high)
    if lost.any():  # a line without points would still take part in the layout, in the corner of the figure
        ax.plot(mean[lost], places[lost], linestyle="none", marker="D", markersize=5, color=style.BLACK, clip_on=False)
    ends = reach(value, high)
    said = [f"{labels.number(100 * one, 2)} % of paths" if one else "no loss" for one in likely]
    write_values(ax, places, ends, said)
    room_for_values(ax, 0.0, float(ends[np.isfinite(ends)].max(initial=0.0)), right=0.6)
    style.title(ax, "Losses of prime brokers on funds in default")
    ax.set_xlabel(f"loss, {scale.unit}")
    key = f"Bar: ES {labels.level_name(level)}; diamond: mean. In words: how many paths bring a loss."
    if not likely.any():
        limit = labels.number(100 * float(summary["broker_loss_prob_ci_high"].max()), 2)
        key = f"None loses on any path; with 95 % confidence on less than {limit} % of them."
        ax.set_xticks([0.0])
    style.caption(ax, key, style.left_out(others, "prime brokers"), unknown_intervals(value, high))
    return ax
