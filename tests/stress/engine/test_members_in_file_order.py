"""The order in which results list funds and their members."""

from __future__ import annotations

from dataclasses import replace

from stress.engine.runner import groups_in_file_order
from tiny import make_problem


def test_members_of_a_type_stand_together_in_the_order_of_the_file() -> None:
    problem = make_problem()
    order = problem.funds.types[::-1]
    problem = replace(problem, funds=replace(problem.funds, types_file_order=order))
    of_type = [problem.funds.types.index(name) for name in order]
    members = [
        name for t in of_type for name, at in zip(problem.funds.ids, problem.funds.type_of, strict=True) if at == t
    ]
    assert len(members) > len(order)
    assert groups_in_file_order(problem, members=False) == order
    assert groups_in_file_order(problem, members=True) == tuple(members)
