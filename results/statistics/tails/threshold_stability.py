"""Does a fitted tail depend on where it is said to begin? Shape and modified scale over a range of thresholds.

Above a threshold where the generalised Pareto law holds, the shape `xi` and `beta - xi u` stay the same (Coles, An
Introduction to Statistical Modeling of Extreme Values, section 4.3.4).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.statistics.tails.generalised_pareto import FEWEST, ParetoTail, fit

Floats = npt.NDArray[np.float64]
SHARES = (0.15, 0.125, 0.10, 0.075, 0.05, 0.04, 0.03, 0.025, 0.02)  # of the losses that lie above


def threshold_stability(losses: Floats, level: float, shares: tuple[float, ...] = SHARES) -> xr.Dataset:
    """Fits above the thresholds that `shares` of (n,) losses exceed; those with too few losses are left out.

    Returns:
        by `threshold`: exceedances, xi, xi_se, beta, beta_se, modified_scale, and var, es at `level` (NaN below it).

    Raises:
        ValueError: not one share leaves enough losses.
    """
    ordered = np.sort(losses)[::-1]
    counts = sorted({int(share * len(losses)) for share in shares if int(share * len(losses)) >= FEWEST}, reverse=True)
    if not counts:
        raise ValueError(f"{len(losses)} losses are too few for a tail: {max(shares):.0%} of them should be {FEWEST}")
    tails = [fit(losses, float(ordered[count])) for count in counts]
    columns = {
        "exceedances": [tail.exceedances for tail in tails],
        "xi": [tail.xi for tail in tails],
        "xi_se": [tail.xi_se for tail in tails],
        "beta": [tail.beta for tail in tails],
        "beta_se": [tail.beta_se for tail in tails],
        "modified_scale": [tail.beta - tail.xi * tail.threshold for tail in tails],
        "var": [_beyond(tail, level, tail.var) for tail in tails],
        "es": [_beyond(tail, level, tail.es) for tail in tails],
    }
    return xr.Dataset(
        {name: ("threshold", values) for name, values in columns.items()},
        {"threshold": [tail.threshold for tail in tails]},
        {"level": level, "losses": len(losses)},
    )


def chosen(found: xr.Dataset) -> int:
    """Place of the lowest threshold with which every higher one agrees on the shape, within two standard errors.

    The error of a difference of nested fits is the root of the difference of their variances (Hausman 1978).
    """
    xi, se = found["xi"].to_numpy(), found["xi_se"].to_numpy()
    there = np.flatnonzero(np.isfinite(se))  # a fit without an error is none
    for place in there:
        above = there[there >= place]
        error = np.sqrt(np.maximum(se[above] ** 2 - se[place] ** 2, 0.0))
        if np.all(np.abs(xi[above] - xi[place]) <= 2 * error):
            return int(place)
    return int(there[-1]) if there.size else 0


def _beyond(tail: ParetoTail, level: float, value: Callable[[float], float]) -> float:
    return value(level) if level > 1 - tail.exceedances / tail.losses else float("nan")
