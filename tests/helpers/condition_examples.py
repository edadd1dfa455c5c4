"""The example scenario with conditions on the draw of every shock model."""

from __future__ import annotations

from typing import Any

from scenario_example import problem_of
from shock_examples import document
from stress.scenarios.problem import Problem

FIRST = {"step": 1, "moves": {"semis": "-3 %"}}
LATER = {"step": 3, "moves": {"equity": "-2 %", "bonds": 0.01}}
PLAIN = {"model": "student_t", "dof": 5}
# Shocks beside those of `shock_examples`, and conditions.
CONDITIONED: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "student_t": (PLAIN, [FIRST, LATER]),
    "gaussian": ({"model": "gaussian"}, [FIRST, LATER]),
    "garch": ({}, [FIRST, LATER]),
    "garch, gaussian": ({}, [{"step": 2, "moves": {"equity.*": "-1 %"}}]),
    "regime": ({"drift": 0.3}, [FIRST, LATER]),
    "regime, student_t": ({"dof": 5}, [FIRST, LATER]),
    "jump": ({"drift": 0.3}, [FIRST, {"step": 3, "moves": {"equity": "-4 %"}}]),
    "jump, own": ({}, [FIRST]),
    "factor": ({}, [FIRST, LATER]),
    "factor, student_t": ({}, [FIRST, LATER]),
    "bootstrap": ({"drift": 0.3}, [FIRST | {"bandwidth": 1.5}, LATER | {"bandwidth": 2}]),
    "filtered_historical": ({}, [FIRST | {"bandwidth": 1.5}]),
}


def conditioned_document(name: str, steps: int = 4, conditions: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The document of an example, its script left out."""
    own, usual = CONDITIONED[name]
    plain = own.get("model") in ("student_t", "gaussian")
    made = document("garch" if plain else name, steps)
    made["shocks"] = ({} if plain else made["shocks"]) | own
    made["shocks"].pop("script", None)
    made["shocks"]["condition"] = usual if conditions is None else conditions
    return made


def conditioned(name: str, **given: Any) -> Problem:
    return problem_of(conditioned_document(name, **given))
