"""Multivariate Student-t: a common scale a path and step, `sqrt(dof / chi2)`, from one normal; no rejection sampler.

`chi2 = F^-1(Phi(z))` is a smooth increasing function of a standard normal `z`, so `log sqrt(dof / chi2)` is a Chebyshev
series in `z`. Its coefficients are made on the host for any `dof` and enter as numbers, so another `dof`
compiles nothing. Scaled by `sqrt((dof - 2)/dof)`, the draw's standard deviation is the volatility asked for. With
degrees of freedom by asset class, each class has a chi-square of its own, independent of the others.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from stress.kernels.linear import product
from stress.kernels.random import streams
from stress.kernels.shocks.protocol import Names, ShockModel, Today

Z_RANGE = 6.8  # beyond the largest normal that Box-Muller makes, 6.76
DEGREE = 24  # relative error of the scale: 1e-6 at dof 2.05, 2e-7 at 3, 2e-8 at 4, less above


class StudentT(NamedTuple):
    """Numbers of the model; also of the innovations of others."""

    scale: Array  # (DEGREE + 1,) Chebyshev coefficients of the scale's logarithm; by class (DEGREE + 1, class, 1)
    classes: Array | None  # (class, 2) uint32 names; None: one chi-square for all
    members: Array | None  # (asset, class) 1 where the asset is of the class


def scale_coefficients(dof: float) -> npt.NDArray[np.float64]:
    """Chebyshev coefficients (DEGREE + 1,) of `log(sqrt((dof - 2) / chi2(z)))` on |z| <= Z_RANGE.

    Raises:
        ValueError: `dof` is not above 2 (no variance).
    """
    from scipy import special

    if not dof > 2.0:
        raise ValueError(f"Student-t needs dof > 2, not {dof}")
    order = 4 * DEGREE
    nodes = np.cos((np.arange(order) + 0.5) * np.pi / order)
    z = Z_RANGE * nodes
    lower, upper = special.gammaincinv(dof / 2.0, special.ndtr(z)), special.gammainccinv(dof / 2.0, special.ndtr(-z))
    chi_square = 2.0 * np.where(z < 0.0, lower, upper)
    return np.polynomial.chebyshev.chebfit(nodes, 0.5 * np.log((dof - 2.0) / chi_square), DEGREE)


def common_scale(coefficients: Array, z: Array) -> Array:
    """`sqrt((dof - 2) / chi2)` for each standard normal, shape of `z`; Clenshaw recurrence."""
    x = z * jnp.asarray(1.0 / Z_RANGE, z.dtype)
    double = x + x
    last = jnp.zeros_like(x)
    current = jnp.full_like(x, coefficients[DEGREE])
    for n in range(DEGREE - 1, 0, -1):
        last, current = current, double * current - last + coefficients[n]
    return jnp.exp(x * current - last + coefficients[0])


def chi_squares(record: StudentT | None) -> tuple[Names, ...]:
    """The random numbers of the common scales, one a path and step, or one for each class."""
    if record is None:
        return ()
    shared = jnp.zeros((1, 2), jnp.uint32) if record.classes is None else record.classes
    return ((streams.COMMON, shared),)


def fattened(record: StudentT | None, z: Array, common: Array) -> Array:
    """Normals as Student-t of the same variance, (asset, path); as they are without a record.

    Args:
        record: numbers.
        z: (asset, path).
        common: (class or 1, path) normals that the scales are made of.
    """
    if record is None:
        return z
    if record.members is None:
        return z * common_scale(record.scale, common.reshape(-1))[None, :]
    return z * product(record.members, common_scale(record.scale, common))


def tails_at(record: StudentT | None, scales: Any, slot: Array) -> StudentT | None:
    """The numbers of a step, `scales` being (slot, DEGREE + 1); None without."""
    return None if record is None else record._replace(scale=scales[slot])


class _StudentT(ShockModel[StudentT, tuple[()]]):
    name = "student_t"
    tails = True

    def others(self, record: StudentT, names: Array) -> tuple[Names, ...]:
        return chi_squares(record)

    def at(self, record: StudentT, own: Any, slot: Array) -> StudentT:
        return record._replace(scale=own[slot])

    def shaped(self, record: StudentT, picked: Array, memory: tuple[()], today: Today) -> tuple[Array, tuple[()]]:
        shared = 1 if record.classes is None else record.classes.shape[0]
        assets = picked.shape[0] - shared
        return fattened(record, picked[:assets], picked[assets:]), memory


MODEL = _StudentT()
