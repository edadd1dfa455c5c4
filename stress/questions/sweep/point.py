"""What a point of a sweep comes to: figures of every fund, as arrays that are written once and read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.options import PLAIN, SCREEN, RunOptions
from stress.results.answers.sweep.dataset import LEVEL, OF_DIMS, SYSTEM
from stress.results.answers.sweep.tipping import Bound
from stress.scenarios.problem import Problem

METHODS = (PLAIN, SCREEN)
Arrays = dict[str, npt.NDArray[Any]]
Says = Callable[[str], None]


def simulated(problem: Problem, bound: Bound, options: RunOptions, method: str, says: Says) -> Arrays:
    """The summary of a point, and how often trading adds more than the bound's loss, by one of METHODS."""
    return (_screened if method == SCREEN else _plain)(problem, bound, options, says)


def _plain(problem: Problem, bound: Bound, options: RunOptions, says: Says) -> Arrays:
    from stress.questions.lean import run_lean
    from stress.results.dataset.summary import row_order, summary
    from stress.results.statistics.estimators import probability

    output = run_lean(problem, options, says)
    every = summary(output)
    table, figures = every.variables, list(every.data_vars)  # a DataArray for each takes as long as the figures
    assert output.stored is not None  # of a lean run
    metrics = output.stored.metrics
    added = metrics["fund_loss"] - metrics["fund_loss_static"]
    hits = [probability(int(np.count_nonzero(added[row] > bound.loss)), output.paths) for row in row_order(output)]
    arrays: Arrays = {f"data/{name}": np.asarray(table[name].values) for name in figures}
    for name in OF_DIMS:
        if name in table:
            labels = table[name].values
            arrays[f"coord/{name}"] = labels if labels.dtype.kind == "f" else labels.astype(str)
    for suffix, part in {"": "value", "_se": "se", "_ci_low": "low", "_ci_high": "high"}.items():
        values = np.array([getattr(one, part) for one in hits])
        arrays[f"data/prob_added_loss{suffix}"] = values[:-1]
        arrays[f"data/system_prob_added_loss{suffix}"] = values[-1]
    arrays["dims"] = np.array(json.dumps({str(name): list(map(str, table[name].dims)) for name in figures}))
    return arrays


def _screened(problem: Problem, bound: Bound, options: RunOptions, says: Says) -> Arrays:
    """Those variables of the summary that screened paths can say, by the same names."""
    from stress.questions.sweep.screened import screened_point
    from stress.results.answers.sweep.screened import figures
    from stress.results.dataset.summary import file_order, parts_of

    point = screened_point(problem, options, says)
    order, system = file_order(point.groups, point.groups_file_order), len(point.groups)
    rows = [figures(point, row, bound.loss) for row in range(system + 1)]
    arrays: Arrays = {
        "data/nav_usd": point.group_nav[order],
        "data/system_nav_usd": point.group_nav[system],
        "coord/fund": np.array(point.groups_file_order),
        "coord/level": np.array([0.0, *map(float, problem.estimation.levels)]),
    }
    dims: dict[str, list[str]] = {"nav_usd": ["fund"], "system_nav_usd": []}
    for name, first in rows[0].items():
        by_level = [LEVEL] if len(first) > 1 else []
        for suffix, part in parts_of(name).items():
            table = np.array([[getattr(one, part) for one in row[name]] for row in rows])
            table = table if by_level else table[:, 0]
            arrays[f"data/{name}{suffix}"], arrays[f"data/{SYSTEM}_{name}{suffix}"] = table[order], table[system]
            dims |= {f"{name}{suffix}": ["fund", *by_level], f"{SYSTEM}_{name}{suffix}": by_level}
    arrays["dims"] = np.array(json.dumps(dims))
    return arrays
