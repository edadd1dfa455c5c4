"""What must hold on every path, looked at on the detailed ones; a violation ends the run."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from stress.errors import InvariantFailed
from stress.kernels.layout import books_to_members
from stress.kernels.linear import product
from stress.kernels.params import Params
from stress.kernels.step_report import StepReport
from stress.kernels.structure import Structure
from stress.kernels.triggers.registry import triggers_of

LARGEST_RESIDUAL = {"float32": 1e-6, "float64": 1e-12}  # of max(1, gross, |loss|)


class Invariants(NamedTuple):
    """Of one tile; a leading tile axis is added in a call's output."""

    residual: Array  # () largest gap between the sum of the components and the P&L, over max(1, gross, |loss|)
    asset_residual: Array  # () likewise for the system, between the sum over assets and its P&L
    bad_prices: Array  # () int32 paths with a price that is not positive or not finite
    bad_holdings: Array  # () int32 paths on which a book that never builds grew, or a holding below 0


def look_at(structure: Structure, params: Params, reports: StepReport, valid: Array) -> Invariants:
    """Check a tile's paths.

    Args:
        structure: what is compiled.
        params: numbers.
        reports: of every step, (step, entity, path).
        valid: (path,) which paths count.
    """
    parts = sum((part.sum(0) for part in (*reports.causes.in_order(), reports.rebound)), reports.outside.sum(0))
    profit = reports.profit[-1]
    largest = reports.gross.max(0)
    if structure.convex:  # gammas and thetas earn beside a delta that may be next to nothing
        sizes = params.books.gross * jnp.broadcast_to(params.books.start_held, reports.held.shape[1:])
        largest = jnp.maximum(largest, books_to_members(structure, sizes))
    scale = jnp.maximum(jnp.maximum(largest, jnp.abs(profit)), 1.0)
    gap = jnp.where(valid, jnp.abs(parts - profit) / scale, 0.0)
    system = params.reporting.group_matrix[-1:]
    total, most = product(system, profit)[0], product(system, largest)[0]
    missed = jnp.abs(reports.asset_pnl.sum((0, 1)) - total) / jnp.maximum(jnp.maximum(most, jnp.abs(total)), 1.0)
    price = reports.price
    start = jnp.broadcast_to(params.books.start_held, reports.held.shape[1:])
    held = jnp.concatenate([start[None], reports.held])
    grew = held[1:] > held[:-1]
    for trigger in triggers_of(structure):
        record = params.triggers[trigger.name]
        if trigger.builds(record):
            grew = grew & ~trigger.grows(structure, params.books, record)
    return Invariants(
        residual=gap.max(),
        asset_residual=jnp.where(valid, missed, 0.0).max(),
        bad_prices=_paths(~((price > 0) & jnp.isfinite(price)), valid),
        bad_holdings=_paths(grew | ~(reports.held >= 0), valid),
    )


def _paths(bad: Array, valid: Array) -> Array:
    return jnp.sum(jnp.any(bad, axis=(0, 1)) & valid, dtype=jnp.int32)


def check(found: Invariants, precision: str) -> float:
    """The largest residual of the tiles of a run, each field (tile,).

    Raises:
        InvariantFailed: naming what does not hold.
    """
    residual = float(np.max(found.residual))
    limit = LARGEST_RESIDUAL[precision]
    problems = []
    if not residual <= limit:
        problems.append(f"the attribution misses the profit or loss of a path by {residual:.3g}, allowed: {limit:g}")
    by_asset = float(np.max(found.asset_residual))
    if not by_asset <= limit:
        problems.append(f"the P&L by asset misses that of the system on a path by {by_asset:.3g}, allowed: {limit:g}")
    if int(np.sum(found.bad_prices)):
        problems.append(f"a price is not positive on {int(np.sum(found.bad_prices))} paths")
    if int(np.sum(found.bad_holdings)):
        problems.append(f"a holding is negative, or grew without a rule, on {int(np.sum(found.bad_holdings))} paths")
    if problems:
        raise InvariantFailed("; ".join(problems))
    return residual
