"""`gaussian`, `student_t` and `factor`: volatility times correlated normals, with or without a common scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.calibration.covariance import correlation
from stress.calibration.factors import statistical_factors
from stress.questions.backtest.models.level import Level
from stress.questions.backtest.models.normals import Normals, student_scale
from stress.questions.backtest.models.protocol import Model
from stress.questions.backtest.models.window import Window

Floats = npt.NDArray[np.float64]


class Gaussian(Model):
    """Multivariate normal."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._level, self._normals = Level(window), self._law(window)

    def _law(self, window: Window) -> Normals:
        factors = window.factors_of(window.residuals)
        matrix = None if factors else correlation(window.residuals, window.settings.correlation).matrix
        return Normals(matrix, factors)

    def see(self, moves: Floats) -> None:
        """The volatility goes on."""
        self._level.see(moves)

    def day(self, random: np.random.Generator, draws: int) -> Floats:
        """Normals times volatility."""
        return self._normals.draw(random, draws) * self._level.sd


class StudentT(Gaussian):
    """Multivariate Student-t of the same variance, one chi-square a path and day."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._dof = window.dof_of(window.residuals)

    def day(self, random: np.random.Generator, draws: int) -> Floats:
        """Normals times volatility times the common scale."""
        return super().day(random, draws) * student_scale(random, self._dof, draws)


class Factor(StudentT):
    """The same through principal components, whatever the number of names."""

    def _law(self, window: Window) -> Normals:
        if window.returns.shape[1] == 1:
            return Normals(np.eye(1))
        return Normals(factors=statistical_factors(window.residuals))
