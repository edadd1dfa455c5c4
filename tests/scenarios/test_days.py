"""Durations in steps and in days: with several steps a day only days say what is meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scenario_example import alone, full_example, problem_of, refused
from stress.scenarios.problem import Problem


def with_day(per_day: int, **tables: Any) -> dict[str, Any]:
    document = alone({})
    document["horizon"] = {"steps": 4 * per_day, "steps_per_day": per_day}
    return document | tables


def durations(problem: Problem) -> tuple[list[int], list[int], list[int]]:
    closing = problem.triggers["close_out"]
    return problem.funds.grace_steps.tolist(), problem.funds.lockup_steps.tolist(), closing.cure_steps.tolist()


@pytest.mark.parametrize("per_day", [1, 4])
def test_days_are_steps_of_the_day(per_day: int) -> None:
    document = with_day(per_day, margin={"grace_days": 2, "lockup_days": 1}, triggers={"cure_days": 5})
    assert durations(problem_of(document)) == ([2 * per_day], [per_day], [5 * per_day])


@pytest.mark.parametrize("per_day", [1, 4])
def test_the_default_of_a_cure_is_three_days(per_day: int) -> None:
    assert durations(problem_of(with_day(per_day, margin={}, triggers={"max_participation": 0.2}))) == (
        [0],
        [0],
        [3 * per_day],
    )


def test_a_fund_s_own_table_decides_whichever_key_it_uses() -> None:
    document = with_day(1, margin={"grace_steps": 3}, triggers={"cure_steps": 4})
    document["funds"][0] |= {"margin": {"grace_days": 1}, "triggers": {"cure_days": 2}}
    assert durations(problem_of(document)) == ([1], [0], [2])


def test_part_of_a_day_is_a_number_of_steps() -> None:
    assert durations(problem_of(with_day(4, margin={"grace_days": 0.25})))[0] == [1]
    refused(with_day(4, margin={"grace_days": 0.3}), "margin.grace_days", "days that make a whole number of steps")
    refused(with_day(1, margin={"grace_days": 0.5}), "margin.grace_days", "days that make a whole number of steps")


def test_steps_are_refused_where_a_day_has_several() -> None:
    refused(with_day(2, margin={"grace_steps": 1}), "margin.grace_steps", "grace_days in its place")
    refused(with_day(2, margin={"lockup_steps": 1}), "margin.lockup_steps", "lockup_days in its place")
    refused(with_day(2, triggers={"cure_steps": 3}), "triggers.cure_steps", "cure_days in its place")
    assert durations(problem_of(with_day(2, margin={"grace_steps": 0})))[0] == [0]  # says the same in both


def test_both_keys_in_a_table_are_refused() -> None:
    refused(with_day(1, margin={"grace_days": 1, "grace_steps": 1}), "margin.grace_days", "one of: grace_steps")


def test_lockups_by_tier_in_days_and_the_canonical_document() -> None:
    document = full_example()
    document["horizon"] = {"steps": 8, "steps_per_day": 2}
    document["funds"][0]["margin"] = {"rates": {"equity": "14 %"}, "lockup_days": [30, 30, 0, 0.5]}
    problem = problem_of(document)
    quant = problem.funds.type_of == problem.funds.types.index("quant")
    np.testing.assert_array_equal(problem.funds.lockup_steps[quant], [60, 60, 0, 1])
    again = problem_of(problem.canonical)
    np.testing.assert_array_equal(again.funds.lockup_steps, problem.funds.lockup_steps)
    assert again.canonical == problem.canonical
    document["funds"][0]["margin"]["lockup_days"] = [30, 30]
    refused(document, "funds.quant.margin.lockup_days", "one for each of 4 members")
