"""What a shock model is: what becomes of the random numbers of a step, given what a path remembers."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

from stress.kernels.linear import product
from stress.kernels.shocks.condition import Conditions, pinned

Record = TypeVar("Record")
Memory = TypeVar("Memory")
UNIT = 1 << 30  # what a probability of 1 is as a threshold of `Numbers.chance`
Names = tuple[int, Array]  # a stream, and (row, 2) uint32 names of its rows


class Numbers(NamedTuple):
    """The random numbers of a step: a row an asset (where the model has them), then those of `ShockModel.others`."""

    normals: Array  # (row + 1, path); the last row is 0
    words: Array  # (row, path), or a row more, complex64: bits of both steps of a pair, or twice those of this step
    second: bool  # whether this is the second step of its pair

    def word(self, first: int, last: int) -> Array:
        """Uniform words of 32 bits of rows [first, last): what their normals are made of, so use one or the other."""
        rows = self.words[first:last]
        bits: Array = lax.bitcast_convert_type(rows.imag if self.second else rows.real, jnp.uint32)
        return bits

    def chance(self, first: int, last: int) -> Array:
        """Uniform whole numbers in [0, UNIT), int32: below `p UNIT` with probability p, to 1e-9, in any precision."""
        whole: Array = (self.word(first, last) >> jnp.uint32(2)).astype(jnp.int32)
        return whole


class Today(NamedTuple):
    """When a step is."""

    first: Array  # () bool: the first step of the path
    begins_day: Array  # () bool


class ShockModel(Generic[Record, Memory]):
    """One model; registered in `kernels.shocks.registry` under its name, which is `shocks.model` in scenario files.

    `record` holds the model's own numbers, a NamedTuple at the top of its file, or nothing. `matrix` is the factor of
    the correlation times the step's standard deviation (of a model that is `unit`: without it), which hands on as
    many of the `others` as it has further rows; a model that is not `dense` has none.
    """

    name: str
    random = True  # False: nothing is drawn
    own = True  # whether there is a random number for each asset
    dense = True  # whether there is a matrix
    tails = False  # whether it may draw from Student-t, its chi-squares handed on by the matrix
    unit = False  # whether the matrix makes normals of variance 1

    def others(self, record: Record, names: Array) -> tuple[Names, ...]:
        """Further random numbers of each step; `names` are those of the assets."""
        return ()

    def start(self, record: Record, assets: int, paths: int, dtype: DTypeLike) -> Memory:
        """What a path remembers before the first step; a tree of (row, path) and (path,) arrays."""
        return ()  # type: ignore[return-value]

    def picked(self, record: Record, matrix: Any, numbers: Numbers) -> Any:
        """What is made of a step's numbers: (asset and handed on, path), or a tree of arrays that `shaped` reads."""
        return correlated(matrix, numbers)

    def shaped(self, record: Record, picked: Any, memory: Memory, today: Today) -> tuple[Array, Memory]:
        """The step's draw before its mean, (asset, path), and what is remembered."""
        raise NotImplementedError

    def at(self, record: Record, own: Any, slot: Array) -> Record:
        """The numbers of a step, given those of all conditions that are the model's own."""
        return record

    def picked_given(self, record: Record, matrix: Any, numbers: Numbers) -> Any:
        """As `picked`, for `conditioned`."""
        return self.picked(record, matrix, numbers)

    def conditioned(
        self, record: Record, conditions: Conditions, slot: Array, picked: Any, memory: Memory, today: Today
    ) -> tuple[Array, Memory]:
        """As `shaped`, given what is fixed at the step: `slot`, () int32."""
        moves, memory = self.shaped(self.at(record, conditions.own, slot), picked, memory, today)
        return pinned(conditions.pins, slot, moves), memory


def correlated(matrix: Array, numbers: Numbers) -> Array:
    """The matrix times as many normals as it has columns, (asset and handed on, path)."""
    return product(matrix, numbers.normals[: matrix.shape[1]])
