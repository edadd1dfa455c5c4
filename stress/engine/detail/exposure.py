"""What funds hold at the end of each step, by reported fund and asset, signed and gross."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from stress.engine.detail.fund_flows import row_groups
from stress.kernels.layout import books_to_shapes, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.params import Params
from stress.kernels.structure import Structure

KINDS = ("exposure_usd", "gross_exposure_usd")
LARGEST = 1 << 22  # numbers by step, fund and asset, or of the matrix that makes them


def kept(structure: Structure) -> bool:
    """Whether the table, and what it costs on every path, is small enough."""
    numbers = structure.reported * structure.assets
    return numbers * max(structure.steps, len(KINDS) * len(row_groups(structure))) <= LARGEST


def exposure_sums(structure: Structure, params: Params, held: Array, price: Array, valid: Array) -> tuple[Array, Array]:
    """Sums over paths of exposures and of their squares, (kind, step, row, asset), bn USD; the system last.

    Args:
        structure: what is compiled.
        params: numbers.
        held: (step, book, path) holdings at step ends.
        price: (step, asset, path).
        valid: (path,) which paths count.
    """
    groups = row_groups(structure)
    by_shape = len(groups) == structure.shapes
    weights = params.books.shapes if by_shape else shapes_to_books(structure, params.books.shapes)
    gamma = None if params.books.convexity is None else params.books.convexity.gamma
    gamma = gamma if gamma is None or by_shape else shapes_to_books(structure, gamma)
    holder = np.arange(len(structure.group_members))[:, None] == np.array(groups)
    reported = [g for g, (first, last) in enumerate(structure.group_members) for _ in range(first, last)]
    more = [np.isin(groups, [reported[member] for member in members])[None] for members in structure.groups]
    holder = np.concatenate([holder, *more, np.ones((1, len(groups)), bool)])
    funds, assets = holder.shape[0], structure.assets

    def matrix(of: Array) -> Array:
        """(fund and asset, row) what a unit of each row is in each asset of its fund."""
        return (jnp.asarray(holder, of.dtype)[:, None] * of.T[None]).reshape(funds * assets, len(groups))

    both = jnp.concatenate([matrix(weights), matrix(jnp.abs(weights))])

    def of_step(inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        k, p = inputs
        usd = params.books.nav * params.books.gross * k
        rows = jnp.where(valid, books_to_shapes(structure, usd) if by_shape else usd, 0.0)
        if gamma is None:
            value = product(both, rows).reshape(len(KINDS) * funds, assets, -1) * p
        else:  # deltas follow prices, so what is long or short is known path by path
            delta = weights[:, :, None] + gamma[:, :, None] * (p - 1.0)[None]
            by_row = jnp.stack([delta, jnp.abs(delta)]) * rows[:, None]
            flat = by_row.reshape(len(KINDS), len(groups), -1)
            held_by = jnp.asarray(holder, rows.dtype)
            value = jnp.stack([product(held_by, kind) for kind in flat]).reshape(len(KINDS) * funds, assets, -1) * p
        return value.sum(-1), (value * value).sum(-1)

    def laid_out(x: Array) -> Array:
        return jnp.swapaxes(x.reshape(structure.steps, len(KINDS), funds, assets), 0, 1)

    total, square = lax.map(of_step, (held, price))
    return laid_out(total), laid_out(square)
