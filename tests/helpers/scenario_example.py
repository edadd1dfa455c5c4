"""A small valid scenario for the tests of the scenario layer; every call returns a fresh copy."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest

from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import scenario_from_document

_DOCUMENT: dict[str, Any] = {
    "schema": 1,
    "name": "example",
    "title": "Two funds, three assets",
    "description": "for tests",
    "sources": ["made up"],
    "horizon": {"steps": 4, "steps_per_day": 1},
    "assets": [
        {"id": "semis", "asset_class": "equity", "region": "us", "vol": "39 %", "adv": "70 bn USD", "margin": "15 %"},
        {"id": "bonds", "asset_class": "rates", "region": "us", "vol": 0.15, "adv": 50e9, "margin": 0.03},
        {"id": "japan", "asset_class": "equity", "region": "jp", "vol": 0.2, "adv": 30e9, "margin": 0.15},
    ],
    "correlation": {
        "matrix": [[1.0, 0.3, -0.2], [0.3, 1.0, 0.1], [-0.2, 0.1, 1.0]],
    },
    "shocks": {
        "model": "student_t",
        "dof": 4,
        "script": [{"step": 1, "moves": {"semis": "-9.95 %"}}, {"step": 2, "moves": {"japan": 0.01}}],
    },
    "funds": [
        {
            "id": "quant",
            "strategy": "market-neutral",
            "region": "us",
            "nav": "10 bn USD",
            "gross": 3.0,
            "net": 0.5,
            "prime_brokers": {"pb_b": 0.6, "pb_a": 0.4},
            "tiers": {"nav": [0.3, 0.45, 0.2, 0.05], "gross": [0.72, 1.0, 1.28, 1.56]},
            "margin": {"rates": {"equity": "14 %"}, "lockup_steps": [60, 60, 0, 0]},
            "triggers": {"max_leverage": "1.25 x start", "target_leverage": "1.1 x start"},
            "books": [
                {"id": "pod", "share": 0.4, "positions": {"semis": 1.0, "japan": -0.6}, "stop_loss": [[0.05, 0.5]]},
                {"id": "macro", "positions": {"semis": -0.5, "bonds": 1.5}},
            ],
        },
        {"id": "longs", "nav": 2e9, "positions": {"semis": 1.2, "japan": 0.4}, "prime_brokers": {"pb_c": 1.0}},
    ],
    "margin": {"buffer": "10 %", "procyclicality": 0.5},
    "triggers": {"stop_loss": [["6 %", 0.0], [0.1, 0.3], [0.25, 0.6]], "scope": "book", "max_participation": 0.25},
    "impact": {"law": "square_root"},
    "liquidity": {},
    "retail": {"per_percent": "1 bn USD", "cap": "5 bn USD", "budget": "50 bn USD"},
}


def example(**tables: Any) -> dict[str, Any]:
    """The example document; a keyword replaces a top-level entry, None removes it."""
    document = copy.deepcopy(_DOCUMENT)
    for key, value in tables.items():
        if value is None:
            del document[key]
        else:
            document[key] = value
    return document


def full_example() -> dict[str, Any]:
    """The example with every mechanism in use: crowd, brokers' terms, portfolio margin, own targets, overlay."""
    document = example()
    quant = document["funds"][0]
    quant["books"][0]["priority"] = 3
    quant["books"].append(
        {"id": "tail", "positions": {"semis": -2.0, "japan": -1.0}, "overlay": [["5 %", 0.0], [0.2, 0.6]]}
    )
    quant["triggers"] = {"target_vol": "1.1 x start", "vol_band": 1.2, "speed": 0.5}
    document["funds"] += [
        {
            "id": "crowd",
            "nav": "5 bn USD",
            "gross": 4.0,
            "net": 0.2,
            "positions": {"semis": 1.0, "japan": -1.0, "bonds": 0.4},
            "prime_brokers": {"pb_b": 1.0},
            "margin": {"concentration": {"per_day": "1 %", "above_days": 0.01}},
            "triggers": {"target_vol": "200 %", "band": 1.5},
        },
        {
            "id": "macro",
            "nav": 3e9,
            "positions": {"bonds": 4.0, "semis": -0.5},
            "prime_brokers": {"pb_a": 0.5, "pb_c": 0.5},
            "margin": {"method": "portfolio", "floor": "1 %", "cap": 2.0},
            "triggers": {"target_leverage": "0.98 x start", "band": 0.1, "two_way": True, "stop_loss": []},
        },
    ]
    document["crowding"] = {"crowd": {"count": 7, "common": 0.6, "styles": 3, "leverage_spread": "15 %", "seed": 5}}
    document["prime_brokers"] = {
        "pb_a": {"rate_factor": 1.1, "procyclicality": 0.8},
        "pb_c": {"hike": {"level": 1.5, "size": 0.3}},
    }
    document["margin"] |= {
        "scenarios": [{"equity": "-15 %"}, {"equity": "15 %", "rates": "-3 %", "japan": 0.2}, {"bonds": -0.05}],
        "hike": {"level": 2.0, "size": 0.25},
    }
    document["impact"] = {"law": "exponential", "pi": 0.02, "outstanding": {"equity": "40 tn USD", "bonds": 2e13}}
    return document


def problem_of(document: dict[str, Any], *overrides: str) -> Problem:
    """The document, resolved."""
    return build_problem(scenario_from_document(document, overrides))


def parts_of(record: Any) -> dict[str, Any] | None:
    """Parts of a record of a problem by name; None of anything else."""
    if isinstance(record, tuple) and hasattr(record, "_asdict"):
        return dict(record._asdict())
    if hasattr(record, "__dataclass_fields__"):
        return {name: getattr(record, name) for name in record.__dataclass_fields__}
    return None


def differences(left: Any, right: Any, path: str = "") -> list[str]:
    """Dotted names of the fields in which two records differ by a bit."""
    triggers_or_flows = path in ("triggers", "outside")
    ours, theirs = (left, right) if triggers_or_flows else (parts_of(left), parts_of(right))
    if ours is not None and theirs is not None:
        if type(left) is not type(right) or list(ours) != list(theirs):
            return [path]
        found = (differences(ours[name], theirs[name], f"{path}.{name}".lstrip(".")) for name in ours)
        return [name for names in found for name in names]
    if isinstance(left, tuple) and any(parts_of(one) for one in left) and len(left) == len(right):
        return [
            name for i, pair in enumerate(zip(left, right, strict=True)) for name in differences(*pair, f"{path}.{i}")
        ]
    if isinstance(left, np.ndarray):
        same = left.shape == right.shape and left.dtype == right.dtype and left.tobytes() == right.tobytes()
    else:
        same = left == right
    return [] if same else [path]


def alone(fund: dict[str, Any] | None = None, **tables: Any) -> dict[str, Any]:
    """The example with one fund of 2 bn USD, long 1.2 semis and 0.4 japan, financed by pb_c."""
    document = example(triggers=None)
    document["funds"] = [document["funds"][1] | (fund or {})]
    return document | tables


def refused(document: dict[str, Any], key: str, phrase: str) -> ScenarioError:
    """The error of a document that is refused for `key` with `phrase` in the message."""
    with pytest.raises(ScenarioError, match=re.escape(phrase)) as caught:
        problem_of(document)
    assert caught.value.key == key
    assert caught.value.file == "<document>"
    assert caught.value.allowed
    return caught.value
