"""The curve of rare losses: how probable a larger one is, down to what a plain run of as many paths would not see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from stress.results.answers.rare.beside import as_answer
from stress.results.answers.rare.dataset import GROUP
from stress.results.plot import style
from stress.results.plot.drawing import choice, labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@style.in_style
def rare(tree: xr.DataTree, ax: Axes | None = None) -> Axes:
    """Probability of a larger loss, with its 95 % interval, on a logarithmic axis; a dotted line at ten plain paths.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the result is no answer about rare losses, nor a run with paths that serve a question.
    """
    choice.group(tree, GROUP)
    beside = as_answer(tree)
    if beside is not None:
        tree = beside
    elif "loss" not in tree[GROUP].coords:
        raise ValueError("the paths of this run are all plain: there are none that serve a question")
    data = tree[GROUP].to_dataset()
    x = 100 * data["loss"].values
    value, low, high = (data[f"prob_loss_over{suffix}"].values for suffix in ("", "_ci_low", "_ci_high"))
    drawn = value > 0
    ax = style.new_axes(ax)
    who = str(tree.attrs["who"])
    style.title(ax, f"{labels.name(who)}: probability of a larger loss")
    floor = np.where(low > 0, low, value / 10)
    ax.fill_between(x[drawn], floor[drawn], high[drawn], color=style.COLOURS[-1], linewidth=0)
    ax.plot(x[drawn], value[drawn], color=style.BLACK)
    ax.set_yscale("log")
    few = 10.0 / int(tree.attrs["paths"])
    if drawn.any() and value[drawn].min() < few:
        ax.axhline(few, color=style.MIDDLE, linestyle=":", linewidth=0.8)
        style.caption(ax, "Dotted: ten paths of a plain run of as many paths.")
    ax.set_xlabel("loss, % of start NAV")
    return ax
