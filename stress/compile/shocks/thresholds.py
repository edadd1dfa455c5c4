"""Probabilities as thresholds of uniform whole numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.kernels.shocks.protocol import UNIT


def threshold(probability: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """What `Numbers.chance` is below with a probability, any shape."""
    return np.rint(np.asarray(probability, np.float64) * UNIT).astype(np.int64)
