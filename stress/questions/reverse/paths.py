"""Paths through given shocks: normals to moves, moves to what happens, and how losses change with each move."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array
from jax.sharding import Mesh

from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.devices import Devices
from stress.engine.kept.programs import ready
from stress.kernels.params import Params
from stress.kernels.path import simulate_given
from stress.kernels.random import streams
from stress.kernels.shocks.draw import Shocks, moves_given, normals_drawn
from stress.kernels.shocks.registry import MODELS
from stress.kernels.structure import Structure
from stress.options import RunOptions
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Says = Callable[[str], None]
LARGEST_NORMAL = 6.76  # that the engine draws
MOST_OF_A_TILE = 256  # paths: most calls have no more
GUIDES = ("fund_loss", "trough", "max_drawdown", "fund_loss_static")  # whose slopes are known


class Shape(NamedTuple):
    """Of the normals of a path."""

    steps: int
    rows: int  # of each step: assets, then what the model has beside
    mixing: tuple[int, ...]  # rows that make the chi-squares of Student-t

    @property
    def size(self) -> int:
        """Normals of a path."""
        return self.steps * self.rows


@lru_cache(maxsize=8)
def _moves(structure: Structure) -> Any:
    def moves(shocks: Shocks, normals: Array) -> Array:
        return moves_given(structure, shocks, normals)

    return jax.jit(moves)


@lru_cache(maxsize=8)
def _pullback(structure: Structure) -> Any:
    def pullback(shocks: Shocks, normals: Array, slopes: Array) -> Array:
        _, back = jax.vjp(partial(moves_given, structure, shocks), normals)
        found: Array = back(slopes)[0]
        return found

    return jax.jit(pullback)


@lru_cache(maxsize=8)
def _drawn(structure: Structure) -> Any:
    return jax.jit(partial(normals_drawn, structure))


@lru_cache(maxsize=8)
def _paths(structure: Structure) -> Any:
    return jax.jit(partial(simulate_given, structure))


@lru_cache(maxsize=8)
def _slopes(structure: Structure, tile: int) -> Any:
    """Lane i has the tangent e_(first + i): forward mode passes through the rounds of a cascade, reverse does not."""

    def slopes(params: Params, moves: Array, first: Array) -> tuple[Array, ...]:
        lanes = first + jnp.arange(tile, dtype=jnp.int32)
        places = jnp.arange(moves.size, dtype=jnp.int32).reshape(*moves.shape, 1)
        every = jnp.broadcast_to(moves[..., None], (*moves.shape, tile))

        def losses(given: Array) -> tuple[Array, ...]:
            metrics = simulate_given(structure, params, given)
            return tuple(getattr(metrics, name) for name in GUIDES)

        _, tangents = jax.jvp(losses, (every,), ((places == lanes).astype(moves.dtype),))
        return tuple(tangents)

    return jax.jit(slopes)


class GivenPaths:
    """The paths of one scenario through given normals; programs are compiled once for its structure."""

    def __init__(self, problem: Problem, options: RunOptions, devices: Devices, says: Says = lambda _: None) -> None:
        self.problem, self.options, self.says = problem, options, says
        self.structure = structure_of(problem, options.members)._replace(twin=True)
        self.params = params_of(problem, options.seed, options.precision, options.members)
        self.tile = min(devices.tile, MOST_OF_A_TILE)
        self.at = devices.mesh.devices.flat[0]
        self._there = jax.device_put(self.params, self.at)
        self.shape = _shape(self.structure, self.params.shocks)

    def moves(self, normals: Floats) -> Floats:
        """(path, step, row) normals as (path, step, asset) log returns."""
        found = [
            np.moveaxis(np.asarray(_moves(self.structure)(self._there.shocks, part)), 2, 0)
            for part in self._tiles(normals)
        ]
        return np.concatenate(found)[: len(normals)]

    def through(self, moves: Floats) -> dict[str, Any]:
        """What happens on paths with these moves, (path, step, asset): each field of `PathMetrics`, (row, path)."""
        program: Any = None
        waiting = []
        for part in self._tiles(moves):
            program = program or self._ready(_paths(self.structure), "given", (self._there, part))
            waiting.append(program(self._there, part))
        found = [jax.device_get(one) for one in waiting]
        return {
            name: np.concatenate([getattr(one, name) for one in found], axis=-1)[..., : len(moves)]
            for name in found[0]._fields
        }

    def scripted(self, moves: Floats) -> dict[str, Any]:
        """As `through`, of one path without a draw whose script are these simple returns, (step, asset)."""
        shocks = self.params.shocks
        script = jnp.asarray(np.log1p(moves).astype(shocks.mean.dtype))
        there, self._there = (
            self._there,
            jax.device_put(self.params._replace(shocks=shocks._replace(script=script)), self.at),
        )
        try:
            return self.through(np.zeros((1, *moves.shape)))
        finally:
            self._there = there

    def slopes(self, moves: Floats) -> dict[str, Floats]:
        """How each of GUIDES changes with each log return of one path, (step, asset) -> (row, step, asset)."""
        lanes, tile, dtype = moves.size, min(self.tile, 256), self.params.shocks.mean.dtype
        path = jax.device_put(moves.astype(dtype), self.at)
        waiting = []
        program: Any = None
        for first in range(0, lanes, tile):
            arguments = (self._there, path, jax.device_put(np.int32(first), self.at))
            program = program or self._ready(_slopes(self.structure, tile), f"slopes {tile}", arguments)
            waiting.append(program(*arguments))
        found = [jax.device_get(one) for one in waiting]
        return {
            name: np.concatenate([one[i] for one in found], axis=1)[:, :lanes]
            .reshape(-1, *moves.shape)
            .astype(np.float64)
            for i, name in enumerate(GUIDES)
        }

    def pulled_back(self, normals: Floats, slopes: Floats) -> Floats:
        """Slopes by log return, (step, asset), as slopes by normal, (step, row), at these normals."""
        dtype = self.params.shocks.mean.dtype
        back = _pullback(self.structure)(
            self._there.shocks, normals.astype(dtype)[..., None], slopes.astype(dtype)[..., None]
        )
        return np.asarray(back, np.float64)[..., 0]

    def drawn(self, ids: npt.NDArray[np.uint64]) -> Floats:
        """The normals of the paths of a run, (path, step, row)."""
        low, high = (np.asarray(word, np.uint32) for word in (ids & np.uint64(0xFFFFFFFF), ids >> np.uint64(32)))
        return np.moveaxis(np.asarray(_drawn(self.structure)(self._there.shocks, low, high), np.float64), 2, 0)

    def _tiles(self, values: Floats) -> list[Array]:
        """(path, ...) as tiles (..., path), the last one filled up with its last path."""
        dtype = self.params.shocks.mean.dtype
        tiles = []
        for first in range(0, len(values), self.tile):
            part = values[first : first + self.tile].astype(dtype)
            filled = np.concatenate([part, np.repeat(part[-1:], self.tile - len(part), axis=0)])
            tiles.append(jax.device_put(np.ascontiguousarray(np.moveaxis(filled, 0, -1)), self.at))
        return tiles

    def _ready(self, program: Any, name: str, arguments: tuple[Any, ...]) -> Any:
        def compiling() -> None:
            self.says(f"compiling {name.partition(' ')[0]} paths, once for scenarios of this structure")

        return ready(program, name, self.structure, Mesh([self.at], "one"), arguments, compiling)


def _shape(structure: Structure, shocks: Shocks) -> Shape:
    model = MODELS[structure.shocks]
    rows = structure.assets if model.own else 0
    mixing: list[int] = []
    for stream, names in model.others(shocks.model, shocks.names):
        count = int(names.shape[0])
        if stream == streams.COMMON:
            mixing += range(rows, rows + count)
        rows += count
    return Shape(structure.steps, rows, tuple(mixing))
