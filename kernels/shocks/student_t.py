"""Multivariate Student-t: one common scale a path and step, `sqrt(dof / chi2)`, from one normal; no rejection sampler.

`chi2 = F^-1(Phi(z))` is a smooth increasing function of a standard normal `z`, so `log sqrt(dof / chi2)` is a Chebyshev
series in `z`. Its coefficients are made on the host for any `dof` and enter as numbers, so another `dof`
compiles nothing. Scaled by `sqrt((dof - 2)/dof)`, the draw's standard deviation is the volatility asked for.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from stress.kernels.shocks.protocol import ShockModel

Z_RANGE = 6.8  # beyond the largest normal that Box-Muller makes, 6.76
DEGREE = 24  # relative error of the scale: 1e-6 at dof 2.05, 2e-7 at 3, 2e-8 at 4, less above


class StudentT(NamedTuple):
    """Numbers of the model."""

    scale: Array  # (DEGREE + 1,) Chebyshev coefficients of the common scale's logarithm


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


class _StudentT(ShockModel[StudentT]):
    name = "student_t"
    common = True

    def shaped(self, record: StudentT, z: Array, common: Array) -> Array:
        return z * common_scale(record.scale, common)[None, :]


MODEL = _StudentT()
