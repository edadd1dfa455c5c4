"""Every number of a problem, in the kernels' units and precision."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.compile.books import BILLION, books
from stress.compile.impact.impact import impact
from stress.compile.loadings import loadings
from stress.compile.margin.margin import margin
from stress.compile.market import depth, volatility
from stress.compile.matrices import group_matrix
from stress.compile.outside.outside import outside
from stress.compile.shocks.shocks import shocks
from stress.compile.triggers.triggers import triggers
from stress.kernels.cascade.round import Rules
from stress.kernels.params import Params, Reporting
from stress.scenarios.problem import Problem


def params_of(problem: Problem, seed: int, precision: str, members: bool = False) -> Params:
    """The numbers of a problem as NumPy arrays.

    Args:
        problem: the scenario.
        seed: 64-bit seed.
        precision: "float32" or "float64".
        members: report every member fund instead of fund types.
    """
    dtype = np.dtype(precision)
    params = Params(
        shocks=shocks(problem, seed),
        books=books(problem, members),
        margin=margin(problem),
        triggers=triggers(problem, dtype),
        rules=_rules(problem, dtype),
        impact=impact(problem),
        volatility=volatility(problem),
        depth=depth(problem),
        outside=outside(problem),
        reporting=_reporting(problem, members),
        loadings=loadings(problem),
    )
    cast: Params = _cast(params, dtype)
    return cast


def named_arrays(params: Any, name: str = "") -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Every array of a tree of records with its dotted name, in the tree's order; what is off has none."""
    if isinstance(params, dict):
        for key in params:
            yield from named_arrays(params[key], f"{name}.{key}")
    elif isinstance(params, tuple) and hasattr(params, "_fields"):
        for key in params._fields:
            yield from named_arrays(getattr(params, key), f"{name}.{key}")
    elif params is not None:
        yield name.removeprefix("."), np.asarray(params)


def _cast(tree: Any, dtype: np.dtype[Any]) -> Any:
    """Floats of a tree in the precision of the run, whole numbers in 32 bits."""
    if isinstance(tree, dict):
        return {key: _cast(value, dtype) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_cast(value, dtype) for value in tree))
    if tree is None:
        return None
    array = np.asarray(tree)
    kinds = {"f": dtype, "i": np.dtype(np.int32)}
    return array.astype(kinds.get(array.dtype.kind, array.dtype))


def _rules(problem: Problem, dtype: np.dtype[Any]) -> Rules:
    tolerance = problem.cascade.tolerance
    if tolerance is None:
        tolerance = 1e-6 if dtype == np.float32 else 1e-9
    a_step = problem.cascade.max_participation / problem.steps_per_day
    numbers = (tolerance, a_step, problem.impact.execution_weight)
    arrays: Any = [np.float64(number) for number in numbers]
    whole: Any = (np.bool_(True), np.float64(1.0))
    return Rules(*arrays, *whole)


def _reporting(problem: Problem, members: bool) -> Reporting:
    funds, system = problem.funds, problem.funds.nav.sum()
    arrays: dict[str, Any] = {
        "group_matrix": group_matrix(problem, members),
        "broker_matrix": (funds.broker_share * (funds.nav / system)[:, None]).T,
        "adv_share": (problem.assets.adv / system)[:, None],
        "flow_scale": np.float64(2.0 ** -math.ceil(math.log2(system / BILLION))),
    }
    return Reporting(**arrays)
