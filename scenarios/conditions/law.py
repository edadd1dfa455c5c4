"""The law of a step's draw, as far as a condition asks: a mixture of parts, each of them normal or Student-t.

Given `rows @ draw = y`, a part with mean `m`, covariance `C` and `nu` degrees of freedom has the mean
`m + G (y - rows m)` with `G = C rows' (rows C rows')^-1`, the covariance `C - G rows C` times
`(nu - 2 + d^2) / (nu + p - 2)`, and `nu + p` degrees of freedom (Ding 2016, "On the conditional distribution of the
multivariate t distribution"); `d^2` is measured by the covariance here, by the scale matrix it is `nu/(nu - 2)`
times as much. Parts are weighted anew by their density at `y`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from stress.scenarios.problem import Floats

SINGULAR = 1e-9  # smallest eigenvalue of the rows' correlation that can be told from none


class Part(NamedTuple):
    """One part of the mixture."""

    chance: float  # before the condition
    mean: Floats  # (asset,) log return
    variance: Floats  # (asset,)
    across: Floats  # (asset, row) covariance with the rows
    dof: float = math.inf
    name: str = ""  # what people know it by; parts of one name are told together


class Given(NamedTuple):
    """A part after the condition."""

    gain: Floats  # (asset, row)
    missing: Floats  # (row,) what the rows lack of their moves at the part's mean
    distance: float  # squared, Mahalanobis, by the covariance
    log_density: float  # of the rows at their moves
    dof: float  # before
    spread: float  # what deviations are multiplied by, those of unit variance with `dof + rows` degrees of freedom

    @property
    def squared(self) -> float:
        """Mahalanobis distance by the scale matrix, squared; by the covariance where it is normal."""
        return self.distance * (self.dof / (self.dof - 2.0) if math.isfinite(self.dof) else 1.0)

    def plausibility(self) -> float:
        """Probability that the rows lie as far out as that or further."""
        from scipy import stats

        count = len(self.missing)
        if math.isinf(self.dof):
            return float(stats.chi2.sf(self.distance, count))
        return float(stats.f.sf(self.squared / count, count, self.dof))


def given(part: Part, rows: Floats, moves: Floats) -> Given:
    """A part, given that `rows @ draw` is `moves`; `rows` (row, asset), `moves` (row,).

    Raises:
        LinAlgError: the rows do not move apart from each other.
    """
    between = rows @ part.across
    between = 0.5 * (between + between.T)
    deviation = np.sqrt(np.maximum(np.diag(between), 0.0))
    if (deviation <= 0).any():
        raise np.linalg.LinAlgError(int((deviation <= 0).argmax()))
    correlation = between / np.outer(deviation, deviation)
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < SINGULAR * len(values):
        raise np.linalg.LinAlgError(int(np.abs(vectors[:, 0]).argmax()))
    inverse = (vectors / values) @ vectors.T / np.outer(deviation, deviation)
    missing = moves - rows @ part.mean
    squared, count, nu = float(missing @ inverse @ missing), len(rows), part.dof
    log_volume = float(np.log(values).sum() / 2.0 + np.log(deviation).sum())
    if math.isinf(nu):
        density, spread = -0.5 * squared - 0.5 * count * math.log(2.0 * math.pi), 1.0
    else:
        half, many = nu / 2.0, (nu + count) / 2.0
        density = math.lgamma(many) - math.lgamma(half) - 0.5 * count * math.log((nu - 2.0) * math.pi)
        density -= many * math.log1p(squared / (nu - 2.0))
        spread = math.sqrt((nu - 2.0 + squared) / (nu + count - 2.0))
    return Given(part.across @ inverse, missing, squared, density - log_volume, nu, spread)


def reweighted(parts: list[Part], every: list[Given]) -> Floats:
    """Chances of the parts after the condition, (part,)."""
    chance = np.array([part.chance for part in parts])
    logs = np.log(np.where(chance > 0, chance, 1.0)) + np.array([one.log_density for one in every])
    logs = np.where(chance > 0, logs, -np.inf)
    weights = np.exp(logs - logs.max())
    found: Floats = weights / weights.sum()
    return found
