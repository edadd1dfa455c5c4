"""How much funds hold in common at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from stress.results.plot import style
from stress.results.plot.drawing import choice, labels
from stress.results.plot.drawing.cells import cells, texts
from stress.results.plot.drawing.choice import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 16


@style.in_style
def crowding(tree: xr.DataTree, ax: Axes | None = None) -> Axes:
    """Map of the start books: below the diagonal their cosine, above it what one loses when the other sells all.

    Funds with similar books stand side by side (average linkage of 1 less the cosine, in optimal order). The two have
    colours of their own; above the diagonal the shade is relative to the largest amount there.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the result has no group `start`.
    """
    start = choice.group(tree, "start")
    held, others = choice.largest(start["position_usd"], "fund_type", MOST)
    ax = style.new_axes(ax, height=1.9 + max(0.27 * len(held), 1.0))
    if len(held) < 2:
        style.title(ax, "Crowding of the start books")
        style.nothing(ax, "A single fund type: none to overlap with.")
        return ax
    held = sorted(held)
    cosine, loss = (_matrix(start[name], held) for name in ("overlap", "liquidity_overlap_usd"))
    order = _side_by_side(cosine)
    held = [held[i] for i in order]
    cosine, loss = cosine[np.ix_(order, order)], loss[np.ix_(order, order)]
    above = np.triu(np.ones(cosine.shape, bool), 1)
    amounts = np.abs(loss[above & np.isfinite(loss)])
    scale = labels.scale_of(start["liquidity_overlap_usd"], amounts)
    cosine, loss = np.where(above.T, cosine, np.nan), np.where(above, loss, np.nan)
    shade = loss / (amounts.max(initial=0.0) or 1.0)
    names = [labels.name(name) for name in held]
    columns = [labels.name(name, 14) for name in held]
    cells(ax, cosine, names, columns, texts(cosine, 2))
    cells(ax, shade, names, columns, texts(loss * scale.factor), colours=style.OTHER_COLOUR_MAPS)
    ax.tick_params(axis="x", labelrotation=90)
    style.title(ax, "Crowding of the start books", f"◣ cosine    ◥ loss if the other sells, {scale.unit}")
    cosine_of = labels.scale_of(start["overlap"]).what
    style.caption(
        ax,
        f"Below the diagonal: {cosine_of}. Above it, in {scale.unit}: {scale.what} (shade: relative to the largest).",
        style.left_out(others, "fund types"),
    )
    return ax


def _matrix(values: xr.DataArray, types: list[str]) -> Floats:
    """`values` (fund type, other fund type) for `types`, in their order."""
    ascending = sorted(str(label) for label in values["with_type"].values.tolist())  # as `choice.group` leaves them
    return choice.rows(values, "fund_type", types)[:, [ascending.index(name) for name in types]]


def _side_by_side(cosine: Floats) -> list[int]:
    """An order in which neighbours are alike."""
    if len(cosine) < 3:
        return list(range(len(cosine)))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    apart = 1 - np.nan_to_num(cosine)
    apart = np.clip((apart + apart.T) / 2, 0, None)
    np.fill_diagonal(apart, 0.0)
    return [int(i) for i in leaves_list(linkage(squareform(apart, checks=False), "average", optimal_ordering=True))]
