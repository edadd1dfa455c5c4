"""The groups of judgement numbers that ship, with ranges from sources, and the scripts that were calibrated."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LAWS = ("uniform", "triangular", "loguniform")


@dataclass(frozen=True)
class Group:
    """Numbers of a scenario that are varied together.

    Attributes:
        name, title: of the group.
        keys: patterns of its numbers.
        kind: "factor": every number is multiplied; "ladders": the drawdowns of stop-loss points are; "script": the
            log moves of the script are; "correlation": (1 - rho) shrinks by what the factor exceeds 1.
        low, high: factors between which the group may lie.
        law: of the factor.
        grade: F, C or R.
        source: of the range.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    low: float
    high: float
    law: str
    grade: str
    source: str
    kind: str = "factor"


@cache
def groups() -> tuple[Group, ...]:
    """Every group, in the order of the file."""
    return tuple(Group(**{**table, "keys": tuple(table["keys"])}) for table in _file()["groups"])


def calibrated(library: str) -> str:
    """What was calibrated in a library scenario, its numbers given; "" for nothing."""
    return next((str(entry["what"]) for entry in _file()["calibrated"] if entry["library"] == library), "")


@cache
def _file() -> dict[str, list[dict[str, Any]]]:
    text = (files("stress.scenarios.ranges") / "groups.toml").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = tomllib.loads(text)
    return found
