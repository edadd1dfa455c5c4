"""Forced sales and purchases by asset or by region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from stress.results.plot import style
from stress.results.plot.drawing import choice, labels
from stress.results.plot.drawing.bars import few_ticks, named_rows, signed_bars, whiskers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 20
REGION = "asset_region"


@style.in_style
def sales(tree: xr.DataTree, by: Literal["asset", "region"] = "asset", ax: Axes | None = None) -> Axes:
    """Mean forced sales (left) and purchases (right) by asset or by the region of the assets, most traded first.

    A step counts as sale or purchase of an asset by the sign of its mean flow, all funds together; a diamond is the
    difference over all steps. Whiskers are 95 % intervals as if the errors of steps and assets added up: at most that.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: `by` is something else, or the result does not say where its assets are.
    """
    line = choice.group(tree, "timeline")
    flow = choice.variable(line, "forced_flow_usd", [("step", "asset")])
    error = line["forced_flow_usd_se"]
    if by not in ("asset", "region"):
        raise ValueError(f"no sales by {by!r}; there are asset, region")
    if by == "region" and REGION not in line.coords:
        raise ValueError(
            f"the result has no coordinate {REGION!r}: it was written before regions were kept; run it again"
        )
    sides = {}
    for side, chosen in {"sold": flow < 0, "bought": flow > 0}.items():
        parts = [part.where(chosen | flow.isnull(), 0.0).sum("step", skipna=False) for part in (flow, error)]
        sides[side] = [part.groupby(REGION).sum(skipna=False) if by == "region" else part for part in parts]
    dim = REGION if by == "region" else "asset"
    turnover = sides["bought"][0] - sides["sold"][0]
    shown, others = choice.largest(turnover, dim, MOST)
    every = [*shown, *others]
    untraded = [name for name, traded in zip(every, choice.rows(turnover, dim, every), strict=True) if traded == 0]
    shown, others = ([name for name in names if name not in untraded] for names in (shown, others))
    scale = labels.scale_of(flow, turnover)
    ax = style.new_axes(ax, height=style.rows_height(len(shown), 1.5))
    style.title(ax, f"Forced sales (left) and purchases (right) by {by}")
    if not shown:
        style.nothing(ax, "No forced sales or purchases on any of the detailed paths.")
        return ax
    places = named_rows(ax, shown)
    net = np.zeros(len(shown))
    for values, spread in sides.values():
        amount, reach = (choice.rows(one, dim, shown) * scale.factor for one in (values, spread))
        traded = amount != 0
        signed_bars(ax, places[traded], amount[traded])
        low, high = (amount + sign * style.Z95 * reach for sign in (-1, 1))
        whiskers(ax, places[traded], amount[traded], low[traded], high[traded])
        net += amount
    ax.plot(net, places, linestyle="none", marker="D", markersize=4, color="white", markeredgecolor=style.BLACK)
    ax.axvline(0, color=style.DARK, linewidth=0.8)
    few_ticks(ax)
    ax.set_xlabel(scale.unit)
    left_out = [style.left_out(others, f"{by}s"), f"{len(untraded)} {by}s not traded." if untraded else ""]
    style.caption(ax, f"{scale.heading}, summed over steps. Diamond: purchases less sales.", *left_out)
    return ax
