"""Sums that do not depend on the order of their terms: fixed point in integers of any length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FRACTION_BITS = 32
LARGEST = 2.0**30  # a single term: keeps a thousand terms inside int64


class ExactSum:
    """Sum of float arrays of one shape, each term rounded to 2^-32, then added exactly.

    Floating-point addition depends on order; integers do not, so any block size, device count or order of completion
    gives the same bits.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._total = np.zeros(shape, object)

    def add(self, terms: npt.NDArray[np.floating]) -> None:
        """Add terms of shape (term, *shape).

        Raises:
            ValueError: a term is not finite or too large to be a fraction of NAV.
        """
        wide = np.asarray(terms, np.float64)
        if not np.all(np.abs(wide) < LARGEST):
            raise ValueError(f"a sum over paths is not finite or beyond {LARGEST:.3g}")
        scaled = np.rint(wide * 2.0**FRACTION_BITS)
        high = np.floor(scaled * 2.0**-20)
        low = scaled - high * 2.0**20
        for part, shift in ((high, 20), (low, 0)):
            total = part.astype(np.int64).sum(axis=0)
            self._total = self._total + (np.asarray(total, object) * (1 << shift))

    def value(self) -> npt.NDArray[np.float64]:
        """The sum, rounded once to float64."""
        flat = [int(x) / (1 << FRACTION_BITS) for x in self._total.reshape(-1)]
        return np.array(flat, np.float64).reshape(self._total.shape)
