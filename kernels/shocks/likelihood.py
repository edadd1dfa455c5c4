"""The normals that paths are made of, step by step, and how likely they are under each component of a tilt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.random.normals import Key, Scratch, normals
from stress.kernels.shocks.draw import Shocks, shock_keys, shock_room
from stress.kernels.structure import Structure

Sum = TypeVar("Sum")


def log_ratios(structure: Structure, shocks: Shocks, path_low: Array, path_high: Array) -> Array:
    """Logarithm of each component's likelihood over the plain one, (component, path)."""
    tilt = shocks.tilt
    assert tilt is not None
    nothing = jnp.zeros((tilt.shifts.shape[2], path_low.shape[0]), shocks.mean.dtype)
    return _through(
        structure, shocks, path_low, path_high, nothing, lambda sum_, step, z: sum_ + tilt.exponents(step, z)
    )


def shifted_normals(structure: Structure, shocks: Shocks, path_low: Array, path_high: Array) -> Array:
    """The normals of every step as they were shifted, (2 x pair of steps, row, path)."""
    tilt = shocks.tilt
    assert tilt is not None
    steps, rows, _ = tilt.shifts.shape
    nothing = jnp.zeros((steps, rows, path_low.shape[0]), shocks.mean.dtype)
    return _through(
        structure,
        shocks,
        path_low,
        path_high,
        nothing,
        lambda every, step, z: lax.dynamic_update_index_in_dim(every, z, step, 0),
    )


def _through(
    structure: Structure,
    shocks: Shocks,
    path_low: Array,
    path_high: Array,
    begin: Sum,
    use: Callable[[Sum, Array, Array], Sum],
) -> Sum:
    """Go through all pairs of steps, `use(so far, step, shifted normals (row, path))`."""
    tilt = shocks.tilt
    assert tilt is not None
    component = tilt.of_paths(path_low, path_high)
    keys = shock_keys(structure, shocks)
    rows = tilt.shifts.shape[1]

    def pair(number: Array, carried: tuple[Scratch, Sum]) -> tuple[Scratch, Sum]:
        room, found = carried
        room = normals(Key(*(word[number] for word in keys)), path_low, path_high, room)
        for step, z in ((2 * number, room.first), (2 * number + 1, room.second)):
            found = use(found, step, tilt.shifted(step, component, z[:rows]))
        return room, found

    room = shock_room(structure, shocks, path_low.shape[0]).numbers
    done: tuple[Scratch, Sum] = lax.fori_loop(0, keys.first.shape[0], pair, (room, begin))
    return done[1]
