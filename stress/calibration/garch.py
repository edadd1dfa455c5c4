"""GJR-GARCH(1,1) with Student-t innovations, name by name, by the library `arch`.

Glosten, Jagannathan and Runkle (1993), Journal of Finance 48, 1779-1801: `h' = omega + (alpha + gamma [r < 0]) r^2 +
beta h`. The shock model sets omega by its long-run variance, `omega = v (1 - alpha - gamma/2 - beta)`, and so does
the filter here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PARAMETERS = ("omega", "alpha", "gamma", "beta", "dof")
MOST_PERSISTENT = 0.999  # beyond, no long-run variance can be told apart from none
MOST_NAMES = 200  # fitted one by one; all others have the medians of these
PERCENT = 100.0  # `arch` finds its maximum for returns in percent


@dataclass(frozen=True)
class GarchFit:
    """Parameters by name; (name,) each."""

    values: dict[str, Floats]  # of `PARAMETERS`; omega is a daily variance
    errors: dict[str, Floats]  # standard errors (of the likelihood), NaN where the medians of others stand
    persistence_error: Floats  # of alpha + gamma/2 + beta
    fitted: npt.NDArray[np.bool_]  # False: the medians of the others

    @property
    def persistence(self) -> Floats:
        """`alpha + gamma/2 + beta`."""
        return self.values["alpha"] + self.values["gamma"] / 2 + self.values["beta"]


def fit_garch(returns: Floats, most: int = MOST_NAMES) -> GarchFit:
    """Fit (day, name) returns by maximum likelihood, their means taken off.

    With more than `most` names only so many, spread evenly over the ranks of volatility, are fitted.
    """
    names = returns.shape[1]
    centred = returns - returns.mean(axis=0)
    ranked = np.argsort(centred.std(axis=0), kind="stable")
    chosen = np.sort(ranked if names <= most else ranked[np.linspace(0, names - 1, most).round().astype(int)])
    found = [_one(centred[:, name]) for name in chosen]
    fitted = np.zeros(names, bool)
    fitted[chosen] = True
    values = {key: _spread([one[0][n] for one in found], fitted) for n, key in enumerate(PARAMETERS)}
    if not fitted.all():
        values["omega"] = centred.var(axis=0) * (1 - _persistence(values))
    errors = {
        key: np.where(fitted, _spread([one[1][n] for one in found], fitted), np.nan) for n, key in enumerate(PARAMETERS)
    }
    beside = np.where(fitted, _spread([one[2] for one in found], fitted), np.nan)
    return GarchFit(values, errors, beside, fitted)


def garch_variances(returns: Floats, long_run: Floats, fit: GarchFit) -> Floats:
    """Variances as forecast for each day and, last, for the day after, (day + 1, name); begins at the long run.

    Args:
        returns: (day, name), their means taken off.
        long_run: (name,) daily variances.
        fit: parameters.
    """
    found = np.empty((len(returns) + 1, returns.shape[1]))
    found[0] = long_run
    for day, moves in enumerate(returns):
        found[day + 1] = next_variance(found[day], moves, long_run, fit.values)
    return found


def next_variance(variance: Floats, moves: Floats, long_run: Floats, values: dict[str, Floats]) -> Floats:
    """One step of the recursion; (..., name) each."""
    alpha, gamma, beta = values["alpha"], values["gamma"], values["beta"]
    omega = long_run * (1 - alpha - gamma / 2 - beta)
    return np.asarray(omega + (alpha + gamma * (moves < 0)) * moves**2 + beta * variance, np.float64)


def _one(moves: Floats) -> tuple[Floats, Floats, float]:
    """Parameters and errors in the order of `PARAMETERS`, and the error of the persistence."""
    from arch import arch_model

    model = arch_model(PERCENT * moves, mean="Zero", vol="GARCH", p=1, o=1, q=1, dist="t", rescale=False)
    result = model.fit(disp="off", show_warning=False, cov_type="classic")
    values = np.array(result.params, np.float64)
    covariance = np.array(result.param_cov, np.float64)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    weights = np.array([0.0, 1.0, 0.5, 1.0, 0.0])
    beside = float(np.sqrt(max(weights @ covariance @ weights, 0.0)))
    values[0] /= PERCENT**2
    errors[0] /= PERCENT**2
    persistence = float(weights @ values)
    if persistence > MOST_PERSISTENT:
        values[1:4] *= MOST_PERSISTENT / persistence
    return values, errors, beside


def _persistence(values: dict[str, Floats]) -> Floats:
    return values["alpha"] + values["gamma"] / 2 + values["beta"]


def _spread(values: list[float], fitted: npt.NDArray[np.bool_]) -> Floats:
    """(name,) with the median where nothing was fitted."""
    every = np.full(len(fitted), np.median(values))
    every[fitted] = values
    return every
