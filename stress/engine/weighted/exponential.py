"""The exponential function with the same bits on any processor: NumPy's own depends on its vector instructions."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LN2_HIGH = float.fromhex("0x1.62e42feep-1")  # its last 21 bits are 0, so that a multiple of it below 2^20 is exact
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")  # ln 2 less the former
TERMS = 14  # of the series on either side of 0, |r| <= ln(2)/2: what is left out is below 1e-17
LEAST, MOST = -745.0, 709.0  # beyond, 0 and overflow


def exponential(values: npt.NDArray[np.floating]) -> Floats:
    """exp(x) within two units of the last place, by sums, products and powers of 2 alone (Cody and Waite 1980).

    Args:
        values: any shape; below LEAST the result is that of LEAST, about 0, above MOST that of MOST.
    """
    x = np.clip(values.astype(np.float64), LEAST, MOST)
    power = np.rint(x * (1.0 / math.log(2.0)))
    rest = (x - power * LN2_HIGH) - power * LN2_LOW
    found = np.full_like(rest, 1.0 / math.factorial(TERMS - 1))
    for term in range(TERMS - 2, -1, -1):
        found *= rest
        found += 1.0 / math.factorial(term)
    return np.asarray(np.ldexp(found, power.astype(np.int32)))
