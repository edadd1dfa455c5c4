"""Jumps on top of a normal draw (Merton 1976): a Poisson number of jumps a step, of all assets at once and of each.

`N` jumps of mean `m` and deviation `s` together are `m N + s sqrt(N) x`, `x` a standard normal: one of each asset where
jumps are its own, one for all where they are common. What jumps add on average is taken out of the mean, and what
they add to the variance out of the normal draw, on the host.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

from stress.kernels.linear import product, sum_rows
from stress.kernels.random import streams
from stress.kernels.shocks.condition import Conditions
from stress.kernels.shocks.protocol import Names, Numbers, ShockModel, Today, correlated


class Jumps(NamedTuple):
    """Numbers of one kind of jumps."""

    counts: Array  # (MOST, asset or 1, 1) int32 thresholds: as many jumps as a `Numbers.chance` reaches
    mean: Array  # (asset, 1) of a jump
    deviation: Array  # (asset, 1)
    expected: Array  # (asset, 1) mean of all jumps of a step

    def number(self, chance: Array, dtype: DTypeLike) -> Array:
        """Jumps, (row, path), given as many chances."""
        number = jnp.zeros(chance.shape, dtype)
        for threshold in self.counts:
            number = number + (chance >= threshold).astype(dtype)
        return number

    def moves(self, number: Array, size: Array) -> Array:
        """Log returns by jumps less their mean, (asset, path), given a (row, path) of numbers and of normals."""
        return self.mean * number + self.deviation * jnp.sqrt(number) * size - self.expected


class Jump(NamedTuple):
    """Numbers of the model; None: no such jumps."""

    diffusion: Array  # (asset, 1) standard deviation of the normal draw of a step
    common: Jumps | None
    own: Jumps | None


class JumpGiven(NamedTuple):
    """Numbers of conditions, by slot. A case is a number of common jumps and of each own one that matters.

    The gain of `Conditions.pins` is the covariance of the normal draw with the rows, before the inverse of a case.
    """

    reached: Array  # (slot, case) int32 thresholds of `Numbers.chance`
    row: Array  # (slot,) int32 row of chances, of the first kind of jumps, by which a case is chosen
    common: Array  # (slot, case) common jumps
    select: Array  # (slot, asset, jumping) 1 at the assets whose own jumps a case says
    jumps: Array  # (slot, jumping, case) their jumps
    inverse: Array  # (slot, case, row, row) of the covariance of the rows

    def case(self, slot: Array, chance: Array) -> Array:
        """The case of each path, (path,) int32."""
        found = jnp.searchsorted(self.reached[slot], chance, side="right").astype(jnp.int32)
        return jnp.minimum(found, self.reached.shape[1] - 1)


class _Jump(ShockModel[Jump, tuple[()]]):
    name = "jump"
    unit = True

    def others(self, record: Jump, names: Array) -> tuple[Names, ...]:
        shared = jnp.zeros((1, 2), jnp.uint32)
        kinds = [rows for kind, rows in ((record.common, shared), (record.own, names)) if kind is not None]
        return tuple((stream, rows) for rows in kinds for stream in (streams.JUMPS, streams.JUMP_SIZES))

    def picked(self, record: Jump, matrix: Array, numbers: Numbers) -> Any:
        row, found = matrix.shape[0], []
        for kind in (record.common, record.own):
            if kind is not None:
                count = kind.counts.shape[1]
                found.append((numbers.chance(row, row + count), numbers.normals[row + count : row + 2 * count]))
                row += 2 * count
        return record.diffusion * correlated(matrix, numbers), tuple(found)

    def shaped(self, record: Jump, picked: Any, memory: tuple[()], today: Today) -> tuple[Array, tuple[()]]:
        total, drawn = picked
        kinds = [kind for kind in (record.common, record.own) if kind is not None]
        for kind, (chance, size) in zip(kinds, drawn, strict=True):
            total = total + kind.moves(kind.number(chance, size.dtype), size)
        return total, memory

    def conditioned(
        self, record: Jump, conditions: Conditions, slot: Array, picked: Any, memory: tuple[()], today: Today
    ) -> tuple[Array, tuple[()]]:
        """Numbers of jumps by their chances given the moves; given these numbers the draw is normal."""
        total, drawn = picked
        kinds = [kind for kind in (record.common, record.own) if kind is not None]
        own, chances = conditions.own, drawn[0][0]
        case = own.case(slot, chances[own.row[slot]])
        numbers = [kind.number(chance, size.dtype) for kind, (chance, size) in zip(kinds, drawn, strict=True)]
        if record.common is not None:
            numbers[0] = jnp.where(slot > 0, own.common[slot][case][None, :], numbers[0])
        if record.own is not None:
            jumps = product(own.select[slot], own.jumps[slot][:, case])
            numbers[-1] = jnp.where(own.select[slot].sum(axis=1, keepdims=True) > 0, jumps, numbers[-1])
        for kind, number, (_, size) in zip(kinds, numbers, drawn, strict=True):
            total = total + kind.moves(number, size)

        def met(moves: Array) -> Array:
            rows = conditions.pins.rows[slot]
            lacks = conditions.pins.missing[slot] - product(rows, moves)
            inverse = jnp.moveaxis(own.inverse[slot][case], 0, -1)  # (row, row, path)
            wanted = sum((inverse[:, i] * lacks[i] for i in range(lacks.shape[0])), jnp.zeros_like(lacks))
            more = product(conditions.pins.gain[slot], wanted)
            if record.common is not None:
                by_rows = product(rows, record.common.deviation)
                more = more + record.common.deviation * (numbers[0] * sum_rows(by_rows * wanted))
            if record.own is not None:
                more = more + record.own.deviation**2 * numbers[-1] * product(rows.T, wanted)
            return moves + more

        moves: Array = lax.cond(slot > 0, met, lambda moves: moves, total)
        return moves, memory


MODEL = _Jump()
