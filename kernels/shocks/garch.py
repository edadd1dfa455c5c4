"""GJR-GARCH(1,1): volatility that clusters and answers falls more than rises (Glosten, Jagannathan and Runkle 1993).

`r = s sqrt(q) z` with `s` the standard deviation asked for, `z` correlated innovations of variance 1 and `q` the
variance over its long-run value, which follows `q' = omega + (alpha + gamma [z < 0]) q z^2 + beta q` with `omega` such
that its mean is 1. The numbers are of days.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import DTypeLike

from stress.kernels.linear import product, sum_rows
from stress.kernels.shocks.condition import Conditions
from stress.kernels.shocks.protocol import Names, ShockModel, Today
from stress.kernels.shocks.student_t import StudentT, chi_squares, fattened, tails_at


class Variance(NamedTuple):
    """Numbers of the recursion."""

    omega: Array  # (asset, 1)
    alpha: Array  # (asset, 1)
    gamma: Array  # (asset, 1)
    beta: Array  # (asset, 1)
    start: Array  # (asset, 1) `q` of the first day
    deviation: Array  # (asset, 1) standard deviation of a step in the long run

    def first(self, paths: int, dtype: DTypeLike) -> Array:
        """`q` before the first step, (asset, path)."""
        return jnp.broadcast_to(self.start.astype(dtype), (self.start.shape[0], paths))

    def day(self, ratio: Array, z: Array) -> tuple[Array, Array]:
        """The draw of a day, its variance `ratio` and innovations `z` (asset, path), and the next day's variance."""
        news = ratio * z * z
        heard = jnp.where(z < 0, self.alpha + self.gamma, self.alpha)
        return self.deviation * jnp.sqrt(ratio) * z, self.omega + heard * news + self.beta * ratio


class Garch(NamedTuple):
    """Numbers of the model."""

    tails: StudentT | None  # None: gaussian innovations
    variance: Variance


class GarchGiven(NamedTuple):
    """Numbers of conditions, by slot: moves of single assets first, then those of several one after the other.

    A path's own variance scales the rows. A single asset's then stays a row of its innovation alone, so that its gain
    is the same on all paths; the gain of a weighted row is worked out path by path.
    """

    inverse: Array  # (slot, row, row) of the correlation of the rows of `Conditions.pins`, which are single assets
    correlation: Array | None  # (asset, asset) of innovations; None: no weighted rows
    weighted: Array  # (slot, weighted row, asset)
    missing: Array  # (slot, weighted row)
    fixed: Array  # (slot,) rows of both kinds
    dof: Array  # ()
    scales: Array | None  # (slot, coefficient) of `StudentT.scale`; None: gaussian innovations


def innovations_given(
    conditions: Conditions, tails: StudentT | None, slot: Array, scaled: Array, normal: Array, common: Array
) -> Array:
    """Innovations (asset, path) that meet a condition.

    Args:
        conditions: all of them, `own` being `GarchGiven`.
        tails: of the innovations.
        slot: () int32, above 0.
        scaled: (asset, path) standard deviation of the step.
        normal: (asset, path) correlated normals.
        common: (1, path) normals of the chi-square.
    """
    pins, own = conditions.pins, conditions.own
    rows, gain = pins.rows[slot], pins.gain[slot]
    width = product(rows, scaled)
    wanted = jnp.where(width > 0, pins.missing[slot] / jnp.where(width > 0, width, 1.0), 0.0)
    mean, apart = product(gain, wanted), normal - product(gain, product(rows, normal))
    squared = sum_rows(wanted * product(own.inverse[slot], wanted))
    before: list[tuple[Array, Array]] = []
    for i in range(own.weighted.shape[1]):
        row = scaled * own.weighted[slot, i][:, None]
        across = product(own.correlation, row)
        across = across - product(gain, product(rows, across))
        for of_other, of_size in before:
            across = across - of_other * (sum_rows(of_other * row) * of_size)
        own_size = sum_rows(across * row)
        size = jnp.where(own_size > 0, 1.0 / jnp.where(own_size > 0, own_size, 1.0), 0.0)
        lacks = own.missing[slot, i] - sum_rows(row * mean)
        mean, squared = mean + across * (lacks * size), squared + lacks * lacks * size
        apart = apart - across * (sum_rows(row * apart) * size)
        before.append((across, size))
    if tails is None:
        return mean + apart
    spread = jnp.sqrt((own.dof - 2.0 + squared) / (own.dof + own.fixed[slot] - 2.0))
    return mean + spread * fattened(tails_at(tails, own.scales, slot), apart, common)


class _Garch(ShockModel[Garch, Array]):
    name = "garch"
    tails = True
    unit = True

    def others(self, record: Garch, names: Array) -> tuple[Names, ...]:
        return chi_squares(record.tails)

    def start(self, record: Garch, assets: int, paths: int, dtype: DTypeLike) -> Array:
        return record.variance.first(paths, dtype)

    def shaped(self, record: Garch, picked: Array, memory: Array, today: Today) -> tuple[Array, Array]:
        assets = memory.shape[0]
        return record.variance.day(memory, fattened(record.tails, picked[:assets], picked[assets:]))

    def conditioned(
        self, record: Garch, conditions: Conditions, slot: Array, picked: Array, memory: Array, today: Today
    ) -> tuple[Array, Array]:
        """Given the variance that each path has on that day."""
        assets = memory.shape[0]

        def met(ratio: Array, normal: Array, common: Array) -> Array:
            scaled = record.variance.deviation * jnp.sqrt(ratio)
            return innovations_given(conditions, record.tails, slot, scaled, normal, common)

        def free(ratio: Array, normal: Array, common: Array) -> Array:
            return fattened(record.tails, normal, common)

        return record.variance.day(memory, lax.cond(slot > 0, met, free, memory, picked[:assets], picked[assets:]))


MODEL = _Garch()
