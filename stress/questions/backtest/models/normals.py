"""Correlated standard normals, and the common scale that makes them Student-t."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.calibration.factors import FactorModel

Floats = npt.NDArray[np.float64]


class Normals:
    """A law of (draw, name) normals of variance 1: by a correlation matrix, or by factors where names are many."""

    def __init__(self, correlation: Floats | None = None, factors: FactorModel | None = None) -> None:
        if factors is not None:
            common = factors.scaled @ np.linalg.cholesky(factors.factor_correlation)
            size = np.sqrt(np.sum(common**2, axis=1) + factors.specific_sd**2)
            self._common, self._own = common / size[:, None], factors.specific_sd / size
        else:
            if correlation is None:
                raise ValueError("normals need a correlation or factors")
            self._common, self._own = _root(correlation), np.zeros(len(correlation))

    def draw(self, random: np.random.Generator, draws: int) -> Floats:
        """(draw, name)."""
        moves: Floats = random.standard_normal((draws, self._common.shape[1])) @ self._common.T
        if self._own.any():
            moves += self._own * random.standard_normal((draws, len(self._own)))
        return moves


def student_scale(random: np.random.Generator, dof: float, draws: int) -> Floats:
    """`sqrt((dof - 2)/chi2)` that all names share, (draw, 1); times a normal it has variance 1."""
    return np.asarray(np.sqrt((dof - 2) / random.chisquare(dof, draws))[:, None], np.float64)


def _root(correlation: Floats) -> Floats:
    values, vectors = np.linalg.eigh(correlation)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), np.float64)
