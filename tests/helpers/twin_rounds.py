"""Every round of the NumPy twin: what a recording of the kernels is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

import twin
from stress.scenarios.problem import Problem
from twin_path import Path

Array = npt.NDArray[Any]


@dataclass
class TwinRound:
    """Prices, equity and calls at a moment; what was traded to get there (nothing at moment 0)."""

    price: Array  # (asset,)
    equity: Array  # (member,) fraction of NAV_0
    called: Array  # (member,) USD called so far on the path
    cut: Array  # (book,) k sold, below 0 what was built
    traded: Array  # (book, asset) USD at the prices before the round, below 0 what was sold or sold short


@dataclass
class TwinStep:
    rounds: list[TwinRound] = field(default_factory=list)


def follow_rounds(problem: Problem, draws: Array) -> tuple[dict[str, Any], list[TwinStep]]:
    """Follow one path with draws (step, asset); the twin's report, and each step with its moments."""
    steps: list[TwinStep] = []

    class Watched(Path):
        """Keeps what each round trades, and the calls that are read after it."""

        def cascade(self, step: int, outside: Array) -> dict[str, Any]:
            steps.append(TwinStep())
            self.now = (np.zeros(len(self.fund)), np.zeros_like(self.held))
            return super().cascade(step, outside)

        def broker_sales(self, step: int) -> tuple[Array, Array]:
            found = super().broker_sales(step)
            equity = self.equity_usd() / self.problem.funds.nav
            steps[-1].rounds.append(TwinRound(self.price.copy(), equity, self.called.copy(), *self.now))
            return found

        def trade(self, cut: Array, outside: Array) -> Array:
            self.now = (cut.copy(), -cut[:, None] * self.held * self.price)
            return super().trade(cut, outside)

    with patch.object(twin, "Path", Watched):
        report = twin.follow(problem, np.asarray(draws, np.float64))
    for step, rounds in zip(steps, report["rounds"], strict=False):
        del step.rounds[int(rounds) + 1 :]  # at the limit of rounds orders are read once more
    return report, steps
