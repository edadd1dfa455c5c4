"""`garch`: GJR-GARCH(1,1) by name, innovations of a multivariate Student-t."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.calibration.covariance import correlation
from stress.calibration.garch import next_variance
from stress.questions.backtest.models.normals import Normals, student_scale
from stress.questions.backtest.models.protocol import Model
from stress.questions.backtest.models.window import Window

Floats = npt.NDArray[np.float64]


class Garch(Model):
    """The long-run variance is that of the window."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._mean, self._long_run, self._values = window.mean, window.sample, window.garch.values
        self._today = window.garch_variances[-1]
        self._variance = self._today
        self._draw_from(window)

    def _draw_from(self, window: Window) -> None:
        residuals = window.garch_residuals
        factors = window.factors_of(residuals)
        matrix = None if factors else correlation(residuals, window.settings.correlation).matrix
        self._normals, self._dof = Normals(matrix, factors), window.dof_of(residuals)

    def see(self, moves: Floats) -> None:
        """The variance goes on."""
        self._today = next_variance(self._today, moves - self._mean, self._long_run, self._values)

    def begin(self, draws: int) -> None:
        """Every path begins with today's variance."""
        self._variance = np.broadcast_to(self._today, (draws, len(self._today)))

    def day(self, random: np.random.Generator, draws: int) -> Floats:
        """Innovations times each path's own volatility."""
        moves: Floats = np.sqrt(self._variance) * self._innovations(random, draws)
        self._variance = next_variance(self._variance, moves, self._long_run, self._values)
        return moves

    def _innovations(self, random: np.random.Generator, draws: int) -> Floats:
        return self._normals.draw(random, draws) * student_scale(random, self._dof, draws)
