"""`jump`: a diffusion and jumps, of all names together and of each by itself (Merton 1976)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.calibration.covariance import correlation
from stress.calibration.jumps import TRADING_DAYS, diffusion_share, fit_jumps
from stress.questions.backtest.models.level import Level
from stress.questions.backtest.models.normals import Normals
from stress.questions.backtest.models.protocol import Model
from stress.questions.backtest.models.window import Window

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Jump(Model):
    """Sizes of jumps grow with the volatility, so that the diffusion keeps its share of the variance."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._level, self._long_run = Level(window), np.sqrt(window.sample)
        self._jumps = fit_jumps(window.returns)
        self._share = np.sqrt(np.maximum(diffusion_share(self._jumps, window.sample), 0.0))
        factors = window.factors_of(window.residuals)
        matrix = None if factors else correlation(window.residuals, window.settings.correlation).matrix
        self._normals = Normals(matrix, factors)

    def see(self, moves: Floats) -> None:
        """The volatility goes on."""
        self._level.see(moves)

    def day(self, random: np.random.Generator, draws: int) -> Floats:
        """Diffusion plus jumps, the mean of the jumps taken off."""
        jumps, rate = self._jumps, self._jumps.common_rate / TRADING_DAYS
        together = random.poisson(rate, draws)[:, None]
        size = np.sqrt(together) * random.standard_normal((draws, 1))
        moved = jumps.common_mean * (together - rate) + jumps.common_sd * size
        name, path = self._alone(random, draws)
        np.add.at(moved, (path, name), jumps.own_sd[name] * random.standard_normal(len(name)))
        diffusion = self._share * self._level.sd * self._normals.draw(random, draws)
        return np.asarray(diffusion + moved * (self._level.sd / self._long_run), np.float64)

    def _alone(self, random: np.random.Generator, draws: int) -> tuple[Ints, Ints]:
        """Name and path of every jump of a name by itself: a Poisson number of each name, on any of the paths."""
        counts = random.poisson(draws * self._jumps.own_rate / TRADING_DAYS)
        return np.repeat(np.arange(len(counts)), counts), random.integers(draws, size=int(counts.sum()))
