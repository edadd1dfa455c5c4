"""What the law of a step's draw is worked out from, and whether a condition can be met at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from stress.scenarios.conditions.days import Kernel
from stress.scenarios.conditions.law import Given, Part, given
from stress.scenarios.conditions.record import Condition
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Assets, Floats, Shocks
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.shocks.moments import step_deviation, step_mean
from stress.scenarios.shocks.registry import TABLES

FEWEST_DAYS = 30.0  # effective, of a history's days that are near a condition
WIDTHS = [0.1 * 1.1**n for n in range(73)]  # bandwidths that are offered, to 100


class Law(NamedTuple):
    """The law of the draw at the step of a condition, before it and given it."""

    parts: list[Part]
    given: list[Given]


def law_at(shocks: Shocks, assets: Assets, steps_per_day: int, condition: Condition) -> Law:
    """The law of the draw at the step of a condition; raises LinAlgError where its rows cannot be told apart."""
    deviation = step_deviation(shocks, assets, steps_per_day)
    mean = step_mean(shocks, assets, deviation, steps_per_day)
    parts = TABLES[shocks.model].parts(shocks, deviation, mean, steps_per_day, condition)
    return Law(parts, [given(part, condition.rows, condition.log_moves) for part in parts])


def check_conditions(scenario: Scenario, shocks: Shocks, assets: Assets) -> None:
    """Refuse conditions that no draw of the model can meet, or that the model has no law for.

    Raises:
        ScenarioError: moves that contradict or repeat each other, of what does not move, or beyond `max_move`.
    """
    for condition in shocks.conditions:
        where = f"shocks.condition at step {condition.step}"

        def refused(problem: str, value: object, allowed: str, where: str = where) -> ScenarioError:
            return ScenarioError(problem, file=scenario.source, key=where, value=value, allowed=allowed)

        beyond = np.abs(condition.log_moves) > shocks.max_move
        if beyond.any():
            i = int(beyond.argmax())
            allowed = f"log(1 + move) of {shocks.max_move:g} at most in size (shocks.max_move), where draws are clipped"
            raise refused(f"moves {condition.keys[i]} beyond what a draw can", float(condition.moves[i]), allowed)
        if len(shocks.class_dof) > 1:
            allowed = "one shocks.dof for all classes: no closed form is known of classes with their own chi-squares"
            raise refused("has degrees of freedom by class", dict(shocks.class_dof), allowed)
        if problem := TABLES[shocks.model].without_law(shocks, condition):
            raise refused(*problem)
        deviation = step_deviation(shocks, assets, scenario.horizon.steps_per_day)
        mean = step_mean(shocks, assets, deviation, scenario.horizon.steps_per_day)
        try:
            law_at(shocks, assets, scenario.horizon.steps_per_day, condition)
        except np.linalg.LinAlgError as error:
            key = condition.keys[int(str(error))] if str(error).isdigit() else condition.keys[0]
            raise refused(
                f"{key} does not move apart from the other moves of this step"
                if len(condition.keys) > 1
                else f"{key} does not move in the draw",
                {k: float(m) for k, m in zip(condition.keys, condition.moves, strict=True)},
                "moves that neither contradict nor repeat each other, of what has a shock_vol above 0",
            ) from error
        _check_days(shocks, condition, deviation, mean, refused)


def _check_days(
    shocks: Shocks, condition: Condition, deviation: Floats, mean: Floats, refused: Callable[..., ScenarioError]
) -> None:
    """Refuse a condition near which a history has too few days, and say which bandwidth leaves enough."""

    def kernel(width: float | None) -> Kernel | None:
        return TABLES[shocks.model].picked_days(shocks, deviation, mean, replace(condition, bandwidth=width))

    found = kernel(condition.bandwidth)
    if found is None or found.effective >= FEWEST_DAYS:
        return
    width = next((w for w in WIDTHS if (wide := kernel(w)) is not None and wide.effective >= FEWEST_DAYS), None)
    wider = "" if width is None else f" ({width:.3g} leaves that many)"
    raise refused(
        f"leaves {found.effective:.3g} effective days of the history, by a kernel of bandwidth "
        f"{found.bandwidth:.3g} in Mahalanobis distance",
        {k: float(m) for k, m in zip(condition.keys, condition.moves, strict=True)},
        f"{FEWEST_DAYS:g} effective days or more: smaller moves, fewer of them, a wider `bandwidth`{wider} of "
        "the condition, or a model with a closed form, as student_t",
    )
