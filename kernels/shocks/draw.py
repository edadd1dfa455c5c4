"""The outside shock of one step: correlated log returns of every asset, from random numbers or from given normals."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.linear import any_row
from stress.kernels.random import streams
from stress.kernels.random.normals import Key, Scratch, normals, normals_of_step, pair_keys, scratch
from stress.kernels.shocks.condition import Conditions
from stress.kernels.shocks.protocol import Numbers, Today
from stress.kernels.shocks.registry import MODELS
from stress.kernels.shocks.replay import Replay, replayed
from stress.kernels.shocks.tilt import Tilt
from stress.kernels.structure import Structure


class Shocks(NamedTuple):
    """Numbers of the outside shock."""

    seed: Array  # (2,) uint32
    names: Array  # (asset, 2) uint32 of each asset's id, so that its random numbers are its own
    matrix: Array | None  # (asset and handed on, row of `normals`) factor of the correlation, see `ShockModel`
    mean: Array  # (asset, 1) log return
    max_move: Array  # ()
    script: Array  # (step, asset) log(1 + m)
    model: Any  # record of the model
    conditions: Conditions | None = None  # None: no step has any
    replay: Replay | None = None  # None: no step replays a day
    tilt: Tilt | None = None  # None: the normals are as they were drawn


class Room(NamedTuple):
    """What is carried from step to step."""

    numbers: Scratch
    memory: Any  # of the model


def shock_room(structure: Structure, shocks: Shocks, paths: int) -> Room:
    """Room of a tile before the first step: for a random number of each asset and those that the model has beside."""
    model, dtype = MODELS[structure.shocks], shocks.mean.dtype
    own = structure.assets if model.random and model.own else 0
    others = sum(names.shape[0] for _, names in model.others(shocks.model, shocks.names))
    return Room(scratch(own + others, paths, dtype), model.start(shocks.model, structure.assets, paths, dtype))


def shock_keys(structure: Structure, shocks: Shocks) -> Key:
    """Keys of the random numbers of every pair of steps: of each asset, and then of what the model has beside."""
    model = MODELS[structure.shocks]
    rows = (((streams.SHOCKS, shocks.names),) if model.own else ()) + model.others(shocks.model, shocks.names)
    keys = [pair_keys(shocks.seed, stream, structure.steps, names) for stream, names in rows]
    return keys[0] if len(keys) == 1 else Key(*(jnp.concatenate(words, axis=1) for words in zip(*keys, strict=True)))


def draw(
    structure: Structure, shocks: Shocks, path_low: Array, path_high: Array, keys: Key, step: Array, room: Room
) -> tuple[Array, Array, Room]:
    """Log returns of the draw, its mean and what the model makes of the random numbers, clipped at `max_move`.

    Args:
        structure: what is compiled.
        shocks: numbers.
        path_low: (path,) uint32, low word of the path ids.
        path_high: (path,) uint32, high word.
        keys: of every pair of steps, from `shock_keys`.
        step: () int32, from 0 on, one after the other: the first step of a pair draws for both.
        room: carried from step to step.

    Returns:
        (asset, path) log returns, (path,) 1 where any of them was clipped, and the room.
    """
    model, dtype, paths = MODELS[structure.shocks], shocks.mean.dtype, path_low.shape[0]
    if not model.random:
        return jnp.zeros((structure.assets, paths), dtype), jnp.zeros((paths,), jnp.int32), room

    def two_steps(pair: Array, numbers: Scratch) -> Scratch:
        return normals(Key(*(word[pair] for word in keys)), path_low, path_high, numbers)

    pair, second = step >> 1, step & 1
    picked_by = model.picked if shocks.conditions is None else model.picked_given

    def tilted(z: Array) -> Array:
        return z if shocks.tilt is None else shocks.tilt.drawn(step, shocks.tilt.of_paths(path_low, path_high), z)

    def by_pairs(room: Scratch) -> tuple[Any, Scratch]:
        # A loop of one pass or none: it writes in place, and what depends on its counter is not moved out of it.
        numbers = lax.fori_loop(pair, pair + 1 - second, two_steps, room)
        picked = lax.cond(
            second,
            lambda z: picked_by(shocks.model, shocks.matrix, Numbers(tilted(z.second), z.words, True)),
            lambda z: picked_by(shocks.model, shocks.matrix, Numbers(tilted(z.first), z.words, False)),
            numbers,
        )
        return picked, numbers

    def by_steps(room: Scratch) -> tuple[Any, Scratch]:
        key = Key(*(word[pair] for word in keys))
        z, words = normals_of_step(key, path_low, path_high, second, dtype)
        both = lax.complex(*2 * (lax.bitcast_convert_type(words, jnp.float32),))
        return picked_by(shocks.model, shocks.matrix, Numbers(tilted(z), both, False)), room

    picked, numbers = lax.platform_dependent(room.numbers, cpu=by_pairs, default=by_steps)
    moves, clipped, memory = _moves(structure, shocks, picked, room.memory, step)
    return moves, clipped, Room(numbers, memory)


def normals_drawn(structure: Structure, shocks: Shocks, path_low: Array, path_high: Array) -> Array:
    """The random normals of some paths, (step, row, path), rows as of `shock_keys`: those that `draw` reads."""
    keys = shock_keys(structure, shocks)
    rows, paths = keys.first.shape[1], path_low.shape[0]

    def two_steps(room: Scratch, key: Key) -> tuple[Scratch, Array]:
        room = normals(key, path_low, path_high, room)
        return room, jnp.stack([room.first[:-1], room.second[:-1]])

    _, every = lax.scan(two_steps, scratch(rows, paths, shocks.mean.dtype), keys)
    return every.reshape(-1, rows, paths)[: structure.steps]


def moves_given(structure: Structure, shocks: Shocks, normals_given: Array) -> Array:
    """Log returns that the model makes of given normals, every step of them.

    Args:
        structure: what is compiled; a model that reads nothing of a step but its normals.
        shocks: numbers.
        normals_given: (step, row, path), rows as of `shock_keys`.

    Returns:
        (step, asset, path), as `draw` has them.
    """
    model, paths = MODELS[structure.shocks], normals_given.shape[2]
    picked_by = model.picked if shocks.conditions is None else model.picked_given
    zero = jnp.zeros((1, paths), normals_given.dtype)
    words = jnp.zeros((normals_given.shape[1] + 1, paths), jnp.complex64)

    def one_step(memory: Any, inputs: tuple[Array, Array]) -> tuple[Any, Array]:
        step, z = inputs
        picked = picked_by(shocks.model, shocks.matrix, Numbers(jnp.concatenate([z, zero]), words, False))
        moves, _, memory = _moves(structure, shocks, picked, memory, step)
        return memory, moves

    begin = model.start(shocks.model, structure.assets, paths, normals_given.dtype)
    _, moves = lax.scan(one_step, begin, (jnp.arange(structure.steps, dtype=jnp.int32), normals_given))
    return moves


def _moves(structure: Structure, shocks: Shocks, picked: Any, memory: Any, step: Array) -> tuple[Array, Array, Any]:
    """What the model makes of what it picked: (asset, path) clipped, (path,) whether so, and what it remembers."""
    model = MODELS[structure.shocks]
    today = Today(step == 0, step % structure.steps_per_day == 0)
    if shocks.conditions is None:
        raw, memory = model.shaped(shocks.model, picked, memory, today)
    else:
        slot = shocks.conditions.slot[step]
        raw, memory = model.conditioned(shocks.model, shocks.conditions, slot, picked, memory, today)
    raw = raw + shocks.mean if shocks.replay is None else replayed(shocks.replay, step, raw, shocks.mean)
    clipped = any_row(jnp.abs(raw) > shocks.max_move).astype(jnp.int32)
    below = jnp.where(raw > shocks.max_move, shocks.max_move, raw)
    return jnp.where(below < -shocks.max_move, -shocks.max_move, below), clipped, memory
