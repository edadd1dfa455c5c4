"""One line of a validation: what was looked at, what came out, what is allowed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Check:
    """One check; passed where `value <= tolerance`. A value that is no number does not pass."""

    part: str  # which scenario or probe
    name: str
    value: float
    tolerance: float
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the value is within the tolerance."""
        return bool(self.value <= self.tolerance)


def largest(gap: npt.ArrayLike) -> float:
    """The largest of some gaps, inf where one is no number; 0 without any."""
    found = np.asarray(gap, np.float64)
    return float(np.nan_to_num(found, nan=np.inf).max(initial=0.0))
