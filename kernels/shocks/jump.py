"""Jumps on top of a normal draw (Merton 1976): a Poisson number of jumps a step, of all assets at once and of each.

`N` jumps of mean `m` and deviation `s` together are `m N + s sqrt(N) x`, `x` a standard normal: one of each asset where
jumps are its own, one for all where they are common. What jumps add on average is taken out of the mean, and what
they add to the variance out of the normal draw, on the host.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.random import streams
from stress.kernels.shocks.protocol import Names, Numbers, ShockModel, Today, correlated


class Jumps(NamedTuple):
    """Numbers of one kind of jumps."""

    counts: Array  # (MOST, asset or 1, 1) int32 thresholds: as many jumps as a `Numbers.chance` reaches
    mean: Array  # (asset, 1) of a jump
    deviation: Array  # (asset, 1)
    expected: Array  # (asset, 1) mean of all jumps of a step

    def moves(self, chance: Array, size: Array) -> Array:
        """Log returns by jumps less their mean, (asset, path), given a (row, path) of chances and of normals."""
        number = jnp.zeros(chance.shape, size.dtype)
        for threshold in self.counts:
            number = number + (chance >= threshold).astype(size.dtype)
        return self.mean * number + self.deviation * jnp.sqrt(number) * size - self.expected


class Jump(NamedTuple):
    """Numbers of the model; None: no such jumps."""

    diffusion: Array  # (asset, 1) standard deviation of the normal draw of a step
    common: Jumps | None
    own: Jumps | None


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
            total = total + kind.moves(chance, size)
        return total, memory


MODEL = _Jump()
