"""`bootstrap` and `filtered_historical`: days of the window as they were, or their residuals, in stationary blocks.

Politis, D. and Romano, J. (1994), The stationary bootstrap, JASA 89, 1303-1313; Barone-Adesi, Giannopoulos and
Vosper (1999), Journal of Futures Markets 19, 583-602.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.calibration.block_length import block_lengths
from stress.questions.backtest.models.garch import Garch
from stress.questions.backtest.models.protocol import Model
from stress.questions.backtest.models.window import Window

Floats = npt.NDArray[np.float64]


class Blocks:
    """Days drawn in blocks of random length, geometric with a mean; the last day is followed by the first."""

    def __init__(self, rows: Floats, mean_block: float) -> None:
        self._rows, self._mean_block = rows, mean_block
        self._day = np.zeros(0, np.int64)

    def begin(self) -> None:
        """Every path begins with a block."""
        self._day = np.zeros(0, np.int64)

    def next(self, random: np.random.Generator, draws: int) -> Floats:
        """(draw, name) rows of the next day of each path."""
        fresh = random.integers(len(self._rows), size=draws)
        if len(self._day):
            on = random.random(draws) >= 1 / self._mean_block
            fresh = np.where(on, (self._day + 1) % len(self._rows), fresh)
        self._day = fresh
        return np.asarray(self._rows[fresh], np.float64)


class Bootstrap(Model):
    """Days of the window, their mean taken off."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._blocks = Blocks(window.returns, float(np.median(block_lengths(window.returns))))

    def begin(self, draws: int) -> None:
        """A block begins."""
        self._blocks.begin()

    def day(self, random: np.random.Generator, draws: int) -> Floats:
        """Whole days: names keep what they had in common."""
        return self._blocks.next(random, draws)


class FilteredHistorical(Garch):
    """Residual days of GARCH, each by itself, times the volatility of each path."""

    def _draw_from(self, window: Window) -> None:
        residuals = window.garch_residuals - window.garch_residuals.mean(axis=0)
        self._blocks = Blocks(residuals / residuals.std(axis=0), 1.0)

    def _innovations(self, random: np.random.Generator, draws: int) -> Floats:
        return self._blocks.next(random, draws)
