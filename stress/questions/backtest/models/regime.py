"""`regime`: calm and crisis days, each with volatilities and correlations of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.calibration.factors import FactorModel
from stress.calibration.regimes import fit_regimes, next_crisis
from stress.questions.backtest.models.normals import Normals
from stress.questions.backtest.models.protocol import Model
from stress.questions.backtest.models.window import Window

Floats = npt.NDArray[np.float64]


class Regime(Model):
    """Both states are scaled so that the long-run variance is that of the window."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        found = fit_regimes(window.returns, window.settings.correlation)
        factors: FactorModel | None = window.factors_of(window.returns)
        self._found, self._mean = found, window.mean
        self._crisis = found.crisis_now
        share = found.crisis_share
        calm = np.sqrt(window.sample / (1 - share + share * found.crisis_scale**2))
        self._sd = (calm, calm * found.crisis_scale)
        self._normals = tuple(
            Normals(None if factors else matrix, factors)
            for matrix in (found.calm_correlation, found.crisis_correlation)
        )
        self._state = np.zeros(0, bool)

    def see(self, moves: Floats) -> None:
        """The probability of crisis goes on."""
        market = float(self._found.weights @ (moves - self._mean))
        self._crisis = next_crisis(self._crisis, market, self._found)

    def begin(self, draws: int) -> None:
        """States are drawn on the first day."""
        self._state = np.zeros(0, bool)

    def day(self, random: np.random.Generator, draws: int) -> Floats:
        """Normals of the state that each path is in."""
        chance = np.full(draws, self._crisis)
        if len(self._state):
            chance = np.where(self._state, self._found.stay_crisis, 1 - self._found.stay_calm)
        self._state = random.random(draws) < chance
        moves = np.empty((draws, len(self._mean)))
        for state, (sd, law) in enumerate(zip(self._sd, self._normals, strict=True)):
            there = self._state == bool(state)
            moves[there] = sd * law.draw(random, int(there.sum()))
        return moves
