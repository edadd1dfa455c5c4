"""What is told of conditions: how far out they lie, how likely that is, and what comes of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stress.scenarios.conditions.law import reweighted
from stress.scenarios.conditions.record import Condition
from stress.scenarios.conditions.step import Law, law_at
from stress.scenarios.problem import Floats, Problem
from stress.scenarios.shocks.moments import step_deviation, step_mean
from stress.scenarios.shocks.registry import TABLES

MOST_TOLD = 4  # regimes or numbers of jumps in a sentence
SMALL_CHANCE = 0.005


def condition_facts(problem: Problem) -> list[dict[str, Any]]:
    """Facts of each condition as JSON has them.

    `distance` is Mahalanobis', by the scale matrix of a Student-t law, by the covariance of the whole law where it is
    a mixture. `plausibility` is the probability that moves lie that far out or further; of a mixture its mean over
    the parts. `simple_moves` are those expected of what is fixed: to second order, as weights are of logs.
    """
    return [_facts(problem, condition) for condition in problem.shocks.conditions]


def _facts(problem: Problem, condition: Condition) -> dict[str, Any]:
    shocks, rows = problem.shocks, condition.rows
    law = law_at(shocks, problem.assets, problem.steps_per_day, condition)
    chances = np.array([part.chance for part in law.parts])
    after = reweighted(law.parts, law.given)
    facts: dict[str, Any] = {
        "step": condition.step,
        "moves": dict(zip(condition.keys, condition.moves.tolist(), strict=True)),
        "distance": _distance(law, rows, condition.log_moves),
        "plausibility": float(chances @ [one.plausibility() for one in law.given] / chances.sum()),
        "dof": law.parts[0].dof if math.isfinite(law.parts[0].dof) else None,
    }
    names = [part.name for part in law.parts]
    if any(names):
        of_name = {name: np.array([name == other for other in names]) for name in dict.fromkeys(names)}
        facts["chances"] = {name: [float(chances @ own), float(after @ own)] for name, own in of_name.items()}
    deviation = step_deviation(shocks, problem.assets, problem.steps_per_day)
    mean = step_mean(shocks, problem.assets, deviation, problem.steps_per_day)
    kernel = TABLES[shocks.model].picked_days(shocks, deviation, mean, condition)
    if kernel is not None:
        facts |= {"bandwidth": kernel.bandwidth, "effective_days": kernel.effective}
    weights = condition.weights
    expected = weights @ (after @ [_expected_moves(problem, law, i) for i in range(len(after))])
    alone = (weights != 0).sum(axis=1) == 1
    moves = np.where(alone, condition.moves, expected)
    return facts | {"simple_moves": dict(zip(condition.keys, moves.tolist(), strict=True))}


def _distance(law: Law, rows: Floats, moves: Floats) -> float:
    if len(law.parts) == 1:
        return math.sqrt(law.given[0].squared)
    chances = np.array([part.chance for part in law.parts]) / sum(part.chance for part in law.parts)
    means = np.stack([rows @ part.mean for part in law.parts])
    apart = means - chances @ means
    between = np.tensordot(chances, np.stack([rows @ part.across for part in law.parts]), 1)
    lacks = moves - chances @ means
    return math.sqrt(max(0.0, float(lacks @ np.linalg.solve(between + (apart.T * chances) @ apart, lacks))))


def _expected_moves(problem: Problem, law: Law, i: int) -> Floats:
    """Expected simple move of each asset in a part, to second order, (asset,), what comes by loadings included."""
    part, given, loadings = law.parts[i], law.given[i], problem.assets.loadings
    mean, variance, gain, across = part.mean + given.gain @ given.missing, part.variance, given.gain, part.across
    if loadings is not None:
        own = problem.shocks.draw_correlation * np.outer(np.sqrt(variance), np.sqrt(variance))
        variance = np.diag(loadings.covariance(own))
        mean, gain, across = loadings.moves(mean), loadings.moves(gain), loadings.moves(across)
    left = variance - (gain * across).sum(axis=1)
    found: Floats = np.exp(mean) * (1.0 + 0.5 * np.maximum(left, 0.0) * given.spread**2) - 1.0
    return found


def condition_sentences(facts: list[dict[str, Any]]) -> list[str]:
    """One sentence or two for each condition."""
    return [" ".join(_sentences(one)) for one in facts]


def _sentences(facts: dict[str, Any]) -> list[str]:
    fixed = list(facts["moves"].items())
    told = ", ".join(f"{key} {_percent(move)}" for key, move in fixed[:MOST_TOLD])
    more = f" and {len(fixed) - MOST_TOLD} more" if len(fixed) > MOST_TOLD else ""
    law = f" (Student-t, {facts['dof']:g} degrees of freedom)" if facts["dof"] else ""
    found = [
        f"Given at step {facts['step']}: {told}{more}; the rest is drawn given that. Mahalanobis distance "
        f"{facts['distance']:.3g}{law}: to be that far out or further has a probability of {facts['plausibility']:.2g}."
    ]
    other = [
        f"{key} {_percent(facts['simple_moves'][key])}"
        for key, move in fixed
        if abs(facts["simple_moves"][key] - move) >= 5e-5
    ]
    if other:
        found.append(f"Weights are of log returns; the simple moves expected are {', '.join(other[:MOST_TOLD])}.")
    shifted = [(name, *both) for name, both in facts.get("chances", {}).items() if max(both) >= SMALL_CHANCE]
    if shifted:
        parts = [f"{name} {_percent(before)} -> {_percent(after)}" for name, before, after in shifted[:MOST_TOLD]]
        found.append(f"Chances before and given it: {', '.join(parts)}.")
    if "bandwidth" in facts:
        found.append(
            f"Days of the history by a kernel of bandwidth {facts['bandwidth']:.3g}: "
            f"{facts['effective_days']:.3g} effective days."
        )
    return found


def _percent(value: float) -> str:
    return f"{100 * value:.4g} %"
