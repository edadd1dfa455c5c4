"""Simple returns from log returns, `exp(x) - 1`, as exact as leverage needs them."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from stress.kernels.structure import Structure


def simple_return(structure: Structure, log_return: Array) -> Array:
    """`exp(x) - 1`, shape of `log_return`.

    Where no fund is levered much the difference is taken after rounding: off by 6e-8 whatever the return, and much
    faster. A book of fifty times its equity would show that, so there it is `expm1`.
    """
    return jnp.expm1(log_return) if structure.high_leverage else jnp.exp(log_return) - 1.0
