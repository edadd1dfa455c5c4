from __future__ import annotations

import json

import pytest

from scenario_example import differences, example, problem_of
from stress.scenarios.build import build_problem
from stress.scenarios.canonical import digest
from stress.scenarios.library import library_path, list_names
from stress.scenarios.loader import load_scenario, scenario_from_document


@pytest.mark.parametrize("name", list_names())
def test_the_canonical_document_builds_the_same_problem(name: str) -> None:
    problem = build_problem(load_scenario(library_path(name)))
    text = json.dumps(problem.canonical, allow_nan=False)
    again = build_problem(scenario_from_document(json.loads(text)))
    ours = {
        "input_hashes",
        "defaults_filled",
        "assets.file_order",
        "funds.types_file_order",
        "funds.brokers_file_order",
    }
    assert set(differences(problem, again)) <= ours
    assert digest(again.canonical) == digest(problem.canonical)


def test_the_canonical_example_builds_the_same_problem() -> None:
    document = example()
    document["margin"]["rates"] = {"bonds": 0.02, "equity": 0.3}
    document["funds"][1] |= {"count": 3, "leverage_spread": 0.1, "triggers": {"max_leverage": "none"}}
    problem = problem_of(document)
    again = problem_of(problem.canonical)
    assert set(differences(problem, again)) <= {
        "defaults_filled",
        "assets.file_order",
        "funds.types_file_order",
        "funds.brokers_file_order",
    }


def test_the_digest_sees_every_number() -> None:
    base = digest(problem_of(example()).canonical)
    for override in ("assets.semis.vol=40 %", "impact.coefficient=1.1", "funds.quant.margin.grace_steps=1", "title=x"):
        assert digest(problem_of(example(), override).canonical) != base
    assert digest(problem_of(example(), "assets.bonds.vol=15 %").canonical) == base
