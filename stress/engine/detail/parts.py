"""Parts of a loss on the detailed paths: the same paths with less of the model, by switches of the same program.

    loss = held still
         + cutting     price taker - held still: what cutting the book avoids, or misses
         + selling     funds alone - price taker: what the selling does to prices
         + dip buyers  all - funds alone; where somebody from outside trades

A price taker's triggers are on and nobody's trades move prices; with the funds alone nobody from outside trades. All of
them meet the same draws.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from stress.kernels.params import Params
from stress.kernels.path import PathMetrics, simulate
from stress.kernels.step_report import StepReport
from stress.kernels.structure import Structure

PATHS = 16_384  # the first of the detailed ones, that are taken apart


class Setting(NamedTuple):
    """What is on in a simulation: 1 or 0."""

    impact: float
    outside: float


PRICE_TAKER, FUNDS_ALONE, EVERYTHING = Setting(0.0, 0.0), Setting(1.0, 0.0), Setting(1.0, 1.0)


def settings(structure: Structure) -> tuple[Setting, ...]:
    """The simulations that the parts need besides the whole one; where trading moves no price, none."""
    if structure.impact is None:
        return ()
    return (PRICE_TAKER, FUNDS_ALONE) if structure.outside else (PRICE_TAKER,)


def simulate_parts(
    structure: Structure, params: Params, low: Array, high: Array, wanted: Array
) -> tuple[PathMetrics, StepReport, Array]:
    """Simulate one tile in detail and, where `wanted` () is true, in each of `settings` before.

    Returns:
        Metrics and reports of the whole simulation, and the P&L of each of `settings`, (setting, step, row, path);
        zeros where it is not wanted.
    """
    every = np.array([*settings(structure), EVERYTHING])
    last = len(every) - 1

    @partial(jax.jit, inline=True)  # else it would be traced twice
    def run(params: Params) -> tuple[PathMetrics, StepReport, Array]:
        metrics, reports = simulate(structure, params, low, high, detail=True)
        if not isinstance(reports, StepReport):
            raise TypeError("a detailed simulation returns a report")
        return metrics, reports, by_row(params, reports.profit)

    if last == 0:
        metrics, reports, profit = run(params)
        return metrics, reports, profit[None][:0]
    impact, outside = jnp.asarray(every.T, params.shocks.mean.dtype)

    def one(i: Array, carry: Any) -> Any:
        found, _ = carry
        *whole, profit = run(switched(params, impact[i], outside[i], i == last))
        return found.at[i].set(profit, mode="drop"), tuple(whole)

    *shapes, profit = jax.eval_shape(run, params)
    nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), tuple(shapes))
    found = jnp.zeros((last, *profit.shape), profit.dtype)
    found, (metrics, reports) = lax.fori_loop(jnp.where(wanted, 0, last), last + 1, one, (found, nothing))
    return metrics, reports, found


def switched(params: Params, impact: Array, outside: Array, explained: Array) -> Params:
    """The numbers with impact and outside flow times 1 or 0; where not `explained`, reports hold profits alone."""
    law = None if params.impact is None else params.impact._replace(strength=impact)
    return params._replace(impact=law, rules=params.rules._replace(outside=outside, explained=explained))


def by_row(params: Params, x: Array) -> Array:
    """Sums of members, (..., member, path) -> (..., row, path), fractions of the row's NAV."""
    return jnp.einsum("rf,...ft->...rt", params.reporting.group_matrix, x, precision=lax.Precision.HIGHEST)


def part_names(structure: Structure) -> tuple[str, ...]:
    """The parts in their order, and their sum."""
    return ("held_still", "cutting", "selling", *(("dip_buyers",) if structure.outside else ()), "total")


def parts(structure: Structure, held_still: Any, others: Any, loss: Any) -> list[Any]:
    """The parts of a loss, of the shape of `loss`, and their sum, which it is.

    Args:
        structure: what is compiled.
        held_still: loss of the start book held still.
        others: losses in each of `settings`, with a leading axis.
        loss: the whole loss.
    """
    stages = [held_still, *others, loss]
    if not len(others):  # trading moves no price
        stages = [held_still, *(loss for _ in part_names(structure)[1:-1])]
    return [stages[0], *(after - before for before, after in pairwise(stages)), loss]
