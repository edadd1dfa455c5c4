"""The example scenario with every shock model, and the engine's draws of them."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import numpy as np

from scenario_example import example, problem_of
from stress.questions.validate.kernels import engine_draws
from stress.scenarios.problem import Floats, Problem

SEED = (5 << 32) + 11
IDS = ("bonds", "japan", "semis")  # in the order of a problem


def history(days: int = 120) -> dict[str, list[float]]:
    """Daily simple returns with volatility that clusters, and with what the assets have in common."""
    random = np.random.default_rng(4)
    calm = np.where(np.arange(days) % 40 < 30, 0.6, 2.0)
    common = random.standard_t(6, days)
    own = random.standard_t(6, (len(IDS), days))
    rows = 0.007 * calm * (np.array([[-0.2], [0.5], [0.8]]) * common + own) + 0.0004
    return {name: [round(float(x), 6) for x in row] for name, row in zip(IDS, rows, strict=True)}


CRISIS = {"matrix": [[1.0, -0.4, 0.7], [-0.4, 1.0, -0.3], [0.7, -0.3, 1.0]]}  # semis, bonds, japan
LOADINGS = {
    "semis": {"market": 0.8, "rates": -0.2},
    "bonds": {"rates": 0.6},
    "japan": {"market": 0.5},
}
SHOCKS: dict[str, dict[str, Any]] = {
    "student_t by class": {"model": "student_t", "dof": {"equity": 5, "rates": 8}},
    "garch": {
        "model": "garch",
        "dof": 6,
        "garch": {"alpha": 0.06, "gamma": {"equity": 0.2, "bonds": 0.0}, "beta": 0.7, "start": 2.5},
    },
    "garch, gaussian": {
        "model": "garch",
        "garch": {"alpha": 0.2, "gamma": 0.1, "beta": 0.6, "innovations": "gaussian"},
    },
    "regime": {
        "model": "regime",
        "regime": {
            "stay_calm": 0.8,
            "stay_crisis": 0.7,
            "crisis_scale": {"equity": 4, "rates": 2},
            "correlation": CRISIS,
        },
    },
    "regime, student_t": {
        "model": "regime",
        "dof": {"equity": 5, "rates": 8},
        "regime": {"stay_calm": 0.6, "stay_crisis": 0.5, "start": 0.9, "innovations": "student_t"},
    },
    "jump": {
        "model": "jump",
        "scale": 1.5,
        "jump": {
            "common": {"rate": 30, "mean": {"equity": "-2 %", "rates": "0.5 %"}, "sd": "1 %"},
            "own": {"rate": {"equity": 60, "rates": 5}, "mean": 0.002, "sd": "1.2 %"},
        },
    },
    "jump, own": {"model": "jump", "jump": {"own": {"rate": 100, "sd": "0.8 %"}}},
    "factor": {"model": "factor", "factor": {"loadings": LOADINGS, "factor_vol": {"market": 0.2, "rates": 0.15}}},
    "factor, student_t": {
        "model": "factor",
        "dof": 5,
        "factor": {
            "loadings": {name: row | {"specific_vol": 0.1} for name, row in LOADINGS.items()},
            "innovations": "student_t",
            "correlation": {"matrix": {"rates": {"rates": 1, "market": -0.5}, "market": {"rates": -0.5, "market": 1}}},
        },
    },
    "bootstrap": {"model": "bootstrap", "bootstrap": {"returns": history(), "mean_block": 6}},
    "filtered_historical": {
        "model": "filtered_historical",
        "filtered_historical": {"returns": history(), "alpha": 0.05, "gamma": 0.1, "beta": 0.8, "mean_block": 2},
    },
}


def document(name: str, steps: int = 5, **tables: Any) -> dict[str, Any]:
    """The example scenario with the model of that name."""
    made = example(horizon={"steps": steps, "steps_per_day": 1}, **tables)
    made["shocks"] = {"script": made["shocks"]["script"], **copy.deepcopy(SHOCKS[name])}
    if SHOCKS[name]["model"] in ("factor", "bootstrap", "filtered_historical"):
        del made["correlation"]
    return made


def problem(name: str, **tables: Any) -> Problem:
    return problem_of(document(name, **tables))


@cache
def many_draws(name: str, paths: int = 40_000) -> tuple[Problem, Floats]:
    """A problem and the engine's draws of it, (step, asset, path)."""
    asked = problem(name)
    return asked, engine_draws(asked, SEED, paths)
