"""Excesses over a threshold by the generalised Pareto law: fit, errors, and VaR and ES beyond the data.

McNeil, A. (1997), Estimating the tails of loss severity distributions, ASTIN Bulletin 27, 117-137; McNeil, Frey and
Embrechts, Quantitative Risk Management, section 5.2. With n losses, N of them above u, and excesses y:
`F(y) = 1 - (1 + xi y/beta)^(-1/xi)`, `VaR = u + beta/xi ((n (1-p)/N)^-xi - 1)`, `ES = (VaR + beta - xi u)/(1 - xi)`.
Standard errors are those of the observed information.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

Floats = npt.NDArray[np.float64]
FEWEST = 10  # excesses
_THIN = 1e-8  # shapes nearer to 0 than this are the exponential law
_LOWEST = -0.5  # shapes below have no standard errors
_FAR = 1e100  # cost of what cannot be


@dataclass(frozen=True)
class ParetoTail:
    """A fitted tail."""

    threshold: float
    losses: int  # all of them
    exceedances: int
    xi: float  # shape
    beta: float  # scale, in units of the losses
    covariance: Floats  # (2, 2) of (xi, beta); NaN where the likelihood is not curved there

    @property
    def xi_se(self) -> float:
        """Standard error of the shape."""
        return float(np.sqrt(self.covariance[0, 0]))

    @property
    def beta_se(self) -> float:
        """Standard error of the scale."""
        return float(np.sqrt(self.covariance[1, 1]))

    def var(self, level: float) -> float:
        """The quantile at `level`.

        Raises:
            ValueError: the level lies below the threshold's.
        """
        beyond = (1 - level) * self.losses / self.exceedances
        if not 0 < beyond <= 1:
            raise ValueError(f"level {level} lies below the threshold, at {1 - self.exceedances / self.losses:.6g}")
        if abs(self.xi) < _THIN:
            return self.threshold - self.beta * float(np.log(beyond))
        return self.threshold + self.beta / self.xi * float(beyond**-self.xi - 1)

    def es(self, level: float) -> float:
        """The mean beyond that quantile; inf where the shape is 1 or more."""
        if self.xi >= 1:
            return float("inf")
        return (self.var(level) + self.beta - self.xi * self.threshold) / (1 - self.xi)


def fit(losses: Floats, threshold: float) -> ParetoTail:
    """Fit the excesses of (n,) losses over `threshold` by maximum likelihood.

    Raises:
        ValueError: fewer than `FEWEST` losses lie above it.
        ArithmeticError: the likelihood has no maximum that could be found.
    """
    excess = losses[losses > threshold] - threshold
    if len(excess) < FEWEST:
        raise ValueError(f"{len(excess)} losses above {threshold:g} are too few for a tail: at least {FEWEST}")
    scale = float(excess.mean())
    y = excess / scale

    def cost(x: Floats) -> float:
        return _cost(float(x[0]), float(np.exp(x[1])), y)

    found = min(
        (_minimum(cost, start) for start in ((0.1, -0.1), (0.5, -0.5), (-0.1, 0.1))), key=lambda one: float(one.fun)
    )
    if found.fun >= _FAR:
        raise ArithmeticError("no maximum of the likelihood of the excesses was found")
    xi, beta = float(found.x[0]), float(np.exp(found.x[1]))
    covariance = _covariance(xi, beta, y) * np.outer((1, scale), (1, scale))
    return ParetoTail(threshold, len(losses), len(excess), xi, beta * scale, covariance)


def _minimum(cost: object, start: tuple[float, float]) -> optimize.OptimizeResult:
    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000}
    return optimize.minimize(cost, start, method="Nelder-Mead", options=options)


def _cost(xi: float, beta: float, y: Floats) -> float:
    """Minus the log likelihood; `_FAR` outside the support, and for shapes below -1/2, which have no errors."""
    inside = 1 + xi * y / beta
    if xi <= _LOWEST or np.any(inside <= 0):
        return _FAR
    if abs(xi) < _THIN:
        return float(len(y) * np.log(beta) + y.sum() / beta)
    return float(len(y) * np.log(beta) + (1 + 1 / xi) * np.log(inside).sum())


def _covariance(xi: float, beta: float, y: Floats) -> Floats:
    """Inverse of the second derivatives of the cost in (xi, beta), (2, 2)."""
    if xi < _LOWEST + 1e-3:  # at the edge: no maximum inside
        return np.full((2, 2), np.nan)
    if abs(xi) < 1e-4:  # there the formulas below lose their digits, and the expected information is as good
        information = len(y) * np.array([[2.0, 1 / beta], [1 / beta, 1 / beta**2]])
        return np.asarray(np.linalg.inv(information), np.float64)
    z = y / beta
    w = 1 + xi * z
    log = np.log(w)
    shape = np.sum(2 * log / xi**3 - 2 * z / (xi**2 * w) - (1 + 1 / xi) * z**2 / w**2)
    mixed = np.sum((1 + xi) * z**2 / w**2 - z / w) / beta
    scale = (-len(y) + (1 + xi) * np.sum(2 * z / w - xi * z**2 / w**2)) / beta**2
    information = np.array([[shape, mixed], [mixed, scale]])
    if np.linalg.eigvalsh(information)[0] <= 0:
        return np.full((2, 2), np.nan)
    return np.asarray(np.linalg.inv(information), np.float64)
