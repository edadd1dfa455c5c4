"""The engine's draw against the law that the scenario asks for: each asset, every pair, one step and the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stress.questions.validate.check import Check, largest
from stress.questions.validate.laws import LEVELS, MIDDLE, Law, Moves, law_of
from stress.scenarios.problem import Floats, Problem
from stress.scenarios.shocks.moments import step_deviation, step_mean

STANDARD_ERRORS = 5.0
UNIT = "in standard errors"
REMEMBER = ("garch", "regime", "bootstrap", "filtered_historical")  # models whose steps depend on those before


def law_of_the_draw(part: str, problem: Problem, draws: Floats) -> Iterator[Check]:
    """Counts of draws (step, asset, path) below cuts of their law, of pairs above their middle, and of what lasts.

    Of every model, see `laws`. A draw that was clipped counts as what it was, beyond; where volatility has a memory,
    paths with one are left out. Steps with a condition or of a replay are not looked at, nor are the others where the
    model remembers them.
    """
    shocks = problem.shocks
    apart_from = {one.step for one in shocks.conditions} | set(shocks.replay.steps if shocks.replay else ())
    free = [step - 1 for step in range(1, len(draws) + 1) if step not in apart_from]
    if not free or (apart_from and shocks.model in REMEMBER):
        what = "other steps remember steps with" if free else "every step has"
        yield Check(part, f"{what} a condition or a replay: the law of the draw is not looked at", 0, 0)
        return
    draws = draws[free]
    sigma = step_deviation(shocks, problem.assets, problem.steps_per_day)
    mean = step_mean(shocks, problem.assets, sigma, problem.steps_per_day)
    moved = sigma > 0
    whole = (np.abs(draws) < shocks.max_move).all(axis=(0, 1))
    if shocks.model in ("garch", "filtered_historical"):
        draws = draws[..., whole]
    dof = np.array([shocks.class_dof.get(name, shocks.dof) for name in problem.assets.asset_class])
    z = (draws - mean[:, None])[:, moved] / sigma[moved][:, None]
    law = law_of(Moves(problem, moved, z, sigma[moved], dof[moved])) if moved.any() else None
    if law is None:
        yield Check(part, f"the draw of model {shocks.model!r} is not looked at: nothing moves", 0, 0)
        return
    beyond = (shocks.max_move - np.abs(mean[moved])) / sigma[moved]
    inside = np.abs(law.cuts) < beyond[:, None]
    yield Check(part, "draws below quantiles of their law", _below(law, inside), STANDARD_ERRORS, UNIT)
    above = (law.values > law.cuts[:, [MIDDLE]]).astype(np.float64)
    if law.both is None:
        yield Check(part, "covariances of pairs of draws", _products(problem, moved, law.values), STANDARD_ERRORS, UNIT)
    else:
        told = "pairs of draws above their medians"
        yield Check(part, told, _pairs(law, law.both, above), STANDARD_ERRORS, UNIT)
    yield Check(part, "draws above their medians in one step and the next", _lasting(law, above), STANDARD_ERRORS, UNIT)


def _below(law: Law, inside: np.ndarray) -> float:
    """Of counts over the steps; steps of a path that depend on each other widen the error as they do in the sample."""
    paths = law.values.shape[2]
    worst = 0.0
    for n in range(len(LEVELS)):
        counts = (law.values < law.cuts[:, [n]]).sum(axis=0)  # (asset, path)
        chance = law.chances[:, :, n]
        least = (chance * (1.0 - chance)).sum(axis=0)
        variance = least if law.independent else np.maximum(counts.var(axis=1), least)
        apart = np.abs(counts.sum(axis=1) - paths * chance.sum(axis=0)) / np.sqrt(np.maximum(variance * paths, 1.0))
        worst = max(worst, largest(apart[inside[:, n]]))
    return worst


def _pairs(law: Law, both: Floats, above: Floats) -> float:
    """Over all steps, or where they depend on each other in the last one."""
    if not law.independent:
        both, above = both[-1:], above[-1:]
    counts, paths = np.einsum("sip,sjp->ij", above, above), above.shape[2]
    spread = np.sqrt(np.maximum((both * (1.0 - both)).sum(axis=0) * paths, 0.0))
    return largest(np.abs(counts - both.sum(axis=0) * paths) / np.maximum(spread, 1.0))


def _products(problem: Problem, moved: np.ndarray, values: Floats) -> float:
    """Mean products of two assets' moves: their correlation."""
    count = values.shape[0] * values.shape[2]
    mean = np.einsum("sip,sjp->ij", values, values) / count
    square = np.einsum("sip,sjp->ij", values**2, values**2) / count
    error = np.sqrt(np.maximum(square - mean**2, 1e-300) / count)
    return largest(np.abs(mean - problem.shocks.draw_correlation[np.ix_(moved, moved)]) / error)


def _lasting(law: Law, above: Floats) -> float:
    """What lying above the median in one step says of the next, over the steps of each path."""
    if len(above) == 1:
        return 0.0
    apart = above - (1.0 - law.chances[:, :, [MIDDLE]])
    each = (apart[1:] * apart[:-1]).mean(axis=0)  # (asset, path)
    error = each.std(axis=1) / np.sqrt(each.shape[1])
    return largest(np.abs(each.mean(axis=1) - law.lasting) / np.maximum(error, 1e-12))
