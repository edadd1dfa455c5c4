"""Sums and copies between members, books and shapes, as reshapes (see `records.Layout`)."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from stress.kernels.linear import join_rows
from stress.kernels.records import Layout, Structure


def _apply(
    x: Array, layouts: tuple[Layout, ...], rows: Callable[[Layout], int], change: Callable[[Array, Layout], Array]
) -> Array:
    parts, start = [], 0
    for layout in layouts:
        count = rows(layout)
        parts.append(change(x[start : start + count], layout))
        start += count
    return join_rows(parts)


def books_to_members(structure: Structure, x: Array) -> Array:
    """Sum over the books of each member: (book, path) -> (member, path)."""

    def change(part: Array, layout: Layout) -> Array:
        if layout.books == 1:
            return part
        cube = part.reshape(-1, layout.books, part.shape[-1])
        total = cube[:, 0]
        for b in range(1, layout.books):
            total = total + cube[:, b]
        return total

    return _apply(x, structure.layouts, lambda s: s.types * s.members * s.books, change)


def members_to_books(structure: Structure, x: Array) -> Array:
    """Copy each member's row to its books: (member, path) -> (book, path)."""

    def change(part: Array, layout: Layout) -> Array:
        if layout.books == 1:
            return part
        return jnp.broadcast_to(part[:, None], (part.shape[0], layout.books, part.shape[1])).reshape(-1, part.shape[1])

    return _apply(x, structure.layouts, lambda s: s.types * s.members, change)


def shapes_to_books(structure: Structure, x: Array) -> Array:
    """Copy each shape's row to the books of that shape: (shape, path) -> (book, path)."""

    def change(part: Array, layout: Layout) -> Array:
        if layout.members == 1:
            return part
        cube = part.reshape(layout.types, 1, layout.books, part.shape[-1])
        return jnp.broadcast_to(cube, (layout.types, layout.members, layout.books, part.shape[-1])).reshape(
            -1, part.shape[-1]
        )

    return _apply(x, structure.layouts, lambda s: s.types * s.books, change)


def books_to_shapes(structure: Structure, x: Array) -> Array:
    """Sum over the books of each shape: (book, path) -> (shape, path)."""

    def change(part: Array, layout: Layout) -> Array:
        if layout.members == 1:
            return part
        cube = part.reshape(layout.types, layout.members, layout.books, part.shape[-1])
        total = cube[:, 0]
        for m in range(1, layout.members):
            total = total + cube[:, m]
        return total.reshape(-1, part.shape[-1])

    return _apply(x, structure.layouts, lambda s: s.types * s.members * s.books, change)
