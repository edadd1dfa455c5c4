"""Forecasts day after day: each model on a window of the past, held against the P&L of today's book.

One-day forecasts are made for every day, longer ones for stretches that do not overlap. VaR at p is the draw of rank
`(1-p)(N+1)` from the top of N: where the model is right, a loss is as likely as said to lie above it, whatever N is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from stress.questions.backtest.models.protocol import Model
from stress.questions.backtest.models.registry import MODELS
from stress.questions.backtest.models.window import Settings, Window
from stress.results.statistics.backtests.pit import pit

Floats = npt.NDArray[np.float64]
Telling = Callable[[str], None]
LEVELS = (0.975, 0.99)
TAIL = 0.025  # of Z2, and of the draws that are kept for its law
DRAWS = 1999  # with one more, a multiple of what the levels need


@dataclass(frozen=True)
class Plan:
    """What is forecast when."""

    models: tuple[str, ...] = tuple(MODELS)
    horizons: tuple[int, ...] = (1, 10)
    levels: tuple[float, ...] = LEVELS
    window: int = 500  # days before a forecast that a model is fitted to
    refit: int = 125  # days between fits; volatilities go on every day
    draws: int = DRAWS
    seed: int = 1
    settings: Settings = field(default_factory=Settings)
    overlapping: bool = False  # also forecasts of several days from every day on

    def __post_init__(self) -> None:
        for model in self.models:
            if model not in MODELS:
                raise ValueError(f"model {model!r}; allowed: {', '.join(MODELS)}")
        for level in self.levels:
            rank = (1 - level) * (self.draws + 1)
            if not 0 < level < 1 or rank < 1 - 1e-9 or abs(rank - round(rank)) > 1e-6:
                raise ValueError(
                    f"level {level:g} is no rank of {self.draws} draws; draws + 1 times 1 - level is whole"
                )
        if 1 - TAIL not in self.levels:
            raise ValueError(f"levels are {self.levels}; allowed: {1 - TAIL:g}, which Z2 needs, and others")
        if self.window < 100 or self.refit < 1 or not self.horizons or min(self.horizons) < 1:
            raise ValueError("allowed: a window of 100 days or more, refits and horizons of one day or more")


@dataclass(frozen=True)
class Forecasts:
    """Of one horizon; all in USD, positive = loss."""

    horizon: int
    days: npt.NDArray[np.int64]  # (day,) first day of each stretch, as its place in the history
    losses: Floats  # (day, fund) what came
    var: Floats  # (model, day, fund, level)
    es: Floats  # (model, day, fund, level)
    ranks: Floats  # (model, day, fund) PIT
    tails: Floats  # (model, day, fund, draw) the largest losses that were forecast, over the ES at `1 - TAIL`


def overlapping(returns: Floats, positions: Floats, plan: Plan, tell: Telling) -> dict[int, Forecasts]:
    """Forecasts of several days from every day on; arguments and errors as for `roll`."""
    return roll(returns, positions, replace(plan, horizons=tuple(h for h in plan.horizons if h > 1)), tell, every=True)


def roll(
    returns: Floats, positions: Floats, plan: Plan, tell: Telling = lambda text: None, every: bool = False
) -> dict[int, Forecasts]:
    """Forecast the losses of a book.

    Args:
        returns: (day, name) log returns.
        positions: (name, fund) signed USD, held at these values before every forecast.
        plan: what is forecast.
        tell: called with a line on how far it is.
        every: from every day on, so that longer forecasts overlap.

    Raises:
        ValueError: the history is no longer than the window and the longest horizon.
    """
    count = len(returns)
    if count < plan.window + 10 * max(plan.horizons):
        raise ValueError(
            f"{plan.window + 10 * max(plan.horizons)} days or more, not {count}: "
            f"a window of {plan.window} and ten forecasts of {max(plan.horizons)} days"
        )
    starts = {h: np.arange(plan.window, count - h + 1, 1 if every else h) for h in plan.horizons}
    due = {h: {int(day): n for n, day in enumerate(days)} for h, days in starts.items()}
    made = {h: _room(len(days), positions.shape[1], plan) for h, days in starts.items()}
    models: list[Model] = []
    for day in range(plan.window, count):
        if (day - plan.window) % plan.refit == 0:
            tell(f"day {day - plan.window:,} of {count - plan.window:,}: fitting {len(plan.models)} models")
            window = Window(returns[day - plan.window : day], plan.settings)
            models = [MODELS[name](window) for name in plan.models]
        for h in plan.horizons:
            if day not in due[h]:
                continue
            came = _losses(returns[day : day + h].sum(axis=0)[None], positions)[0]
            for m, (name, model) in enumerate(zip(plan.models, models, strict=True)):
                random = np.random.default_rng([plan.seed, list(MODELS).index(name), h, day])
                drawn = _losses(model.paths(random, h, plan.draws), positions)
                _record(made[h], m, due[h][day], drawn, came, plan)
        for model in models:
            model.see(returns[day])
    return {h: Forecasts(h, days, _realised(returns, positions, days, h), *made[h]) for h, days in starts.items()}


def _losses(moves: Floats, positions: Floats) -> Floats:
    """(draw, fund) losses in USD for (draw, name) log returns."""
    return np.asarray(-np.expm1(moves) @ positions, np.float64)


def _realised(returns: Floats, positions: Floats, days: npt.NDArray[np.int64], horizon: int) -> Floats:
    return _losses(np.array([returns[day : day + horizon].sum(axis=0) for day in days]), positions)


def _room(days: int, funds: int, plan: Plan) -> tuple[Floats, Floats, Floats, Floats]:
    models, kept = len(plan.models), _rank(1 - TAIL, plan.draws)
    return (
        np.empty((models, days, funds, len(plan.levels))),
        np.empty((models, days, funds, len(plan.levels))),
        np.empty((models, days, funds)),
        np.empty((models, days, funds, kept)),
    )


def _record(room: tuple[Floats, ...], model: int, day: int, drawn: Floats, came: Floats, plan: Plan) -> None:
    var, es, ranks, tails = room
    most = max(_rank(level, plan.draws) for level in (*plan.levels, 1 - TAIL))
    top = -np.sort(-np.partition(drawn, len(drawn) - most, axis=0)[-most:], axis=0)  # (rank, fund), the largest first
    for n, level in enumerate(plan.levels):
        rank = _rank(level, plan.draws)
        var[model, day, :, n] = top[rank - 1]
        es[model, day, :, n] = top[:rank].mean(axis=0)
    kept = top[: _rank(1 - TAIL, plan.draws)]
    tails[model, day] = (kept / kept.mean(axis=0)).T
    for fund, loss in enumerate(came):
        ranks[model, day, fund] = pit(drawn[:, fund], float(loss))


def _rank(level: float, draws: int) -> int:
    return max(1, round((1 - level) * (draws + 1)))


def levels_in_order(levels: Sequence[float]) -> tuple[float, ...]:
    """Without doubles, upwards; the level of Z2 among them."""
    return tuple(sorted({*levels, 1 - TAIL}))
