"""The P&L attribution test of the market-risk rules (FRTB): does the P&L of a mapping follow that of the book?

Basel Committee, MAR32.22-32.36 (2019): over 250 days, the Spearman rank correlation of risk-theoretical with
hypothetical P&L, and the Kolmogorov-Smirnov distance between their distributions. Green: correlation above 0.80 and
distance below 0.09; red: correlation below 0.70 or distance above 0.12; amber otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
GREEN_CORRELATION, RED_CORRELATION = 0.80, 0.70
GREEN_DISTANCE, RED_DISTANCE = 0.09, 0.12
DAYS = 250


class Attribution(NamedTuple):
    """How near a mapping is to the book."""

    spearman: float
    distance: float  # Kolmogorov-Smirnov
    zone: str  # "green", "amber" or "red"


def pnl_attribution(theoretical: Floats, hypothetical: Floats) -> Attribution:
    """Test the P&L of a mapping, (day,), against that of the book on the same days.

    Raises:
        ValueError: other shapes, fewer than three days, or P&L that never changes (no correlation).
    """
    if theoretical.shape != hypothetical.shape or theoretical.ndim != 1 or len(theoretical) < 3:
        raise ValueError(f"P&L of {theoretical.shape} and {hypothetical.shape} days: not the same three or more")
    if np.ptp(theoretical) == 0 or np.ptp(hypothetical) == 0:
        raise ValueError("P&L that is the same on every day has no ranks")
    spearman = float(stats.spearmanr(theoretical, hypothetical).statistic)
    distance = float(stats.ks_2samp(theoretical, hypothetical).statistic)
    return Attribution(spearman, distance, _zone(spearman, distance))


def _zone(spearman: float, distance: float) -> str:
    if spearman < RED_CORRELATION or distance > RED_DISTANCE:
        return "red"
    return "green" if spearman > GREEN_CORRELATION and distance < GREEN_DISTANCE else "amber"
