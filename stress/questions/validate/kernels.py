"""The kernels on given draws, and the draws that the engine's own generator makes, in float64.

Both passes walk side by side: `kernels.step` with every sale, and `kernels.quiet`, which holds the start book still and
says when a trigger may first act.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array, lax

from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels import quiet
from stress.kernels.params import Params
from stress.kernels.path import finish, start
from stress.kernels.shocks.draw import draw, shock_keys, shock_room
from stress.kernels.step import advance
from stress.kernels.structure import Structure
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
WANTED: dict[str, bool | int] = {
    "xla_backend_optimization_level": 0,  # a program that runs once waits for its compilation, not for its run
    "xla_cpu_use_fusion_emitters": False,
}


class Simulated(NamedTuple):
    """What the kernels say of every path; arrays on the host."""

    structure: Structure
    metrics: Any  # `PathMetrics`
    report: Any  # `StepReport`, (step, entity, path)
    still: Any  # `QuietMetrics`, by the pass that holds still


def compiled(problem: Problem, seed: int) -> tuple[Structure, Params]:
    """Structure and numbers of a problem in float64; call it where x64 is on."""
    return structure_of(problem), jax.tree.map(jnp.asarray, params_of(problem, seed, "float64"))


def through_kernels(problem: Problem, draws: Floats) -> Simulated:
    """Carry paths with given draws (step, asset, path) through both passes, with attribution."""
    with jax.enable_x64(True):
        structure, params = compiled(problem, 1)
        structure = structure._replace(attribution=True)

        @partial(jax.jit, compiler_options=compiled_soon())
        def run(params: Params, draws: Array) -> Any:
            begin = (start(structure, params, draws.shape[2]), quiet.start(structure, params, draws.shape[2]))

            def one(carry: Any, inputs: tuple[Array, Array, Array]) -> Any:
                (state, still), (index, script, r) = carry, inputs
                state, report = advance(structure, params, state, r, script[:, None], index + 1)
                return (state, quiet.quiet_step(structure, params, still, r, script[:, None], index + 1)), report

            steps = jnp.arange(structure.steps, dtype=jnp.int32)
            (state, still), report = lax.scan(one, begin, (steps, params.shocks.script, draws))
            return finish(structure, params, state), report, quiet.finish(structure, params, still)

        return Simulated(structure, *jax.device_get(run(params, jnp.asarray(draws))))


def engine_draws(problem: Problem, seed: int, paths: int) -> Floats:
    """Log returns of the draw of paths 0 .. paths - 1, (step, asset, path), as a run with that seed makes them."""
    with jax.enable_x64(True):
        structure, params = compiled(problem, seed)

        @partial(jax.jit, compiler_options=compiled_soon())
        def run(params: Params, low: Array) -> Array:
            keys, high = shock_keys(structure, params.shocks), jnp.zeros_like(low)

            def one(room: Any, step: Array) -> tuple[Any, Array]:
                r, _, room = draw(structure, params.shocks, low, high, keys, step, room)
                return room, r

            steps = jnp.arange(structure.steps, dtype=jnp.int32)
            drawn: Array = lax.scan(one, shock_room(structure, params.shocks, low.shape[0]), steps)[1]
            return drawn

        return np.asarray(run(params, jnp.arange(paths, dtype=jnp.uint32)))


@cache
def compiled_soon() -> dict[str, bool | int | str]:
    """Options of the compiler for a program that runs once; one that this version lacks is left out."""

    def known(name: str, value: bool | int) -> bool:
        try:
            jax.jit(lambda x: x + 1, compiler_options={name: value})(1)
        except jax.errors.JaxRuntimeError:
            return False
        return True

    return {name: value for name, value in WANTED.items() if known(name, value)}
