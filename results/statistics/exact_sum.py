"""Sums that do not depend on the order of their terms: fixed point in integers of any length.

A term is rounded to 2^-32 and cut into two whole numbers, `x = high 2^-8 + low 2^-32`. These add exactly, so any
tile, block size, device count or order of completion gives the same bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

HIGH_BITS, LOW_BITS = 8, 24
SUMMED_TOGETHER = 32  # terms whose limbs add up within an int32
SPLIT = 40  # bits of the lower part of a sum as it is stored
LARGEST = 362.0  # of a value: its square, too, is below 2^17


class ExactSum:
    """Sum of float arrays of one shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._total = np.zeros(shape, object)

    def add(self, limbs: npt.NDArray[np.integer], at: tuple[int, ...] = ()) -> None:
        """Add sums of limbs.

        Args:
            limbs: (term, *shape[len(at):], group, 2) sums of the two limbs.
            at: add to the part of the total at this index.
        """
        by_limb = limbs.sum(axis=0, dtype=np.int64).sum(axis=-2)
        high, low = (np.asarray(by_limb[..., i], object) for i in range(2))
        self._total[at] = self._total[at] + high * (1 << LOW_BITS) + low

    def state(self) -> npt.NDArray[np.int64]:
        """The sum itself, (2, *shape): upper and lower part."""
        upper, lower = self._total >> SPLIT, self._total & ((1 << SPLIT) - 1)
        return np.stack([np.asarray(upper, np.int64), np.asarray(lower, np.int64)])

    def add_state(self, state: npt.NDArray[np.int64]) -> None:
        """Add another sum of the same shape by its state."""
        upper, lower = np.asarray(state, object)
        self._total = self._total + upper * (1 << SPLIT) + lower

    def value(self) -> npt.NDArray[np.float64]:
        """The sum, rounded once to float64."""
        flat = [int(x) / (1 << HIGH_BITS + LOW_BITS) for x in self._total.reshape(-1)]
        return np.array(flat, np.float64).reshape(self._total.shape)
