"""A map of ES by fund and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from stress.results.dataset.compared import SYSTEM
from stress.results.plot import style
from stress.results.plot.drawing import labels
from stress.results.plot.drawing.cells import cells, texts
from stress.results.side_by_side.table import letters, level_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@style.in_style
def es_map(numbers: xr.Dataset, level: float | None = None, ax: Axes | None = None) -> Axes:
    """ES by fund (down) and run (across) of what `stress.compare` returns for three runs or more.

    Raises:
        ImportError: matplotlib is not installed.
        KeyError: no run has the level.
    """
    level = level_of(numbers) if level is None else level
    table = numbers["es"].sel(level=level).transpose("fund", "run").values * 100
    names = letters(numbers)
    width = max(style.WIDTH, 1.8 + 0.42 * len(names))
    beside = 1.2 + 0.16 * len(names)
    ax = style.new_axes(ax, height=style.rows_height(len(table), beside), width=width)
    funds = [labels.name("whole system" if fund == SYSTEM else fund) for fund in numbers["fund"].values]
    cells(ax, table, funds, names, texts(table, 1))
    ax.xaxis.tick_top()
    style.title(ax, f"ES {labels.level_name(level)}, % of start NAV")
    runs = [f"{letter}: {labels.name(str(run), 44)}" for letter, run in zip(names, numbers["run"].values, strict=True)]
    ax.set_xlabel("\n".join(runs), loc="left", fontsize=style.SMALL)
    return ax
