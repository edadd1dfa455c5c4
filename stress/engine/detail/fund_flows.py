"""Forced flow by reported fund and asset, without an array of (fund, asset, path).

A book trades pro rata: its forced flow of a step is what its holding changed by, times its weights. So the mean over
paths needs sums by book alone, and the mean square the sums of products of two books of the same fund. Books of one
shape in one fund are summed first; what is left are `rows`, those of a fund side by side, and the products of rows `k`
apart are band `k`.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from stress.kernels.layout import books_to_shapes, shapes_to_books
from stress.kernels.params import Params
from stress.kernels.step_report import StepReport
from stress.kernels.structure import Structure

Floats = npt.NDArray[np.float64]


def row_groups(structure: Structure) -> tuple[int, ...]:
    """The reported fund of each row (row,): rows are shapes where every shape lies within one fund, else books."""
    group_of = [g for g, (first, last) in enumerate(structure.group_members) for _ in range(first, last)]
    shapes, books, member = [], [], 0
    for layout in structure.layouts:
        for _ in range(layout.types):
            holders = group_of[member : member + layout.members]
            shapes += [holders[0] if len(set(holders)) == 1 else -1] * layout.books
            books += [group for group in holders for _ in range(layout.books)]
            member += layout.members
    return tuple(books if -1 in shapes else shapes)


def bands(structure: Structure) -> int:
    """The most rows of a fund."""
    return int(np.bincount(row_groups(structure)).max())


def row_flows(structure: Structure, params: Params, held: Array) -> Array:
    """Signed forced flow of each row, (step, book, path) holdings at step ends -> (step, row, path).

    In bn USD at start prices per unit weight; below 0 where the row reduced what it holds, be it long or short.
    """
    start = jnp.broadcast_to(params.books.start_held, held.shape[1:])
    flow = params.books.nav * params.books.gross * jnp.diff(held, axis=0, prepend=start[None])
    if len(row_groups(structure)) == structure.shapes:
        flow = jax.vmap(partial(books_to_shapes, structure))(flow)
    return flow


def banded_products(structure: Structure, flow: Array) -> Array:
    """Sums over paths of the product of each row with the one `k` after it, (step, row, path) -> (band, step, row)."""
    rows = flow.shape[1]
    products = [jnp.sum(flow[:, : rows - k] * flow[:, k:], axis=-1) for k in range(bands(structure))]
    return jnp.stack([jnp.pad(x, ((0, 0), (0, rows - x.shape[1]))) for x in products])


def flow_sums(structure: Structure, params: Params, reports: StepReport, valid: Array) -> tuple[Array, Array]:
    """Sums over paths from which `by_fund_and_asset` makes forced flow by fund and asset, and its square.

    Of options the flows themselves, (step, fund, asset) in bn USD, whose deltas holdings do not tell.
    """
    if reports.by_group is None:
        flow = jnp.where(valid, row_flows(structure, params, reports.held), 0.0)
        return flow.sum(-1), banded_products(structure, flow)
    flow = jnp.where(valid, reports.by_group * params.books.adv, 0.0)
    return flow.sum(-1), (flow * flow).sum(-1)


def by_fund_and_asset(structure: Structure, params: Params, total: Floats, products: Floats) -> tuple[Floats, Floats]:
    """Sums over paths of the forced flow and of its square, each (step, fund, asset), in bn USD.

    Args:
        structure: what was compiled.
        params: numbers.
        total: (step, row) sums of `row_flows` over all paths.
        products: (band, step, row) sums of `banded_products`; of options both as `flow_sums` has them.
    """
    if structure.convex:
        return total, products
    groups = np.array(row_groups(structure))
    shapes = np.asarray(params.books.shapes, np.float64)
    weights = shapes if len(groups) == structure.shapes else np.asarray(shapes_to_books(structure, jnp.asarray(shapes)))
    flow = np.zeros((total.shape[0], len(structure.group_members), shapes.shape[1]))
    square = np.zeros_like(flow)
    for group in range(len(structure.group_members)):
        rows = np.flatnonzero(groups == group)
        if len(rows) == 0:
            continue
        w = weights[rows].astype(np.float64)
        flow[:, group] += total[:, rows] @ w
        for k in range(len(rows)):
            pairs = products[k][:, rows[: len(rows) - k]] @ (w[: len(rows) - k] * w[k:])
            square[:, group] += pairs if k == 0 else 2.0 * pairs
    return flow, square
