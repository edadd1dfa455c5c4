"""The volatility of models that have no dynamics of their own: what it is today holds over the horizon."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.questions.backtest.models.window import Window

Floats = npt.NDArray[np.float64]


class Level:
    """Daily variance by name; exponential weights go on day by day, that of the sample stays until the next fit."""

    def __init__(self, window: Window) -> None:
        self._moving = window.settings.vol == "ewma"
        self._decay, self._mean = window.settings.decay, window.mean
        self.variance = window.ewma[-1] if self._moving else window.sample

    def see(self, moves: Floats) -> None:
        """A day's log returns (name,)."""
        if self._moving:
            self.variance = self._decay * self.variance + (1 - self._decay) * (moves - self._mean) ** 2

    @property
    def sd(self) -> Floats:
        """Daily standard deviation, (name,)."""
        return np.asarray(np.sqrt(self.variance), np.float64)
