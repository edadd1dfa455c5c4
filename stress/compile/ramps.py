"""Piecewise linear functions as kernels take them: sums of ramps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def ramps(at: Floats, value: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Piecewise linear functions as sums of ramps.

    Args:
        at: (book, point) increasing, +inf padding.
        value: (book, point) at those points; 0 below the first, constant after the last.

    Returns:
        Start, width and slope, each (point, book, 1), and the value at the first point (book, 1).
    """
    following = np.concatenate([at[:, 1:], np.full((len(at), 1), np.inf)], axis=1)
    rise = np.concatenate([np.diff(value, axis=1), np.zeros((len(at), 1))], axis=1)
    real = np.isfinite(following)
    width = np.where(real, np.where(real, following, 0.0) - np.where(real, at, 0.0), 0.0)
    slope = np.where(width > 0, rise / np.where(width > 0, width, 1.0), 0.0)
    first = np.where(np.isfinite(at[:, 0]), value[:, 0], 0.0)
    return at.T[:, :, None], width.T[:, :, None], slope.T[:, :, None], first[:, None]
