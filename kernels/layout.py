"""Sums and copies between members, managers' books, books and shapes: which row belongs to which is static.

See `structure.Layout`, and `structure.Tiers` for books that are parts of managers' books.

Copies are lookups of rows by static index: one fusion, where slices would need one for each kind of fund. So are sums,
of as many rows as most kinds have; what a kind has beyond that is added slice by slice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial, reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array, lax

from stress.kernels.linear import fold_rows, join_rows, worked_out
from stress.kernels.structure import Layout, Structure

Rows = npt.NDArray[np.int32]
BOOKS_TOGETHER = 6  # books of a member that are looked up for every member
MEMBERS_TOGETHER = 8  # members of a kind or group that are looked up for every one


class _Owners(NamedTuple):
    member: Rows  # (book,) of each book
    shape: Rows  # (book,)
    books: tuple[Rows, ...]  # (member,) the first book of each member, the second, ...; -1 = no more
    holders: tuple[Rows, ...]  # (shape,) the first book of each shape, the second, ...; -1 = no more


@lru_cache(maxsize=64)
def _owners(layouts: tuple[Layout, ...]) -> _Owners:
    member, shape, members, shapes = [], [], 0, 0
    for layout in layouts:
        kind, within, book = np.indices(layout).reshape(3, -1)
        member.append(members + kind * layout.members + within)
        shape.append(shapes + kind * layout.books + book)
        members, shapes = members + layout.types * layout.members, shapes + layout.types * layout.books
    of_member, of_shape = (np.concatenate(x).astype(np.int32) for x in (member, shape))
    return _Owners(of_member, of_shape, _in_turn(of_member, members), _in_turn(of_shape, shapes))


def _in_turn(of: Rows, owners: int) -> tuple[Rows, ...]:
    """The first of what each owner has, the second, ..., each (owner,), -1 = no more."""
    each = [np.flatnonzero(of == owner) for owner in range(owners)]
    most = max(len(rows) for rows in each)
    return tuple(np.array([np.pad(rows, (0, most - len(rows)), constant_values=-1) for rows in each], np.int32).T)


def _rows(x: Array, index: Rows) -> Array:
    """Rows of a tile by static index."""
    return x if np.array_equal(index, np.arange(x.shape[0])) else worked_out(x)[index]


class _Managers(NamedTuple):
    of_book: Rows  # (book,) manager's book of each
    books: tuple[Rows, ...]  # (manager,) the first book of each, the second, ...; -1 = no more


@lru_cache(maxsize=64)
def _managers(manager: tuple[int, ...]) -> _Managers:
    of_book = np.array(manager, np.int32)
    return _Managers(of_book, _in_turn(of_book, manager[-1] + 1))


def managers_to_books(structure: Structure, x: Array) -> Array:
    """Copy the row of each manager's book to its tiers: (manager, path) -> (book, path)."""
    return x if structure.tiers is None else _rows(x, _managers(structure.tiers.manager).of_book)


def books_to_managers(structure: Structure, x: Array) -> Array:
    """Sum over the tiers of each manager's book: (book, path) -> (manager, path)."""
    return x if structure.tiers is None else _sum(x, _managers(structure.tiers.manager).books)


def members_to_managers(structure: Structure, x: Array) -> Array:
    """Copy each member's row to its managers' books: (member, path) -> (manager, path)."""
    member = _owners(structure.layouts).member
    first = slice(None) if structure.tiers is None else _managers(structure.tiers.manager).books[0]
    return _rows(x, member[first])


def least_of_held(structure: Structure, x: Array) -> Array:
    """Smallest row of the assets that each shape holds: (asset, path) -> (shape, path).

    Shapes that hold the same assets share the search.
    """
    if structure.tiers is None:
        raise ValueError("without a cap nothing is searched")
    kinds = sorted(set(structure.tiers.held))
    of_shape = np.array([kinds.index(held) for held in structure.tiers.held], np.int32)
    most = max(map(len, kinds))
    rows = np.array([held + held[:1] * (most - len(held)) for held in kinds], np.int32)
    x = worked_out(x)
    least = reduce(jnp.minimum, (x[rows[:, turn]] for turn in range(most)))
    return _rows(least, of_shape)


def members_to_books(structure: Structure, x: Array) -> Array:
    """Copy each member's row to its books: (member, path) -> (book, path)."""
    return _rows(x, _owners(structure.layouts).member)


def shapes_to_books(structure: Structure, x: Array) -> Array:
    """Copy each shape's row to the books of that shape: (shape, path) -> (book, path)."""
    return _rows(x, _owners(structure.layouts).shape)


def _sum(x: Array, index: tuple[Rows, ...]) -> Array:
    """Sum of the rows that are looked up."""
    if len(index) == 1:
        return _rows(x, index[0])
    x = worked_out(x)
    total = x[index[0]]
    for more in index[1:]:
        there = (more >= 0).astype(x.dtype)
        part = x[np.maximum(more, 0)]
        total = total + (part if there.all() else part * there[:, None])
    return total


def books_to_members(structure: Structure, x: Array) -> Array:
    """Sum over the books of each member: (book, path) -> (member, path)."""
    total: Array = _members(structure.layouts, x)
    return total


@partial(jax.jit, static_argnums=0)  # called a score of times: traced once
def _members(layouts: tuple[Layout, ...], x: Array) -> Array:
    total = _sum(x, _owners(layouts).books[:BOOKS_TOGETHER])
    member, book = 0, 0
    for layout in layouts:
        members = layout.types * layout.members
        if layout.books > BOOKS_TOGETHER:
            end, some = book + members * layout.books, total[member : member + members]
            for b in range(BOOKS_TOGETHER, layout.books):
                some = some + x[book + b : end : layout.books]
            total = lax.dynamic_update_slice(total, some, (member, 0))
        member, book = member + members, book + members * layout.books
    return total


def books_to_shapes(structure: Structure, x: Array) -> Array:
    """Sum over the books of each shape: (book, path) -> (shape, path)."""
    total = _sum(x, _owners(structure.layouts).holders[:MEMBERS_TOGETHER])
    shape, book = 0, 0
    for layout in structure.layouts:
        shapes, books = layout.types * layout.books, layout.types * layout.members * layout.books
        if layout.members > MEMBERS_TOGETHER:
            cube = x[book : book + books].reshape(layout.types, layout.members, layout.books, x.shape[-1])
            some = total[shape : shape + shapes].reshape(layout.types, layout.books, x.shape[-1])
            for m in range(MEMBERS_TOGETHER, layout.members):
                some = some + cube[:, m]
            total = lax.dynamic_update_slice(total, some.reshape(shapes, x.shape[-1]), (shape, 0))
        shape, book = shape + shapes, book + books
    return total


def members_to_groups(structure: Structure, x: Array, combine: Callable[[Array, Array], Array]) -> Array:
    """Combine the members of each reported fund, of each group, and all in the last row: (member, path) -> (row, path).

    Args:
        structure: what is compiled.
        x: (member, path).
        combine: of two tiles; `combine(y, y)` has to be y.
    """
    first, end = np.array(structure.group_members, np.int32).T
    most = int((end - first).max())
    if most > MEMBERS_TOGETHER:
        groups = join_rows([fold_rows(x[a:b], combine)[None] for a, b in structure.group_members])
    else:
        groups = x[first]
        for k in range(1, most):
            groups = combine(groups, x[np.minimum(first + k, end - 1)])
    more = [fold_rows(x[np.array(members, np.int32)], combine)[None] for members in structure.groups]
    return join_rows([groups, *more, fold_rows(groups, combine)[None]])
