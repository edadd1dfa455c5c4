"""Built-in probes: a small street in which every mechanism acts, under each impact law, on draws of their own.

They need nothing from the user's file, so that a kernel which that file does not use is looked at all the same. The
draws come from NumPy's generator, not from the engine's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import scenario_from_document

PATHS = 24  # of each probe
ADV = {"bonds": 50e9, "large": 60e9, "mid": 12e9, "thin": 0.6e9, "dollar": 30e9}
ASSETS: list[dict[str, Any]] = [
    {"id": "bonds", "asset_class": "rates", "region": "us", "vol": 0.08, "margin": 0.03, "in_net": False},
    {"id": "large", "asset_class": "equity", "region": "us", "vol": 0.24, "margin": 0.15},
    {"id": "mid", "asset_class": "equity", "region": "us", "vol": 0.32, "impact_vol": 0.4, "margin": 0.2},
    {"id": "thin", "asset_class": "equity", "region": "asia", "vol": 0.45, "shock_vol": 0.5, "margin": 0.25},
    {"id": "dollar", "asset_class": "fx", "region": "us", "vol": 0.1, "margin": 0.04},
]
TIED = {"mid": {"large": 1.1}, "thin": {"mid": 0.5, "bonds": -0.4}}  # what moves with what, by a chain
FALL = [{"equity": -0.25, "rates": 0.02}, {"equity": 0.25, "rates": -0.03}, {"large": -0.1, "mid": 0.12, "fx": 0.1}]
FUNDS: list[dict[str, Any]] = [
    {
        "id": "index",  # long only and without leverage: it never sells
        "nav": 90e9,
        "gross": 0.95,
        "positions": {"large": 0.6, "mid": 0.2, "bonds": 0.2},
        "prime_brokers": {"pb_a": 1.0},
    },
    {
        "id": "long_short",  # three leverages, brokers with own terms, one book sold after the other
        "nav": 60e9,
        "gross": 3.6,
        "net": 1.2,
        "tiers": {"nav": [0.4, 0.4, 0.2], "gross": [0.7, 1.0, 1.6]},
        "prime_brokers": {"pb_a": 0.5, "pb_b": 0.3, "pb_c": 0.2},
        "margin": {"procyclicality": 0.6, "cap": 1.8, "buffer": 0.1, "lockup_steps": [0, 4, 4]},
        "books": [
            {"id": "core", "positions": {"large": 1.0, "mid": 0.5, "thin": 0.02}, "priority": 2},
            {"id": "side", "positions": {"mid": 0.4, "bonds": -0.3, "dollar": -0.3}, "priority": 1},
        ],
    },
    {
        "id": "office",  # concentrated, called a step late, cannot sell what it must
        "nav": 6e9,
        "gross": 3.0,
        "positions": {"thin": 0.6, "mid": 0.4},
        "prime_brokers": {"pb_b": 0.7, "pb_c": 0.3},
        "margin": {"grace_steps": 1},
        "triggers": {"cure_steps": 1},
    },
    {
        "id": "pods",  # each pod its own ladder
        "nav": 40e9,
        "gross": 5.0,
        "net": 0.2,
        "prime_brokers": {"pb_a": 0.6, "pb_c": 0.4},
        "margin": {"rates": {"equity": 0.1}},
        "books": [
            {
                "id": "one",
                "share": 0.6,
                "positions": {"large": 1.0, "mid": -0.8, "thin": 0.05},
                "stop_loss": [[0.02, 0.1], [0.05, 0.5], [0.1, 0.9]],
            },
            {
                "id": "two",
                "share": 0.4,
                "positions": {"bonds": 1.0, "dollar": -0.7, "mid": 0.3},
                "stop_loss": [[0.03, 0.4]],
            },
        ],
    },
    {
        "id": "careful",  # a ladder on the fund
        "nav": 30e9,
        "gross": 1.8,
        "positions": {"large": 0.7, "mid": 0.3, "bonds": -0.2},
        "prime_brokers": {"pb_a": 1.0},
        "triggers": {"stop_loss": [[0.03, 0.0], [0.06, 0.3], [0.15, 0.8]], "scope": "fund"},
    },
    {
        "id": "hedger",  # sells short as it loses
        "nav": 45e9,
        "gross": 2.0,
        "prime_brokers": {"pb_a": 0.5, "pb_b": 0.5},
        "books": [
            {"id": "core", "positions": {"large": 1.0, "mid": 0.6}},
            {
                "id": "hedge",
                "positions": {"large": -0.8, "mid": -0.2},
                "overlay": [[0.01, 0.1], [0.04, 0.5], [0.1, 0.9]],
            },
        ],
    },
    {
        "id": "parity",
        "nav": 50e9,
        "gross": 2.5,
        "positions": {"bonds": 1.2, "large": 0.6, "dollar": 0.4},
        "prime_brokers": {"pb_c": 1.0},
        "triggers": {"target_vol": "start", "vol_band": 1.05, "speed": 0.5},
    },
    {
        "id": "bank",  # the broker's limit on leverage alone
        "nav": 20e9,
        "gross": 6.0,
        "positions": {"bonds": 2.0, "large": 0.5, "mid": 0.1},
        "margin": {"method": "none"},
        "triggers": {"max_leverage": "1.1 x start"},
    },
    {
        "id": "etf",  # keeps its leverage both ways
        "nav": 15e9,
        "gross": 2.0,
        "positions": {"large": 0.8, "mid": 0.2},
        "margin": {"method": "none"},
        "triggers": {"target_leverage": "1 x start", "band": 0.02, "two_way": True},
    },
    {
        "id": "insurer",  # keeps its leverage from above
        "nav": 35e9,
        "gross": 1.6,
        "positions": {"bonds": 1.0, "large": 0.4, "thin": 0.01},
        "margin": {"method": "none"},
        "triggers": {"target_leverage": "1 x start", "band": 0.04},
    },
    {
        "id": "quant",  # margin on the whole position, and a broker that asks for more
        "nav": 25e9,
        "gross": 6.0,
        "net": 0.3,
        "prime_brokers": {"pb_b": 0.6, "pb_c": 0.4},
        "books": [  # the hedge goes first, and what is left needs more margin
            {"id": "long", "positions": {"large": 1.0, "bonds": 0.5}, "priority": 2},
            {"id": "hedge", "positions": {"mid": -1.0, "dollar": -0.4, "thin": -0.02}, "priority": 1},
        ],
        "margin": {"method": "portfolio", "scenarios": FALL, "floor": 0.1, "hike": {"level": 1.15, "size": 0.5}},
    },
]
BASE: dict[str, Any] = {
    "schema": 1,
    "horizon": {"steps": 6},
    "assets": [asset | {"adv": ADV[asset["id"]]} for asset in ASSETS],
    "correlation": {"constant": 0.4},
    "shocks": {"model": "gaussian", "scale": 2.0, "script": [{"step": 3, "moves": {"mid": -0.04, "dollar": 0.01}}]},
    "prime_brokers": {"pb_c": {"rate_factor": 1.2, "procyclicality": 0.9, "cap": 2.5}},
    "funds": FUNDS,
    "margin": {"method": "haircut", "procyclicality": 0.3, "cap": 1.5, "concentration": {"per_day": 0.005}},
    "triggers": {"max_participation": 0.3, "closeout_participation": 0.5},
    "impact": {"law": "square_root", "permanent": 0.3, "half_life": 2.0},
    "liquidity": {"evaporation": 1.2, "flow_sensitivity": 0.3, "floor": 0.1},
    "retail": {"per_percent": 0.6e9, "cap": 2e9, "fatigue": 0.3, "budget": 5e9},
    "cascade": {"max_rounds": 40},
}
CHANGES: dict[str, dict[str, Any]] = {
    "square-root": {},
    "linear": {
        "impact": {
            "law": "linear",
            "lambda": {a: 0.03 / adv for a, adv in ADV.items()},
            "permanent": 0.0,
            "half_life": 1.0,
        },
        "triggers": {"closeout_participation": 0.5},
        "liquidity": {"evaporation": 0.6, "floor": 0.3},
        "retail": None,
    },
    "bounded-exponential": {
        "horizon": {"steps": 6, "steps_per_day": 3},
        "impact": {
            "law": "bounded_exponential",
            "B": 0.75,
            "c": 0.002,
            "permanent": 0.5,
            "half_life": 0.3,
            "execution_weight": 0.25,
        },
        "liquidity": {"evaporation": 0.0, "flow_sensitivity": 6.0, "floor": 0.05},  # so that the bound is reached
    },
    "exponential": {
        "impact": {
            "law": "exponential",
            "pi": 0.1,
            "outstanding": {a: 40 * adv for a, adv in ADV.items()},
            "half_life": "none",
        },
        "cascade": {"max_rounds": 2},
        "liquidity": {"evaporation": 0.0, "flow_sensitivity": 0.5, "floor": 0.2},
    },
    "loadings": {
        "assets": [
            asset | {"adv": ADV[asset["id"]]} | ({"loadings": TIED[asset["id"]]} if asset["id"] in TIED else {})
            for asset in ASSETS
        ]
    },
    "no-impact": {"impact": {"law": "none"}, "liquidity": None, "triggers": {"max_participation": 0.2}},
}


def probe(name: str) -> Problem:
    """One of the probes of `CHANGES`."""
    document = BASE | {"name": name, "title": name} | CHANGES[name]
    per_day = document["horizon"].get("steps_per_day", 1)
    document = {key: table for key, table in document.items() if table is not None}
    if per_day > 1:
        document["funds"] = [_in_days(fund, per_day) for fund in FUNDS]
    return build_problem(scenario_from_document(document, file=f"<probe: {name}>"))


def _in_days(fund: dict[str, Any], per_day: int) -> dict[str, Any]:
    """The fund with its durations in days."""
    margin, triggers = dict(fund.get("margin", {})), dict(fund.get("triggers", {}))
    for table, key in ((margin, "grace"), (margin, "lockup"), (triggers, "cure")):
        steps = table.pop(f"{key}_steps", None)
        if steps is not None:
            table[f"{key}_days"] = [n / per_day for n in steps] if isinstance(steps, list) else steps / per_day
    return fund | {"margin": margin} | ({"triggers": triggers} if triggers else {})


def probe_draws(problem: Problem, seed: int = 1, paths: int = PATHS) -> npt.NDArray[np.float64]:
    """Log returns (step, asset, path) with a common factor, heavy tails, and a fall or a rise of the market in most."""
    rng = np.random.default_rng(np.random.Philox(seed))
    sigma = (problem.assets.shock_vol / np.sqrt(252.0))[:, None]
    shape = (problem.steps, len(problem.assets.ids), paths)
    common, own = rng.standard_normal((problem.steps, 1, paths)), rng.standard_normal(shape)
    size = np.sqrt(3.0 / rng.chisquare(3, (problem.steps, 1, paths)))
    trend = np.linspace(-2.0, 1.0, paths)
    moves = sigma * (2.5 * size * (0.7 * common + 0.7 * own) + trend)
    return np.asarray(np.clip(moves, -0.6, 0.6))
