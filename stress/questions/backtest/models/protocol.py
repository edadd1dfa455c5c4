"""What the backtest asks of a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.questions.backtest.models.window import Window

Floats = npt.NDArray[np.float64]


class Model:
    """A law of daily log returns, fitted to a window; its state is moved on day by day until the next fit."""

    def __init__(self, window: Window) -> None:
        self.max_move = window.settings.max_move

    def see(self, moves: Floats) -> None:
        """Move the state on by a day's log returns (name,)."""

    def begin(self, draws: int) -> None:
        """Before the first day of paths: what changes along a path."""

    def day(self, random: np.random.Generator, draws: int) -> Floats:
        """Log returns of the next day of each path, (draw, name)."""
        raise NotImplementedError

    def paths(self, random: np.random.Generator, days: int, draws: int) -> Floats:
        """Log returns over `days` days, (draw, name)."""
        self.begin(draws)
        total = np.clip(self.day(random, draws), -self.max_move, self.max_move)
        for _ in range(days - 1):
            total = total + np.clip(self.day(random, draws), -self.max_move, self.max_move)
        return total
