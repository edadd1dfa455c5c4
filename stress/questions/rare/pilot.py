"""The tilt of a question, from pilots on ids that no run uses: stage by stage to what is rarer (Rubinstein and Kroese
2004), and then whether it is worth it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from stress.compile.shocks.cholesky import handed_on
from stress.engine.weighted.mixture import Mixture
from stress.engine.weighted.sampler import Drawn, Sampler
from stress.engine.weighted.screen import Screen
from stress.questions.rare.components import effective, fit, truncated
from stress.questions.rare.costs import BY_TRIGGERS, OUTSIDE_BUYERS, Costs
from stress.questions.reverse.model import OF_NORMALS
from stress.results.answers.rare.question import Question
from stress.results.statistics.weighted import Weighted, value_at_risk
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
FIRST = 1 << 63  # id of the first path of a pilot
APART = 1 << 40  # ids from stage to stage
PATHS = 16_384  # of a stage
SOON = 2  # stages on the way to the event have so many times fewer paths
ELITE = 0.02  # share of a stage that the next one is fitted to
ENOUGH = 300  # effective paths, their weights truncated, of the event asked about that a tilt is fitted to at last
FEW = 50  # the same, that one is fitted to for the next stage
ON_THE_WAY = 100  # effective paths of what is less rare, where the event has not even FEW
STAGES = 8
LEAST = 1.5  # gain below which paths are plain
MOST_STEPS = 100  # with components for each


class Fitted(NamedTuple):
    """What was fitted to a question, and what is known of it before the run.

    Attributes:
        numbers: None where nothing could be fitted.
        gain: variance of plain paths over that of these, at equal cost; NaN: not known.
        fewer: the same at equal paths.
        cost: of a path over that of a plain one.
        paths: of the pilots.
        why: in words, why nothing was fitted, or that it gains nothing; "" else.
    """

    numbers: Mixture | Screen | None
    gain: float
    fewer: float
    cost: float
    paths: int
    why: str

    @property
    def gains(self) -> bool:
        """Whether it is worth it."""
        return not self.why


def costs_of(sampler: Sampler) -> Costs:
    """What the paths of a scenario cost."""
    return BY_TRIGGERS if sampler.two_passes else OUTSIDE_BUYERS


def judged(numbers: Mixture | Screen, fewer: float, cost: float, paths: int) -> Fitted:
    """What was fitted, with its gain."""
    why = "" if fewer / cost >= LEAST else "the pilot shows no gain for this question"
    return Fitted(numbers, fewer / cost, fewer, cost, paths, why)


def nothing(paths: int, why: str) -> Fitted:
    """Nothing could be fitted."""
    return Fitted(None, math.nan, math.nan, math.nan, paths, why)


def fit_tilt(
    sampler: Sampler, asked: Question, paths: int = PATHS, says: Callable[[str], None] = lambda _: None
) -> Fitted:
    """Fit a tilt to a question and find what it gains; of draws that `check_model` lets pass."""
    problem = sampler.problem
    scales = scales_of(problem)
    plain = mixture = Mixture.plain(sampler.rows(), problem.steps, scales > 0)
    plain_sales, simulated, best, best_rate = 0.0, 0, mixture, 0.0
    for stage in range(STAGES):
        says(f"pilot {stage + 1}")
        drawn = sampler.draw(mixture, pilot_ids(stage, paths if best_rate else paths // SOON))
        simulated += len(drawn.ids)
        if stage == 0:
            plain_sales = drawn.with_sales / len(drawn.ids)
        chosen, weights, of_event = _elite(drawn, asked)
        if not weights.sum() > 0 or len(chosen) < 2:
            return nothing(simulated, "the pilot did not find the event")
        found = effective(weights) if of_event else 0.0
        if best_rate and found <= best_rate * len(drawn.ids):
            mixture = best  # what was fitted last is worse
            break
        best, best_rate = mixture, found / len(drawn.ids)
        matters = truncated(weights * _amounts(drawn.losses[chosen], asked))
        mixture = Mixture.of_shares(*fit(sampler.normals(mixture, drawn.ids[chosen]), matters, scales))
        if found >= ENOUGH:
            break
    if not best_rate:
        return nothing(simulated, "the pilots did not reach the event")
    if mixture is plain:
        return nothing(simulated, "no tilt was better than plain paths")
    says("pilot of the gain")
    drawn = sampler.draw(mixture, pilot_ids(STAGES, paths))
    costs = costs_of(sampler)
    cost = costs.tilted(drawn.with_sales / paths) / costs.plain(plain_sales)
    fewer = variance_ratio(drawn.losses, drawn.weights, drawn.weights, event_of(drawn, asked), asked)
    return judged(mixture, fewer, cost, simulated + paths)


def scales_of(problem: Problem) -> int:
    """How many common scales make the tails of a step fat; 0 where single steps are no components of a tilt."""
    return handed_on(problem) if problem.steps <= MOST_STEPS else 0


def tilts(problem: Problem) -> bool:
    """Whether the draws of a scenario are made of normals alone."""
    return problem.shocks.model in OF_NORMALS


def check_model(problem: Problem) -> None:
    """Refuse draws that are not made of normals alone.

    Raises:
        ScenarioError: of such a scenario.
    """
    if not tilts(problem):
        raise ScenarioError(
            "has draws that cannot be tilted",
            file=problem.origin.scenario or problem.name,
            key="shocks.model",
            value=problem.shocks.model,
            allowed=", ".join(OF_NORMALS),
        )


def pilot_ids(stage: int, paths: int) -> npt.NDArray[np.uint64]:
    """Ids that no run uses, others for each stage."""
    return np.uint64(FIRST + stage * APART) + np.arange(paths, dtype=np.uint64)


def _elite(drawn: Drawn, asked: Question) -> tuple[npt.NDArray[np.intp], Floats, bool]:
    """The paths that the next stage is fitted to, their weights, and whether they are those of the event itself.

    As many of the worst are taken as have the effective size (Kong 1992) of ON_THE_WAY, and no fewer than ELITE.
    """
    event = event_of(drawn, asked)
    happened = np.flatnonzero(event) if event is not None else np.zeros(0, np.intp)
    weights = truncated(drawn.weights[happened])
    if len(happened) and effective(weights) >= FEW:
        return happened, weights, True
    worst = np.argsort(-drawn.losses, kind="stable")
    enough = np.flatnonzero(_effective_so_far(drawn.weights[worst]) >= ON_THE_WAY)
    count = max(2, round(ELITE * len(worst)), int(enough[0]) + 1 if len(enough) else len(worst))
    return worst[:count], truncated(drawn.weights[worst[:count]]), False


def _amounts(losses: npt.NDArray[Any], asked: Question) -> Floats:
    """What the weights of the worst paths are multiplied by: for an ES, what each loses beyond the least bad one."""
    beyond = losses.astype(np.float64) - losses.min()
    return beyond if asked.kind == "es" and beyond.any() else np.ones(len(losses))


def _effective_so_far(weights: Floats) -> Floats:
    """Effective sizes of the first one, two, ... paths."""
    square = np.cumsum(weights**2)
    found: Floats = np.cumsum(weights) ** 2 / np.where(square > 0, square, 1.0)
    return found


class Sample(Protocol):
    """Paths with weights."""

    @property
    def losses(self) -> npt.NDArray[Any]:
        """(path,)."""

    @property
    def defaulted(self) -> npt.NDArray[np.bool_]:
        """(path,)."""

    @property
    def weights(self) -> Floats:
        """(path,)."""


def event_of(drawn: Sample, asked: Question) -> npt.NDArray[np.bool_] | None:
    """On which paths it happened; None where the VaR is not known."""
    if asked.kind == "default":
        return drawn.defaulted
    bound = asked.bound
    if asked.level is not None:
        bound = value_at_risk(Weighted(drawn.losses, drawn.weights, len(drawn.losses)), asked.level).value
    if bound is None or math.isnan(bound):
        return None
    found: npt.NDArray[np.bool_] = drawn.losses > bound
    return found


def variance_ratio(
    losses: npt.NDArray[Any], weights: Floats, method: Floats, event: npt.NDArray[np.bool_] | None, asked: Question
) -> float:
    """Variance of a plain path's term over that of a path of a method: for a probability and a VaR the event, for an
    ES the loss beyond the VaR.

    Args:
        losses: (path,) of a sample.
        weights: (path,) of the sample.
        method: (path,) weight that the method gives to such a path where it simulates it.
        event: (path,) whether it happened.
        asked: the question.
    """
    if event is None:
        return math.nan
    terms = event.astype(float)
    if asked.kind == "es" and event.any():
        terms = np.where(event, losses - losses[event].min(), 0.0)
    mean = float((weights * terms).mean())
    plain = float((weights * terms**2).mean()) - mean**2
    of_method = float((weights * method * terms**2).mean()) - mean**2
    return plain / of_method if of_method > 0 else math.nan
