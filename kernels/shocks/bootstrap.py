"""Days of a history drawn anew in blocks of random length (Politis and Romano 1994, the stationary bootstrap).

Each day goes on to the next of the history, the first after the last, or, with probability 1/(mean length), to one
drawn evenly. All assets take the same day, so what they have in common is kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

from stress.kernels.random import streams
from stress.kernels.shocks.condition import Conditions, pinned
from stress.kernels.shocks.protocol import Names, Numbers, ShockModel, Today

ROWS = 2  # random numbers of a day: whether a block ends, and where the next begins


class Days(NamedTuple):
    """A history, and how it is drawn."""

    returns: Array  # (asset, day)
    ends: Array  # () int32 threshold of `Numbers.chance`: a block ends

    def names(self) -> tuple[Names, ...]:
        """The random numbers of a day."""
        return ((streams.DAYS, jnp.arange(2 * ROWS, dtype=jnp.uint32).reshape(ROWS, 2)),)

    def picked(self, numbers: Numbers) -> tuple[Array, Array]:
        """Whether the block ends, and the day on which another begins, each (path,)."""
        return numbers.chance(0, 1)[0] < self.ends, evenly(numbers.word(1, 2)[0], self.returns.shape[1])

    def next(self, picked: tuple[Array, Array], day: Array, today: Today) -> Array:
        """The day of the history that a step repeats, (path,) int32, after `day`."""
        ends, other = picked
        following = jnp.where(day + 1 == self.returns.shape[1], 0, day + 1)
        return jnp.where(today.first | ends, other, following)

    def of(self, day: Array) -> Array:
        """Returns of a day, (asset, path)."""
        return jnp.take(self.returns, day, axis=1, mode="clip")


class Bootstrap(NamedTuple):
    """Numbers of the model."""

    days: Days  # log returns less their mean, with the standard deviation asked for


def evenly(word: Array, count: int) -> Array:
    """`floor(word count / 2^32)`, int32, in 32 bits; `count` below 2^16."""
    n, half = jnp.uint32(count), jnp.uint32(16)
    low = (word & jnp.uint32(0xFFFF)) * n >> half
    drawn: Array = (((word >> half) * n + low) >> half).astype(jnp.int32)
    return drawn


class NearDays(NamedTuple):
    """Days that are drawn where a condition is, by slot."""

    reached: Array  # (slot, day) int32 thresholds of `Numbers.chance`: below it is one of the days up to that one

    def picked(self, slot: Array, chance: Array, usual: Array) -> Array:
        """A day near the condition of a slot, (path,) int32; `usual` without one."""

        def near(chance: Array) -> Array:
            found = jnp.searchsorted(self.reached[slot], chance, side="right").astype(jnp.int32)
            return jnp.minimum(found, self.reached.shape[1] - 1)

        day: Array = lax.cond(slot > 0, near, lambda _: usual, chance)
        return day


class _Bootstrap(ShockModel[Bootstrap, Array]):
    name = "bootstrap"
    own = False
    dense = False

    def others(self, record: Bootstrap, names: Array) -> tuple[Names, ...]:
        return record.days.names()

    def start(self, record: Bootstrap, assets: int, paths: int, dtype: DTypeLike) -> Array:
        return jnp.zeros((paths,), jnp.int32)

    def picked(self, record: Bootstrap, matrix: Any, numbers: Numbers) -> tuple[Array, Array]:
        return record.days.picked(numbers)

    def shaped(
        self, record: Bootstrap, picked: tuple[Array, Array], memory: Array, today: Today
    ) -> tuple[Array, Array]:
        day = record.days.next(picked, memory, today)
        return record.days.of(day), day

    def picked_given(self, record: Bootstrap, matrix: Any, numbers: Numbers) -> Any:
        return record.days.picked(numbers), numbers.chance(1, 2)[0]

    def conditioned(
        self, record: Bootstrap, conditions: Conditions, slot: Array, picked: Any, memory: Array, today: Today
    ) -> tuple[Array, Array]:
        day = conditions.own.picked(slot, picked[1], record.days.next(picked[0], memory, today))
        return pinned(conditions.pins, slot, record.days.of(day)), day


MODEL = _Bootstrap()
