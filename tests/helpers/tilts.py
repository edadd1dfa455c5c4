"""Mixtures for tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.engine.weighted.mixture import Mixture, Shifts


def shares(steps: int, large: float, wide: float) -> npt.NDArray[np.float64]:
    """So much with a large shock, and with a large scale, at one step, whichever; the rest of every step."""
    return np.repeat([1 - large - wide, large / steps, wide / steps], [1, steps, steps])


def some_mixture(rows: int, steps: int, seed: int = 6) -> Mixture:
    """Moderate shifts by chance, the last row making common scales."""
    rng = np.random.default_rng(seed)
    every, once, others, scale = rng.normal(0.0, 0.5, (4, rows))
    scale[:-1] = 0.0
    course, beside = rng.uniform(0.3, 1.2, (2, steps))
    return Mixture.of_shares(Shifts(every, course, once, others, beside, scale), shares(steps, 0.4, 0.3))
