"""Two regimes: a Markov chain of calm and crisis days, each with its own volatility and correlation (Hamilton 1989).

One chain a path, for all assets. The regime changes at the beginning of a day only. Both volatilities are given over
the one asked for, such that their mix in the long run has it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.random import streams
from stress.kernels.shocks.condition import Conditions, Pins, pinned
from stress.kernels.shocks.protocol import Names, Numbers, ShockModel, Today, correlated
from stress.kernels.shocks.student_t import StudentT, chi_squares, fattened, tails_at


class Regime(NamedTuple):
    """Numbers of the model. Probabilities are thresholds of `Numbers.chance`."""

    tails: StudentT | None  # None: gaussian
    calm: Array  # (asset, 1) standard deviation in calm over the one asked for
    crisis: Array  # (asset, 1) likewise in crisis
    matrix: Array | None  # as `Shocks.matrix`, in crisis; None: the same
    first_in_crisis: Array  # () int32
    stay_calm: Array  # () int32
    stay_crisis: Array  # () int32


class RegimeGiven(NamedTuple):
    """Numbers of conditions, by slot: chances of regimes are those given the moves and the regime of the day before."""

    crisis: Pins  # in crisis; `Conditions.pins` are those in calm
    first_in_crisis: Array  # (slot,) int32
    stay_calm: Array  # (slot,) int32
    stay_crisis: Array  # (slot,) int32
    scales: Array | None  # (slot, coefficient) of `StudentT.scale`


class _Regime(ShockModel[Regime, Array]):
    name = "regime"
    tails = True

    def others(self, record: Regime, names: Array) -> tuple[Names, ...]:
        return (*chi_squares(record.tails), (streams.DAYS, jnp.zeros((1, 2), jnp.uint32)))

    def start(self, record: Regime, assets: int, paths: int, dtype: DTypeLike) -> Array:
        return jnp.zeros((paths,), bool)

    def picked(self, record: Regime, matrix: Array, numbers: Numbers) -> Any:
        rows = numbers.normals.shape[0] - 1
        crisis = None if record.matrix is None else correlated(record.matrix, numbers)
        return correlated(matrix, numbers), crisis, numbers.chance(rows - 1, rows)[0]

    def shaped(self, record: Regime, picked: Any, memory: Array, today: Today) -> tuple[Array, Array]:
        calm, other, chance = picked
        follows = jnp.where(memory, chance < record.stay_crisis, chance >= record.stay_calm)
        drawn = jnp.where(today.first, chance < record.first_in_crisis, follows)
        crisis, assets = jnp.where(today.begins_day, drawn, memory), record.calm.shape[0]
        moves = calm if other is None else jnp.where(crisis, other, calm)
        scaled = jnp.where(crisis, record.crisis, record.calm) * moves[:assets]
        return fattened(record.tails, scaled, moves[assets:]), crisis

    def at(self, record: Regime, own: RegimeGiven, slot: Array) -> Regime:
        return record._replace(
            tails=tails_at(record.tails, own.scales, slot),
            first_in_crisis=own.first_in_crisis[slot],
            stay_calm=own.stay_calm[slot],
            stay_crisis=own.stay_crisis[slot],
        )

    def conditioned(
        self, record: Regime, conditions: Conditions, slot: Array, picked: Any, memory: Array, today: Today
    ) -> tuple[Array, Array]:
        moves, crisis = self.shaped(self.at(record, conditions.own, slot), picked, memory, today)
        in_calm = pinned(conditions.pins, slot, moves)
        return jnp.where(crisis, pinned(conditions.own.crisis, slot, moves), in_calm), crisis


MODEL = _Regime()
