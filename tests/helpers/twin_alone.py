"""Each mechanism alone on an otherwise plain problem, and the same problem without it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import Problem
from tiny import make_problem
from twin_books import with_overlay

Array = npt.NDArray[Any]
INF = np.inf
_BASE = make_problem()
_ADV, _SIGMA = _BASE.assets.adv, _BASE.assets.impact_vol / np.sqrt(252.0)
_COVARIANCE = np.outer(_BASE.assets.vol, _BASE.assets.vol) * _BASE.shocks.correlation
_START_VOL = np.sqrt(np.einsum("si,ij,sj->s", _BASE.books.shapes, _COVARIANCE, _BASE.books.shapes))
_GROSS = np.bincount(_BASE.books.fund_of, _BASE.books.size) / _BASE.funds.nav
_CASES = np.stack([np.full(5, -0.2), np.full(5, 0.2), [0.0, -0.25, -0.25, 0.15, -0.2], [0.05, 0.2, 0.2, -0.15, 0.25]])
_FREE = {"has_margin": False}  # own limits act although no broker asks for anything

# name: (changes by part, that of the problem without the mechanism as well)
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "line factors": ({"funds": {"rate_factor": np.tile([1.2, 0.9, 1.1], (5, 1))}}, {}),
    "line procyclicality": (
        {"funds": {"procyclicality": np.tile([0.3, 1.0, 0.6], (5, 1)), "margin_cap": np.tile([3.0, 1.4, 2.0], (5, 1))}},
        {},
    ),
    "hike": (
        {"funds": {"hike_level": np.tile([1.1, 1.3, INF], (5, 1)), "hike_size": np.tile([0.3, 0.6, 0.0], (5, 1))}},
        {},
    ),
    "portfolio margin": (
        {
            "funds": {
                "portfolio": np.array([False, True, True, True, True]),
                "portfolio_moves": np.tile(_CASES, (5, 1, 1)) * np.array([0, 1, 1, 1, 1])[:, None, None],
                "portfolio_floor": np.array([0.0, 0.2, 0.18, 0.15, 0.15]),
            }
        },
        {},
    ),
    "priority": ({"books": {"priority": np.array([0, 0, 2, 1, 2, 1, 0])}}, {}),
    "leverage target": ({"funds": {"leverage_target": _GROSS / 1.02}}, {"funds": _FREE}),
    "two-way leverage target": (
        {"funds": {"leverage_target": _GROSS / 0.99, "leverage_band": 0.03, "two_way": True}},
        {"funds": _FREE},
    ),
    "volatility target": (
        {"books": {"vol_ceiling": 1.1, "start_vol": _START_VOL}},
        {"funds": _FREE},
    ),
    "square_root": ({"impact": {"law": "square_root"}}, {"impact": {"law": "none"}}),
    "linear": ({"impact": {"law": "linear", "slope": _SIGMA / _ADV}}, {"impact": {"law": "none"}}),
    "bounded_exponential": ({"impact": {"law": "bounded_exponential"}}, {"impact": {"law": "none"}}),
    "exponential": (
        {"impact": {"law": "exponential", "beta": 1.0, "outstanding": 50.0 * _ADV}},
        {"impact": {"law": "none"}},
    ),
}
OVERLAYS: dict[int, tuple[list[float], float, list[float], list[float]]] = {
    # type: (weights, gross, losses, held)
    1: ([0.0, -0.1, -0.4, -0.1, -0.4], 0.8, [0.01, 0.05], [0.0, 1.0]),
    2: ([0.0, -0.25, -0.25, -0.25, -0.25], 1.5, [0.005, 0.02, 0.05], [0.1, 0.5, 1.0]),
}


def plain(*changes: dict[str, Any]) -> Problem:
    """Haircut margin on the same terms at every broker, square-root impact, constant depth, and the given changes."""
    parts: dict[str, dict[str, Any]] = {
        "shocks": {"scale": 3.0},
        "funds": {"procyclicality": 0.0, "margin_cap": 1.0, "lockup_steps": 0, "grace_steps": 0, "max_leverage": INF},
        "books": {"ladder_drawdown": INF},
        "liquidity": {"evaporation": 0.0, "flow_sensitivity": 0.0},
        "retail": {"per_percent": 0.0},
    }
    for change in changes:
        for part, terms in change.items():
            parts[part] = parts.get(part, {}) | terms
    return make_problem(steps=6, **parts)


def alone(name: str) -> Problem:
    """The problem in which the mechanism is on."""
    if name != "overlay":
        mechanism, both = SETTINGS[name]
        return plain(both, mechanism)
    problem = without(name)
    for kind, terms in OVERLAYS.items():
        problem = with_overlay(problem, kind, *terms)
    return problem


def base_of(name: str) -> dict[str, Any]:
    """The changes that the problem without the mechanism has as well."""
    return {"funds": _FREE} if name == "overlay" else SETTINGS[name][1]


def without(name: str) -> Problem:
    """The same problem without it."""
    return plain(base_of(name))


ALONE: list[tuple[str, Callable[[], Problem]]] = [(name, partial(alone, name)) for name in (*SETTINGS, "overlay")]
