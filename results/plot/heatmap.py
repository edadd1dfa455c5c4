"""Who, or what, is sold in which step: a map of steps by asset or fund."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import xarray as xr

from stress.results.plot import style
from stress.results.plot.drawing import choice, labels
from stress.results.plot.drawing.cells import cells, texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 25
SIGNED = ("forced_flow_usd", "fund_loss", "fund_loss_static", "added_loss", "added_loss_usd")  # of either sign
MOST_STEPS = 15  # with more, not every step has its number
SHAPES = [("step", "asset"), ("step", "fund")]
REGIONS = {"asset": "asset_region", "fund": "fund_region"}


@style.in_style
def heatmap(tree: xr.DataTree, variable: str = "forced_flow_usd", ax: Axes | None = None) -> Axes:
    """A mean of group `timeline` by step (across) and asset or fund (down), by region, the largest first in each.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the variable is not there, or has other dimensions.
    """
    line = choice.group(tree, "timeline")
    values = choice.variable(line, variable, SHAPES)
    entity = str(values.dims[1])
    values = choice.without_system(values, entity)
    shown, others = choice.largest(values, entity, MOST)
    every = [*shown, *others]
    still = [name for name, row in zip(every, choice.rows(values, entity, every), strict=True) if not row.any()]
    shown, others = ([name for name in names if name not in still] for names in (shown, others))
    region = _regions(values, entity)
    shown = sorted(shown, key=lambda name: region[name])  # stable: the largest first within a region
    scale = labels.scale_of(values)
    table = choice.rows(values, entity, shown) * scale.factor
    ax = style.new_axes(ax, height=style.rows_height(len(shown), 1.4))
    style.title(ax, f"{scale.heading}, {scale.unit}".removesuffix(", "))
    if not shown:
        style.nothing(ax, f"Zero for every {entity} in every step.")
        return ax
    steps = [str(step) for step in values["step"].values]
    between = -(-len(steps) // MOST_STEPS)
    crossed = cells(
        ax,
        table,
        [labels.name(name) for name in shown],
        [step if place % between == 0 else "" for place, step in enumerate(steps)],
        texts(table),
        signed=variable in SIGNED,
    )
    _mark_regions(ax, [region[name] for name in shown])
    ax.set_xlabel("step")
    zero = f"{len(still)} {entity}s with zero in every step." if still else ""
    crosses = "A cross marks values above zero." if crossed else ""
    style.caption(ax, crosses, style.left_out(others, f"{entity}s"), zero)
    return ax


def _regions(values: xr.DataArray, entity: str) -> dict[str, str]:
    names = [str(name) for name in values[entity].values]
    if REGIONS[entity] not in values.coords:
        return dict.fromkeys(names, "")
    return dict(zip(names, map(str, values[REGIONS[entity]].values), strict=True))


def _mark_regions(ax: Axes, regions: list[str]) -> None:
    """A line between regions, and their names on the right."""
    if len(set(regions)) < 2:
        return
    first = 0
    for region, members in groupby(regions):
        many = len(list(members))
        text = labels.name(region, 12)
        ax.text(
            1.01, first, text, transform=ax.get_yaxis_transform(), va="center", fontsize=style.SMALL, style="italic"
        )
        first += many
        if first < len(regions):
            ax.axhline(first - 0.5, color=style.BLACK, linewidth=1.0)
