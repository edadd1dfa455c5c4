"""What funds or assets contribute to the expected shortfall of the system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 20
NAMES = {"fund": "es_contribution", "asset": "es_contribution_by_asset"}


@style.in_style
def contributions(
    tree: xr.DataTree, by: Literal["fund", "asset"] = "fund", level: float = 0.99, ax: Axes | None = None
) -> Axes:
    """Euler contributions to the system's ES, the largest first: with those of the others they sum to it.

    Hatched bars make the system's ES smaller. Whiskers are 95 % intervals.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the level was not estimated, or the result holds no such contributions.
    """
    if by not in NAMES:
        raise ValueError(f"no contributions by {by!r}; there are {', '.join(NAMES)}")
    table = choice.group(tree, "contributions")
    dims = (by, "level")
    every = choice.variable(table, NAMES[by], [dims])
    values, error = choice.at(every, "level", level), choice.at(table[f"{NAMES[by]}_se"], "level", level)
    scale = labels.scale_of(every)
    shown, others = choice.largest(values, by, MOST)
    amount, spread = (choice.rows(one, by, shown) * scale.factor for one in (values, error))
    rows = list(shown)
    if others:
        rows.append(f"{len(others)} others")
        amount = np.append(amount, scale.factor * choice.rows(values, by, others).sum())
        spread = np.append(spread, np.nan)
    ax = style.new_axes(ax, height=style.rows_height(len(rows), 1.5))
    places = named_rows(ax, rows)
    for chosen, colour, hatch in ((amount >= 0, style.LOSS, ""), (amount < 0, style.GAIN, "////")):
        ax.barh(places[chosen], amount[chosen], 0.62, color=colour, hatch=hatch, edgecolor=style.DARK)
    low, high = amount - style.Z95 * spread, amount + style.Z95 * spread
    whiskers(ax, places, amount, low, high)
    ax.axvline(0, color=style.DARK, linewidth=0.8)
    write_values(ax, places, np.fmax(reach(amount, high), 0), labels.numbers(amount))
    finite = np.concatenate([[0.0], amount[np.isfinite(amount)], high[np.isfinite(high)], low[np.isfinite(low)]])
    room_for_values(ax, float(finite.min()), float(finite.max()), left=0.04)
    whole = choice.estimate(tree, "es", labels.SYSTEM, level)["value"]
    style.title(ax, f"What the system's ES {labels.level_name(level)} of {labels.percent(whole, 2)} is made of")
    ax.set_xlabel(scale.unit)
    style.caption(ax, f"{scale.heading}.", unknown_intervals(amount, high))
    return ax
