"""Is anything left in residuals that a model should have explained? Name by name.

Ljung, G. and Box, G. (1978), Biometrika 65, 297-303, on residuals and on their squares: `T (T+2) sum rho_k^2/(T-k)`,
ten lags. Engle, R. (1982), Econometrica 50, 987-1007: T times the R squared of squares on their own five lags
(ARCH-LM). Both are chi-square with as many degrees of freedom as lags. Hill's index of the lower tail beside them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from stress.results.statistics.tails.hill import hill

Floats = npt.NDArray[np.float64]
LAGS, ARCH_LAGS = 10, 5
VARIABLES = {
    "ljung_box_p": f"p-value of Ljung-Box, {LAGS} lags",
    "ljung_box_squares_p": f"p-value of Ljung-Box on squares, {LAGS} lags",
    "arch_lm_p": f"p-value of ARCH-LM, {ARCH_LAGS} lags",
    "excess_kurtosis": "kurtosis above that of the normal law",
    "tail_index": "Hill's index of the lower tail, largest 5 %",
    "tail_index_se": "standard error of the tail index",
}


def residual_tests(residuals: dict[str, Floats], names: tuple[str, ...]) -> xr.Dataset:
    """Tests of each kind of residuals (day, name): the variables of `VARIABLES` by `residuals` and `asset`."""
    found = []
    for kind in residuals.values():
        centred = kind - kind.mean(axis=0)
        tails = [
            hill(-centred[:, n]) if np.sum(centred[:, n] < 0) > len(kind) // 4 else None for n in range(len(names))
        ]
        found.append(
            [
                ljung_box(kind),
                ljung_box(kind**2),
                arch_lm(kind),
                np.mean(centred**4, axis=0) / np.mean(centred**2, axis=0) ** 2 - 3,
                [tail.alpha if tail else np.nan for tail in tails],
                [tail.error if tail else np.nan for tail in tails],
            ]
        )
    numbers = np.array(found)
    data = {
        name: (("residuals", "asset"), numbers[:, n], {"long_name": text, "units": "1"})
        for n, (name, text) in enumerate(VARIABLES.items())
    }
    return xr.Dataset(data, {"residuals": list(residuals), "asset": list(names)})


def ljung_box(values: Floats, lags: int = LAGS) -> Floats:
    """p-values (name,) of (day, name) values."""
    days = len(values)
    centred = values - values.mean(axis=0)
    square = np.sum(centred**2, axis=0)
    rho = np.array([np.sum(centred[lag:] * centred[:-lag], axis=0) / square for lag in range(1, lags + 1)])
    weights = 1 / (days - np.arange(1, lags + 1))
    return np.asarray(stats.chi2.sf(days * (days + 2) * weights @ rho**2, lags), np.float64)


def arch_lm(values: Floats, lags: int = ARCH_LAGS) -> Floats:
    """p-values (name,) of (day, name) residuals."""
    squares, found = values**2, []
    for name in range(values.shape[1]):
        x = squares[:, name]
        behind = np.column_stack([np.ones(len(x) - lags), *(x[lags - k : len(x) - k] for k in range(1, lags + 1))])
        left = x[lags:] - behind @ np.linalg.lstsq(behind, x[lags:], rcond=None)[0]
        found.append((len(x) - lags) * (1 - left.var() / x[lags:].var()))
    return np.asarray(stats.chi2.sf(found, lags), np.float64)
