from __future__ import annotations

import json

import pytest

from scenario_example import differences, example, full_example, problem_of
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.canonical import digest
from stress.scenarios.library import library_path, list_names
from stress.scenarios.read.loader import load_scenario, scenario_from_document


@pytest.mark.parametrize("name", list_names())
def test_the_canonical_document_builds_the_same_problem(name: str) -> None:
    problem = build_problem(load_scenario(library_path(name)))
    text = json.dumps(problem.canonical, allow_nan=False)
    again = build_problem(scenario_from_document(json.loads(text)))
    ours = {
        "input_hashes",
        "defaults_filled",
        "origin.scenario",
        "origin.file_sha256",
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
        "origin.scenario",
        "origin.file_sha256",
        "assets.file_order",
        "funds.types_file_order",
        "funds.brokers_file_order",
    }


@pytest.mark.parametrize(
    "impact",
    [
        None,
        {"law": "none", "pi": 0.1, "coefficient": 2.0},
        {"law": "linear", "lambda": 1e-13},
        {"law": "linear", "lambda": {"equity": 2e-13, "bonds": 1e-13}},
        {"law": "bounded_exponential", "c": 0.3, "tau": 10, "B": "40 %"},
        {"law": "exponential", "pi": 0.05, "outstanding": "30 tn USD"},
    ],
)
def test_the_canonical_full_example_builds_the_same_problem(impact: dict[str, object] | None) -> None:
    document = full_example()
    document["impact"] = impact or document["impact"]
    problem = problem_of(document)
    again = problem_of(json.loads(json.dumps(problem.canonical, allow_nan=False)))
    assert set(differences(problem, again)) <= {
        "defaults_filled",
        "origin.scenario",
        "origin.file_sha256",
        "assets.file_order",
        "funds.types_file_order",
        "funds.brokers_file_order",
    }
    assert digest(again.canonical) == digest(problem.canonical)


def test_the_digest_sees_the_numbers_of_every_mechanism() -> None:
    base = digest(problem_of(full_example()).canonical)
    for override in (
        "crowding.crowd.seed=6",
        "crowding.crowd.common=0.5",
        "prime_brokers.pb_a.rate_factor=1.2",
        "prime_brokers.pb_a.cap=1.4",
        "prime_brokers.pb_c.hike.size=0.4",
        "margin.hike.level=2.1",
        "funds.crowd.margin.concentration.per_day=0.02",
        "funds.macro.margin.floor=0.02",
        "margin.scenarios=[{equity=-0.16}]",
        "funds.macro.triggers.two_way=false",
        "funds.macro.triggers.band=0.2",
        "funds.quant.triggers.speed=0.4",
        "funds.quant.triggers.target_vol=1.2 x start",
        "funds.quant.books.pod.priority=0",
        "funds.quant.books.tail.overlay=[[0.05, 0.0], [0.2, 0.7]]",
        "impact.pi=0.03",
    ):
        assert digest(problem_of(full_example(), override).canonical) != base, override
    assert digest(problem_of(full_example(), "impact.outstanding.bonds=20 tn").canonical) == base


def test_the_digest_sees_every_number() -> None:
    base = digest(problem_of(example()).canonical)
    for override in ("assets.semis.vol=40 %", "impact.coefficient=1.1", "funds.quant.margin.grace_steps=1", "title=x"):
        assert digest(problem_of(example(), override).canonical) != base
    assert digest(problem_of(example(), "assets.bonds.vol=15 %").canonical) == base


def test_sectors_are_carried() -> None:
    """From the file through the document to the problem made of it; empty where none is named."""
    document = example()
    document["assets"][0]["sector"] = "tech"
    problem = problem_of(document)
    again = build_problem(scenario_from_document(problem.canonical))
    assert problem.assets.sector == again.assets.sector == ("", "", "tech")
    assert problem_of(example()).assets.sector == ("", "", "")
