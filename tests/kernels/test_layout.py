"""Sums and copies between members, books, shapes and groups against loops over kinds, members and books."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pytest

from stress.compile.structure import structure_of
from stress.kernels import layout
from stress.kernels.linear import any_row
from stress.kernels.structure import Layout, Structure
from tiny import make_problem

LAYOUTS = {
    "one book each": (Layout(3, 1, 1),),
    "tiers": (Layout(2, 4, 1), Layout(1, 1, 1), Layout(1, 4, 2)),
    "many members": (Layout(2, 11, 2), Layout(1, 3, 1), Layout(1, 9, 1)),
    "many books": (Layout(1, 2, 9), Layout(2, 3, 2), Layout(1, 1, 5), Layout(1, 4, 4)),
}
PATHS = 3
Owners = tuple[list[int], list[int], int, int]


def structure(layouts: tuple[Layout, ...], groups: tuple[tuple[int, int], ...] = ((0, 1),)) -> Structure:
    return structure_of(make_problem())._replace(layouts=layouts, group_members=groups)


def owners(layouts: tuple[Layout, ...]) -> Owners:
    """Member and shape of each book, counted out, and how many there are of either."""
    member: list[int] = []
    shape: list[int] = []
    members, shapes = 0, 0
    for types, of_a_type, books in layouts:
        for _ in range(types):
            for _ in range(of_a_type):
                member += [members] * books
                shape += range(shapes, shapes + books)
                members += 1
            shapes += books
    return member, shape, members, shapes


def some(rows: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(rows).normal(size=(rows, PATHS)).astype(np.float32)


def summed(values: npt.NDArray[Any], owner: list[int], count: int) -> npt.NDArray[Any]:
    total = np.zeros((count, PATHS))
    np.add.at(total, owner, values)
    return total


@pytest.mark.parametrize("layouts", LAYOUTS.values(), ids=LAYOUTS)
def test_copies_and_sums_are_those_of_the_owners(layouts: tuple[Layout, ...]) -> None:
    of_member, of_shape, members, shapes = owners(layouts)
    compiled, books = structure(layouts), some(len(of_member))
    assert (compiled.members, compiled.shapes, compiled.books) == (members, shapes, len(of_member))
    by_member, by_shape = some(members), some(shapes)
    np.testing.assert_array_equal(layout.members_to_books(compiled, jnp.asarray(by_member)), by_member[of_member])
    np.testing.assert_array_equal(layout.shapes_to_books(compiled, jnp.asarray(by_shape)), by_shape[of_shape])
    up, down = (
        layout.books_to_members(compiled, jnp.asarray(books)),
        layout.books_to_shapes(compiled, jnp.asarray(books)),
    )
    np.testing.assert_allclose(up, summed(books, of_member, members), atol=1e-5)
    np.testing.assert_allclose(down, summed(books, of_shape, shapes), atol=1e-5)


@pytest.mark.parametrize("spans", [((0, 1), (1, 5), (5, 7)), ((0, 1), (1, 15), (15, 17))])
def test_groups_take_the_least_of_their_members_and_the_system_of_all(spans: tuple[tuple[int, int], ...]) -> None:
    values = some(spans[-1][-1])
    found = np.asarray(layout.members_to_groups(structure((), spans), jnp.asarray(values), jnp.minimum))
    expected = [values[a:b].min(axis=0) for a, b in (*spans, (0, len(values)))]
    np.testing.assert_array_equal(found, expected)


def test_a_thousand_members_take_few_operations() -> None:
    """A lookup for each of them would compile for half a minute."""
    compiled = structure((Layout(1, 1000, 1),), ((0, 1000),))
    members = jnp.zeros((1000, PATHS))

    def operations(function: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        for equation in jax.make_jaxpr(function)(members).eqns:
            found[equation.primitive.name] = found.get(equation.primitive.name, 0) + 1
        return found

    assert operations(lambda x: layout.books_to_shapes(compiled, x)).get("gather", 0) <= layout.MEMBERS_TOGETHER
    groups = operations(lambda x: layout.members_to_groups(compiled, x, jnp.minimum))
    assert sum(groups.values()) < 100


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 16, 65, 113])
def test_any_row_sees_every_row(rows: int) -> None:
    """One path for each row, in which that row alone holds, and one in which none does."""
    tile = np.eye(rows, rows + 1, dtype=bool)
    np.testing.assert_array_equal(any_row(jnp.asarray(tile)), [True] * rows + [False])
