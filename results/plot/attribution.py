"""Where the loss of a fund comes from: a waterfall of its parts, or of the causes of its profit or loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

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

TOTAL = "total"
VARIABLES = {"parts": ("loss_part", "part"), "causes": ("contribution", "component")}
WORDS = {
    "held_still": "held still",
    "cutting": "cutting",
    "selling": "selling",
    "dip_buyers": "dip-buyers",
    "outside_shock": "outside shock",
    "own_impact": "own impact",
    "others_impact": "others' impact",
    "retail_offset": "retail offset",
    "through_loadings": "through loadings",
    "execution_shortfall": "execution shortfall",
    "rebound": "rebound",
}


@style.in_style
def attribution(
    tree: xr.DataTree,
    fund: str = labels.SYSTEM,
    slice: str = "all",
    of: Literal["parts", "causes"] = "parts",
    ax: Axes | None = None,
) -> Axes:
    """Parts of the loss of `fund`, or causes of its profit or loss, each bar from where the last ends, and their sum.

    `slice` says over which paths: "all" or the fund's own worst, as "worst_1pct". Whiskers are 95 % intervals.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is no such fund or slice, `of` is something else, or the result does not hold it.
    """
    if of not in VARIABLES:
        raise ValueError(f"no attribution of {of!r}; there are {', '.join(VARIABLES)}")
    (name, dim), table = VARIABLES[of], choice.group(tree, "attribution")
    choice.variable(table, name, [("fund", dim, "slice")])
    chosen = [choice.at(choice.at(table[v], "fund", fund), "slice", slice) for v in (name, f"{name}_se")]
    scale = labels.scale_of(table[name])
    there = [str(component) for component in table[dim].values]
    parts = [name for name in WORDS if name in there] + [name for name in there if name not in (*WORDS, TOTAL)]
    values, error = (choice.rows(one, dim, [*parts, TOTAL]) * scale.factor for one in chosen)
    start = np.concatenate([[0.0], np.cumsum(values[:-1])[:-1], [0.0]])
    end = start + values
    ax = style.new_axes(ax, height=style.rows_height(len(values), 1.3))
    places = named_rows(ax, [WORDS.get(part, part) for part in [*parts, TOTAL]])
    signed_bars(ax, places[:-1], values[:-1], start=start[:-1])
    ax.barh(places[-1:], values[-1:], 0.62, color=style.BLACK, edgecolor=style.BLACK)
    for place, at in zip(places[:-1], end[:-1], strict=True):
        ax.plot([at, at], [place, place + 1], color=style.MIDDLE, linewidth=0.8, linestyle=":")
    ax.axvline(0, color=style.DARK, linewidth=0.8)
    high = end + style.Z95 * error
    whiskers(ax, places, end, end - style.Z95 * error, high)
    right = np.maximum(start, end)
    write_values(ax, places, right, labels.numbers(values))
    finite = np.concatenate([[0.0], start[np.isfinite(start)], end[np.isfinite(end)]])
    room_for_values(ax, float(finite.min()), float(finite.max()), left=0.04)
    style.title(ax, f"{labels.name(fund)}: what made the {'loss' if of == 'parts' else 'profit or loss'}")
    ax.set_xlabel(scale.unit)
    style.caption(ax, f"{scale.heading}.", _paths(slice, of), unknown_intervals(values, high))
    return ax


def _paths(slice: str, of: str) -> str:
    paths = "detailed paths" if of == "causes" else "paths that were taken apart"
    if slice == "all":
        return f"Over all {paths}."
    share = labels.literal(slice.removeprefix("worst_").removesuffix("pct"))
    return f"Over the worst {share} % of {paths}, by its own loss."
