"""Every round of the reference: what a recording of the kernels is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.reference.model import Path
from stress.reference.result import follow
from stress.scenarios.problem import Problem

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


class Watched(Path):
    """Keeps what each round trades, and the calls that are read after it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.steps: list[TwinStep] = []

    def cascade(self, Q_outside: Array) -> dict[str, Any]:
        self.steps.append(TwinStep())
        self.now = (np.zeros_like(self.k), np.zeros_like(self.H))
        return super().cascade(Q_outside)

    def orders(self, first: bool) -> tuple[Array, Array]:
        found = super().orders(first)
        equity = self.equity() / self.problem.funds.nav
        self.steps[-1].rounds.append(TwinRound(self.P, equity, self.called, *self.now))
        return found

    def trade(self, cut: Array, cause: Array, Q_outside: Array) -> None:
        self.now = (cut, -cut[:, None] * self.H * self.P)
        super().trade(cut, cause, Q_outside)


def follow_rounds(problem: Problem, draws: Array) -> tuple[dict[str, Any], list[TwinStep]]:
    """Follow one path with draws (step, asset); the reference's report, and each step with its moments."""
    path = Watched(problem)
    report = follow(path, np.asarray(draws, np.float64))
    for step, rounds in zip(path.steps, report["rounds"], strict=False):
        del step.rounds[int(rounds) + 1 :]  # at the limit of rounds orders are read once more
    return report, path.steps
