"""What stands on axes, read back from what was drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.container import BarContainer


def row_names(ax: Any) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def bars(ax: Any) -> dict[str, float]:
    """Length of the bar of each row, by the row's name."""
    names = row_names(ax)
    lengths = {}
    for container in ax.containers:
        if isinstance(container, BarContainer):
            for row in container.patches:
                lengths[names[round(row.get_y() + row.get_height() / 2)]] = row.get_width()
    return lengths


def whiskers(ax: Any) -> dict[str, tuple[float, float]]:
    """Ends of the error bar of each row, by the row's name."""
    ends = {}
    for collection in ax.collections:
        for (low, place), (high, _) in getattr(collection, "get_segments", list)():
            ends[row_names(ax)[round(place)]] = (low, high)
    return ends


def heights(collection: Any, at: float) -> tuple[float, float]:
    """Lower and upper edge of a band at a place of the horizontal axis."""
    corners = np.asarray(collection.get_paths()[0].vertices)
    found = corners[corners[:, 0] == at, 1]
    return float(found.min()), float(found.max())
