"""A small book beside an episode of the library: names of every rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from scenario_example import problem_of
from stress.scenarios.problem import Problem

ADV = {"region": "us", "adv": 5e9, "margin": 0.15}
ASSETS: list[dict[str, Any]] = [
    {"id": "semis", "asset_class": "equity", "vol": 0.4, **ADV},  # itself
    {"id": "SPY US", "asset_class": "equity", "vol": 0.16, **ADV},  # by its ticker
    {"id": "AAA", "asset_class": "equity", "vol": 0.3, **ADV},  # by regression
    {"id": "BBB", "asset_class": "equity", "vol": 0.25, **ADV},  # likewise
    {"id": "CCC", "asset_class": "equity", "sector": "Health Care", "vol": 0.2, **ADV},  # by its sector
    {"id": "DDD", "asset_class": "credit", "vol": 0.05, **ADV},  # by its class
    {"id": "EEE", "asset_class": "other", "vol": 0.7, **ADV},  # by hand
]
IDS = tuple(sorted(asset["id"] for asset in ASSETS))
BETAS = {"AAA": (0.9, 0.2), "BBB": (0.5, 0.0)}  # on SPY US and semis


def returns(days: int = 400) -> dict[str, list[float]]:
    """Daily log returns of four names."""
    random = np.random.default_rng(3)
    market = 0.01 * random.standard_normal(days)
    found = {"SPY US": market, "semis": 1.5 * market + 0.015 * random.standard_normal(days)}
    for name, (of_market, of_semis) in BETAS.items():
        own = 0.012 * random.standard_normal(days)
        found[name] = of_market * found["SPY US"] + of_semis * found["semis"] + own
    return {name: [round(float(x), 8) for x in values] for name, values in found.items()}


def replay_document(steps: int = 6, **replay: Any) -> dict[str, Any]:
    """The document; a keyword is a key of `[shocks.replay]`."""
    table = {"episode": "tariff-2025", "returns": returns(), "map": {"EEE": {"tech": -4.0, "residual": 0.3}}} | replay
    return {
        "schema": 1,
        "name": "replayed",
        "horizon": {"steps": steps},
        "assets": ASSETS,
        "correlation": {"constant": 0.4},
        "shocks": {"model": "student_t", "dof": 5, "drift": 0.2, "replay": table},
        "funds": [{"id": "mine", "nav": 1e9, "positions": {name: 0.3 for name in IDS}}],
    }


def replayed(**given: Any) -> Problem:
    return problem_of(replay_document(**given))
