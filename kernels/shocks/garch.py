"""GJR-GARCH(1,1): volatility that clusters and answers falls more than rises (Glosten, Jagannathan and Runkle 1993).

`r = s sqrt(q) z` with `s` the standard deviation asked for, `z` correlated innovations of variance 1 and `q` the
variance over its long-run value, which follows `q' = omega + (alpha + gamma [z < 0]) q z^2 + beta q` with `omega` such
that its mean is 1. The numbers are of days.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.shocks.protocol import Names, ShockModel, Today
from stress.kernels.shocks.student_t import StudentT, chi_squares, fattened


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


MODEL = _Garch()
