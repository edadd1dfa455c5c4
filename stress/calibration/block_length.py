"""How long blocks of a bootstrap should be, by `arch`.

Politis, D. and White, H. (2004), Automatic block-length selection for the dependent bootstrap, Econometric Reviews
23, 53-70, corrected by Patton, Politis and White (2009): for the stationary bootstrap of the returns' sizes, as what
lasts in returns is their volatility. The median over the names.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MOST_NAMES = 200


def block_lengths(returns: Floats) -> Floats:
    """Best mean length in days for the sizes of (day, name) returns, (name,), at least 1.

    With more than `MOST_NAMES` names only so many, spread evenly, are looked at; all others have their median.
    """
    from arch.bootstrap import optimal_block_length

    names = returns.shape[1]
    chosen = np.linspace(0, names - 1, min(names, MOST_NAMES)).round().astype(int)
    found = optimal_block_length(np.abs(returns[:, chosen]))["stationary"].to_numpy(np.float64)
    every = np.full(names, np.median(found))
    every[chosen] = found
    return np.asarray(np.maximum(every, 1.0), np.float64)
