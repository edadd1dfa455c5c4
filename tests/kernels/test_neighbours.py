"""A path's numbers are its own: the same bits whatever paths share its tile, and wherever in it the path lies."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pytest

from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.path import PathMetrics, simulate
from tiny import INF, make_problem

PATHS = 128
SETTINGS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "two-way targets under a cap": {
        "funds": {
            "leverage_target": np.array([INF, 2.6, INF, 5.2, 4.6]),
            "two_way": np.array([False, True, False, True, True]),
            "leverage_band": 0.05,
        },
        "cascade": {"max_participation": 0.05},
    },
    "bounded impact": {"impact": {"law": "bounded_exponential"}},
}


@pytest.mark.parametrize(
    "name", ["as it is", "two-way targets under a cap", pytest.param("bounded impact", marks=pytest.mark.slow)]
)
def test_neighbours_change_no_bit(name: str) -> None:
    problem = make_problem(**SETTINGS[name])
    structure, params = structure_of(problem), params_of(problem, 1, "float32")
    program = jax.jit(lambda params, low, high: simulate(structure, params, low, high)[0])

    def metrics(ids: npt.NDArray[np.int64]) -> PathMetrics:
        low = jnp.asarray(ids, jnp.uint32)
        found: PathMetrics = jax.device_get(program(params, low, jnp.zeros_like(low)))
        return found

    ids = np.arange(PATHS)
    order = np.random.default_rng(0).permutation(PATHS)
    some = slice(PATHS // 2)
    alone, shuffled = metrics(ids), metrics(ids[order])
    elsewhere = metrics(np.concatenate([ids[some], ids[some] + 5000]))
    assert (alone.forced_sales[-1] > 0).any()
    for name, one, other, third in zip(PathMetrics._fields, alone, shuffled, elsewhere, strict=True):
        np.testing.assert_array_equal(one[..., order], other, err_msg=name)
        np.testing.assert_array_equal(one[..., some], third[..., some], err_msg=name)
    for path in ids[::16]:  # beside copies of itself a tile ends with it, and nothing is read again
        only = metrics(np.full(PATHS, path))
        for name, one, other in zip(PathMetrics._fields, alone, only, strict=True):
            np.testing.assert_array_equal(one[..., path], other[..., 0], err_msg=f"{name} of path {path}")
