"""How an estimate settles as paths are added."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from stress.results.plot import style
from stress.results.plot.drawing import choice, labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@style.in_style
def convergence(tree: xr.DataTree, fund: str = labels.SYSTEM, level: float = 0.99, ax: Axes | None = None) -> Axes:
    """Expected shortfall of `fund` (its mean loss at level 0) by number of paths.

    The band is where 95 % of runs of so many paths fall, were the final estimate true: that estimate and its standard
    error over all paths, the error grown by the square root of all paths over those so far.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is no such fund, or the level was not estimated.
    """
    diagnostics, name = choice.group(tree, "diagnostics"), "es" if level else "mean_loss"
    values = choice.at(diagnostics[name], "fund", fund)
    if level:
        values = choice.at(values, "level", level)
    last = choice.estimate(tree, "es", fund, level)
    scale, paths = labels.scale_of(diagnostics[name]), int(tree.attrs["paths"])
    marks = values["checkpoint"].values.astype(np.float64)
    ax = style.new_axes(ax, height=3.4)
    every = np.unique(np.append(marks, paths))
    reach = style.Z95 * last["se"] * np.sqrt(paths / every)
    if np.isfinite(last["se"]):
        low, high = (scale.factor * (last["value"] + sign * reach) for sign in (-1, 1))
        text = "95 % of runs of so many paths"
        ax.fill_between(every, low, high, color=style.PALE, edgecolor=style.MIDDLE, linewidth=0.6, label=text)
    text = f"estimate (all paths: {scale.text(last['value'])})"
    ax.plot(
        np.append(marks, paths),
        scale.factor * np.append(values.values, last["value"]),
        color=style.BLACK,
        marker="o",
        label=text,
    )
    if len(every) == 1:
        ax.set_xticks(every)
    else:
        ax.set_xscale("log")
    ax.xaxis.set_major_formatter(_thousands)
    ax.xaxis.set_minor_formatter("")
    ax.set_xlabel("paths (log scale)" if len(every) > 1 else "paths")
    ax.set_ylabel(scale.unit)
    what = f"ES {labels.level_name(level)}" if level else "mean loss"
    style.title(ax, f"{labels.name(fund)}: {what} as paths are added")
    if not np.isfinite(last["se"]):
        style.note(ax, "No band: too few paths for a standard error.")
    style.legend(ax)
    return ax


def _thousands(paths: float, position: float) -> str:
    return f"{paths:,.0f}"
