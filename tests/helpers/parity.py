"""Runs the kernels and the reference on the same draws, in float64."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from compilation import compiled_quickly
from plain_options import simulate as with_options
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.path import PathMetrics, simulate
from stress.kernels.quiet import QuietMetrics, hold_still
from stress.kernels.shocks.draw import Room, draw, shock_keys, shock_room
from stress.kernels.step_report import StepReport
from stress.reference.result import Result
from stress.reference.result import simulate as by_reference
from stress.scenarios.problem import Problem


@dataclass(frozen=True)
class Pair:
    problem: Problem
    metrics: PathMetrics
    report: StepReport
    quiet: QuietMetrics
    twin: Result
    draws: np.ndarray[Any, np.dtype[np.float64]]


def run_both(problem: Problem, paths: int, seed: int = 1, first: int = 0) -> Pair:
    """Simulate paths first .. first + paths - 1 with the kernels, and the twin on the draws that they used."""
    with jax.enable_x64(True):
        structure = structure_of(problem)
        params = jax.tree.map(jnp.asarray, params_of(problem, seed, "float64"))
        low = jnp.arange(first, first + paths, dtype=jnp.uint32)
        high = jnp.zeros_like(low)

        @partial(jax.jit, compiler_options=compiled_quickly())
        def both(params: Any) -> Any:
            every = shock_keys(structure, params.shocks)

            def one_step(room: Room, step: jax.Array) -> tuple[Room, jax.Array]:
                returns, _, room = draw(structure, params.shocks, low, high, every, step, room)
                return room, returns

            begin = shock_room(structure, params.shocks, paths)
            draws = lax.scan(one_step, begin, jnp.arange(structure.steps, dtype=jnp.int32))[1]
            quiet = hold_still(structure, params, low, high)
            return simulate(structure, params, low, high, detail=True), quiet, draws

        (metrics, report), quiet, draws = jax.device_get(both(params))
    twin = by_reference if problem.books.gamma is None else with_options
    return Pair(problem, metrics, report, quiet, twin(problem, np.asarray(draws)), np.asarray(draws))
