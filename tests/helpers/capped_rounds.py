"""What is traded under the participation cap, counted round by round from what books hold, beside the kernels."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array, lax

from compilation import compiled_quickly
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.cascade.cascade import all_rounds, before_rounds, next_orders
from stress.kernels.cascade.round import Round
from stress.kernels.cascade.trade import trade
from stress.kernels.layout import members_to_books
from stress.kernels.margin.calls import Calls, record_calls
from stress.kernels.outside.flows import OutsideFlows
from stress.kernels.params import Params
from stress.kernels.path import start
from stress.kernels.shocks.draw import draw, shock_keys, shock_room
from stress.kernels.state import State, Terms
from stress.kernels.step import advance
from stress.kernels.structure import Structure
from stress.scenarios.problem import Problem


class CappedSteps(NamedTuple):
    """Every step, (step, entity, path)."""

    gross: npt.NDArray[Any]  # (asset) gross flow of capped orders, fraction of ADV: what holdings changed by in rounds
    counted: npt.NDArray[Any]  # (asset) the kernel's own account of it
    depth: npt.NDArray[Any]  # (asset)
    cut: npt.NDArray[Any]  # (book) its order was cut
    held: npt.NDArray[Any]  # (book) at the end
    sold: npt.NDArray[Any]  # (member) cumulative


@lru_cache(maxsize=4)
def _program(structure: Structure, paths: int) -> Any:
    def every_step(params: Params, units: Array) -> Any:
        low = jnp.arange(paths, dtype=jnp.uint32)
        high = jnp.zeros_like(low)
        keys = shock_keys(structure, params.shocks)

        def one_step(carry: Any, inputs: Any) -> Any:
            (state, room), (index, script) = carry, inputs
            kept: list[Any] = []

            def resolve(
                structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows
            ) -> tuple[Round, Calls]:
                now, calls, _ = before_rounds(structure, params, state, terms)
                capped = ~members_to_books(structure, state.defaulted)

                def one_round(rules: Structure, now: Round, gross: Array) -> tuple[Round, Array]:
                    after = trade(rules, params, state, terms, outside, now)
                    gross = gross + units.T @ jnp.where(capped, jnp.abs(after.held - now.held), 0.0)
                    return next_orders(rules, params, state, terms, calls, after)[0], gross

                last, gross = all_rounds(structure, outside, one_round, now, jnp.zeros_like(now.gain))
                kept.append((gross, last.traded, terms.depth, last.done & capped))
                return last, record_calls(calls, last.worst, terms.step)

            r, _, room = draw(structure, params.shocks, low, high, keys, index, room)
            state, report = advance(structure, params, state, r, script[:, None], index + 1, resolve)
            return (state, room), (*kept[0], report.held, report.sold)

        begin = (start(structure, params, paths), shock_room(structure, params.shocks, paths))
        steps = jnp.arange(structure.steps, dtype=jnp.int32)
        return lax.scan(one_step, begin, (steps, params.shocks.script))[1]

    return jax.jit(partial(every_step), compiler_options=compiled_quickly())


def capped_steps(problem: Problem, paths: int, seed: int = 1) -> CappedSteps:
    """Paths 0 .. paths - 1 in float64."""
    books = problem.books
    with jax.enable_x64(True):
        params = jax.tree.map(jnp.asarray, params_of(problem, seed, "float64"))
        units = np.abs(books.size[:, None] * books.shapes[books.shape_of]) / problem.assets.adv
        found = _program(structure_of(problem), paths)(params, jnp.asarray(units))
        return CappedSteps(*(np.asarray(x) for x in jax.device_get(found)))
