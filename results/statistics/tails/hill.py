"""The tail index by Hill's estimator: the mean log excess over the k-th largest.

Hill, B. (1975), A simple general approach to inference about the tail of a distribution, Annals of Statistics 3,
1163-1174: `1/alpha = mean(log(X_i / X_k+1))` over the k largest; its standard error is `alpha / sqrt(k)` for
independent values.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class TailIndex(NamedTuple):
    """Power of a tail: moments of an order below it exist."""

    alpha: float
    error: float  # standard error
    exceedances: int  # k


def hill(values: npt.NDArray[np.float64], share: float = 0.05) -> TailIndex:
    """The index of the upper tail of (n,) values, from the largest `share` of them.

    Raises:
        ValueError: fewer than ten values, or values at the threshold that are not positive.
    """
    count = int(share * len(values))
    ordered = np.sort(values)[::-1]
    if count < 10 or ordered[count] <= 0:
        raise ValueError(f"a tail index of {len(values)} values needs ten positive ones in the largest {share:.0%}")
    alpha = 1 / float(np.mean(np.log(ordered[:count] / ordered[count])))
    return TailIndex(alpha, alpha / count**0.5, count)
