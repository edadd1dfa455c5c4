"""The tilt of a question, from pilots on ids that no run uses: stage by stage to what is rarer (Rubinstein and Kroese
2004), and then whether it is worth it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stress.questions.rare.asked import Asked
from stress.questions.rare.components import fit
from stress.questions.rare.mixture import Mixture
from stress.questions.rare.sampler import Drawn, Sampler
from stress.results.statistics.weighted import Weighted, value_at_risk
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
FIRST = 1 << 63  # id of the first path of a pilot
APART = 1 << 40  # ids from stage to stage
PATHS = 16_384  # of a stage
ELITE = 0.02  # share of a stage that the next one is fitted to
ENOUGH = 400  # effective paths of the event asked about that a tilt is fitted to at last
FEW = 50  # the same, that one is fitted to for the next stage
ON_THE_WAY = 150  # the same, of what is less rare, where the event has not even FEW
STAGES = 8
LEAST = 1.5  # gain below which paths are plain
SALES = 7.0  # cost of a path with sales where one that is held still costs 1
RATIOS = 0.5  # cost of the likelihoods of a path
ONE_STEP = ("student_t", "factor")  # models with fat tails of single steps
MODELS = ("gaussian", "student_t", "factor", "garch")  # whose draws are made of normals alone
MOST_STEPS = 100  # with a component for each


class Fitted(NamedTuple):
    """A mixture, and what is known of it before the run.

    Attributes:
        mixture: plain where nothing is gained.
        gain: variance of plain paths over that of the mixture's, at equal cost; NaN: not known.
        fewer: the same at equal paths.
        cost: of a path of the mixture over that of a plain one.
        stages: pilots simulated.
        why: in words, why paths are plain; "" where they are tilted.
    """

    mixture: Mixture
    gain: float
    fewer: float
    cost: float
    stages: int
    why: str


def fit_tilt(
    sampler: Sampler, asked: Asked, paths: int = PATHS, says: Callable[[str], None] = lambda _: None
) -> Fitted:
    """Fit a tilt to a question and find what it gains; of draws that `check_model` lets pass."""
    problem = sampler.problem
    fat = problem.shocks.model in ONE_STEP and math.isfinite(problem.shocks.dof) and problem.steps <= MOST_STEPS
    plain = mixture = Mixture.plain(sampler.rows(), problem.steps, fat)
    plain_sales = 0.0
    of_event = False
    for stage in range(STAGES):
        says(f"pilot {stage + 1}")
        drawn = sampler.draw(mixture, _ids(stage, paths))
        if stage == 0:
            plain_sales = drawn.with_sales / paths
        chosen, of_event = _elite(drawn, asked)
        weights = drawn.weights[chosen]
        if not weights.sum() > 0 or len(chosen) < 2:
            return Fitted(plain, math.nan, math.nan, math.nan, stage + 1, "the pilot did not find the event")
        shifts = fit(sampler.normals(mixture, drawn.ids[chosen]), weights, fat)
        mixture = plain.fitted(*shifts)
        if of_event and _effective(weights)[-1] >= ENOUGH:
            break
    if not of_event:
        return Fitted(plain, math.nan, math.nan, math.nan, STAGES, "the pilots did not reach the event")
    says("pilot of the gain")
    drawn = sampler.draw(mixture, _ids(STAGES, paths))
    fewer = variance_ratio(drawn, asked)
    cost = (1 + RATIOS + SALES * drawn.with_sales / paths) / (1 + SALES * plain_sales)
    if not sampler.two_passes:
        cost = (SALES + RATIOS) / SALES
    if not fewer / cost >= LEAST:
        return Fitted(plain, fewer / cost, fewer, cost, stage + 2, "the pilot shows no gain for this question")
    return Fitted(mixture, fewer / cost, fewer, cost, stage + 2, "")


def check_model(problem: Problem) -> None:
    """Refuse draws that are not made of normals alone.

    Raises:
        ScenarioError: of such a scenario.
    """
    if problem.shocks.model not in MODELS:
        raise ScenarioError(
            "has draws that cannot be tilted",
            file=problem.origin.scenario or problem.name,
            key="shocks.model",
            value=problem.shocks.model,
            allowed=", ".join(MODELS),
        )


def _ids(stage: int, paths: int) -> npt.NDArray[np.uint64]:
    return np.uint64(FIRST + stage * APART) + np.arange(paths, dtype=np.uint64)


def _elite(drawn: Drawn, asked: Asked) -> tuple[npt.NDArray[np.intp], bool]:
    """The paths that the next stage is fitted to, and whether they are those of the event itself.

    A few paths of large weight are not fitted to: as many of the worst are taken as have the effective size (Kong
    1992) of ON_THE_WAY, and no fewer than ELITE.
    """
    event = np.flatnonzero(_event(drawn, asked))
    if len(event) and _effective(drawn.weights[event])[-1] >= FEW:
        return event, True
    worst = np.argsort(-drawn.losses, kind="stable")
    enough = np.flatnonzero(_effective(drawn.weights[worst]) >= ON_THE_WAY)
    count = max(2, round(ELITE * len(worst)), int(enough[0]) + 1 if len(enough) else len(worst))
    return worst[:count], False


def _effective(weights: Floats) -> Floats:
    """Effective sizes of the first one, two, ... paths."""
    square = np.cumsum(weights**2)
    found: Floats = np.cumsum(weights) ** 2 / np.where(square > 0, square, 1.0)
    return found


def _event(drawn: Drawn, asked: Asked) -> npt.NDArray[np.bool_]:
    """On which paths it happened; on none where the VaR is not known."""
    if asked.kind == "default":
        return drawn.defaulted
    bound = asked.bound
    if asked.level is not None:
        bound = value_at_risk(Weighted(drawn.losses, drawn.weights, len(drawn.ids)), asked.level).value
    assert bound is not None  # of a loss
    found: npt.NDArray[np.bool_] = drawn.losses > bound
    return found


def variance_ratio(drawn: Drawn, asked: Asked) -> float:
    """Variance of a plain path's term over that of a weighted one, both from weighted paths: for a probability and a
    VaR the event, for an ES the loss beyond the VaR."""
    event = _event(drawn, asked)
    if not event.any():
        return math.nan
    terms = event.astype(float)
    if asked.kind == "es":
        terms = np.where(event, drawn.losses - drawn.losses[event].min(), 0.0)
    mean = float((drawn.weights * terms).mean())
    plain = float((drawn.weights * terms**2).mean()) - mean**2
    tilted = float(((drawn.weights * terms) ** 2).mean()) - mean**2
    return plain / tilted if tilted > 0 else math.nan
