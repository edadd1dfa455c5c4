"""The moves of a shock as a map: assets down, steps across."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from stress.results.answers.reverse.dataset import GROUP
from stress.results.answers.reverse.table import leading, whole_move
from stress.results.plot import style
from stress.results.plot.drawing import choice, labels
from stress.results.plot.drawing.cells import cells, texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ASSETS = 12
MOST_STEPS = 11  # beside which there is room for all steps together


@style.in_style
def reverse(tree: xr.DataTree, answer: int = 1, assets: int = MOST_ASSETS, ax: Axes | None = None) -> Axes:
    """Moves from outside of one shock by asset and step, %; the assets that make most of the loss, in that order.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is no such shock, or the result is no answer of `reverse`.
    """
    choice.group(tree, GROUP)
    table = tree[GROUP].to_dataset()
    moves = choice.at(table["move"], "answer", answer)
    order = leading(table, answer)[: max(assets, 1)]
    shown = moves.sel(asset=order).transpose("asset", "step")
    values, columns = 100.0 * shown.values, [str(step) for step in shown["step"].values]
    if len(columns) <= MOST_STEPS and len(columns) > 1:
        whole = [[100.0 * whole_move(moves.sel(asset=name))] for name in order]
        values, columns = np.concatenate([values, whole], axis=1), [*columns, "all"]
    ax = style.new_axes(ax, height=style.rows_height(len(order), 1.4))
    between = -(-len(columns) // 12)
    names = [name if place % between == 0 else "" for place, name in enumerate(columns)]
    crosses = cells(ax, values, [labels.name(name) for name in order], names, texts(values), signed=True)
    style.title(ax, f"Shock {answer} for {labels.literal(str(tree.attrs['event']))}: moves, %")
    ax.set_xlabel("step")
    left = table.sizes["asset"] - len(order)
    style.caption(
        ax,
        "From outside, without sales; first the assets that make most of the loss.",
        f"Not drawn: {left} other assets." if left > 0 else "",
        "Crosses: rises." if crosses else "",
    )
    return ax
