"""`[[groups]]`: what they come to, and everything that is refused."""

from __future__ import annotations

from typing import Any

import pytest

from scenario_example import example, problem_of
from stress.compile.matrices import group_matrix, group_nav
from stress.compile.structure import structure_of
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.loader import scenario_from_document

GROUPS = [{"id": "firm", "funds": ["quant", "longs"]}, {"id": "alone", "funds": ["longs"]}]


def test_groups_are_rows_between_funds_and_system_and_stay_in_the_document() -> None:
    problem, plain = problem_of(example(groups=GROUPS)), problem_of(example())
    assert problem.fund_groups == {"alone": ("longs",), "firm": ("longs", "quant")}
    assert problem_of(problem.canonical).canonical == problem.canonical
    assert "groups" not in plain.canonical
    nav, matrix = group_nav(problem, groups=True), group_matrix(problem)
    assert list(nav) == [2e9, 10e9, 2e9, 12e9, 12e9]
    assert matrix.shape == (5, 5)
    assert (matrix[2] == matrix[0]).all()
    assert (matrix[3] == matrix[4]).all()
    assert structure_of(problem)._replace(groups=()) == structure_of(plain)
    assert structure_of(problem).groups == ((0,), (0, 1, 2, 3, 4))


@pytest.mark.parametrize(
    ("groups", "key", "says"),
    [
        ([{"id": "firm", "funds": ["qaunt"]}], "groups.firm.funds", "quant"),
        ([{"id": "firm", "funds": ["quant_t1"]}], "groups.firm.funds", "quant"),
        ([{"id": "firm", "funds": ["quant", "quant"]}], "groups.firm.funds", "each fund once"),
        ([{"id": "quant", "funds": ["longs"]}], "groups.quant.id", "no fund"),
        ([{"id": "quant_t1", "funds": ["longs"]}], "groups.quant_t1.id", "no fund"),
        ([{"id": "system", "funds": ["longs"]}], "groups.system.id", "no fund"),
        ([{"id": "a", "funds": ["longs"]}, {"id": "a", "funds": ["quant"]}], "groups.a.id", "distinct ids"),
        ([{"id": "firm", "funds": []}], "groups.firm.funds", "1 or more"),
        ([{"id": "firm"}], "groups.firm.funds", "required"),
    ],
)
def test_what_is_no_group_is_refused(groups: list[dict[str, Any]], key: str, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        problem_of(scenario_from_document(example(groups=groups)).document)
    assert caught.value.key == key
    assert says in str(caught.value)
