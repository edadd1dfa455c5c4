"""A table as coloured cells, the numbers written in them where they fit; legible in grey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from stress.results.plot import style
from stress.results.plot.drawing import labels
from stress.results.plot.drawing.choice import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

MOST_WRITTEN = 12  # columns
MIDDLE_LUMINANCE = 0.18  # white and black letters are equally legible


def cells(
    ax: Axes,
    values: Floats,
    rows: Sequence[str],
    columns: Sequence[str],
    written: Sequence[Sequence[str]],
    signed: bool = False,
    colours: tuple[str, str] = style.COLOUR_MAPS,
) -> bool:
    """Draw `values` (row, column) and name the axes; NaN stays white.

    Colours are two-sided around zero when values below it occur or could (`signed`), so that a sign has the same colour
    in every map; else ever darker. `colours` are the two colour maps.

    Up to 12 columns the texts `written` (row, column) stand in the cells. With more, a cross marks positive values
    where both signs occur, because without colour only sizes can be told apart.

    Returns:
        whether there are such crosses.
    """
    finite = values[np.isfinite(values)]
    largest = float(np.abs(finite).max(initial=0.0)) or 1.0
    values = np.clip(values, -largest, largest)
    low, high = (-largest if (finite < 0).any() else 0.0), (largest if (finite > 0).any() else 0.0)
    both = low < 0 < high
    two_sided = signed or low < 0
    if two_sided:
        low, high = -largest, largest
    elif high == 0:
        high = 1.0
    right, down = np.arange(len(columns) + 1) - 0.5, np.arange(len(rows) + 1) - 0.5
    mesh = ax.pcolormesh(
        right, down, values, cmap=colours[two_sided], vmin=low, vmax=high, edgecolors="white", linewidth=1.0
    )
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_xticks(range(len(columns)), columns)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if len(columns) <= MOST_WRITTEN:
        _write(ax, mesh, values, written)
    elif both:
        row, column = np.nonzero(values > 0)
        ax.plot(column, row, linestyle="none", marker="+", markersize=3.5, markeredgewidth=0.7, color=style.BLACK)
        return True
    return False


def texts(values: Floats, decimals: int | None = None) -> list[list[str]]:
    """The numbers of a table (row, column), all with the same decimals; nothing for NaN.

    By default with three significant digits of the largest, two of them decimals at most.
    """
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    if decimals is None:
        decimals = 2 if largest == 0 else int(np.clip(2 - np.floor(np.log10(largest)), 0, 2))
    return [["" if np.isnan(value) else labels.fixed(float(value), decimals) for value in row] for row in values]


def _write(ax: Axes, mesh: QuadMesh, values: Floats, written: Sequence[Sequence[str]]) -> None:
    linear = mesh.to_rgba(np.nan_to_num(values))[..., :3] ** 2.2
    dark = linear @ np.array([0.2126, 0.7152, 0.0722]) < MIDDLE_LUMINANCE
    for (row, column), is_dark in np.ndenumerate(dark):
        colour = "white" if is_dark and not np.isnan(values[row, column]) else style.BLACK
        ax.text(column, row, written[row][column], ha="center", va="center", fontsize=8, color=colour)
