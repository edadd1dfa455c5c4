"""Multivariate normal log returns."""

from __future__ import annotations

from jax import Array

from stress.kernels.shocks.protocol import ShockModel


class _Gaussian(ShockModel[None]):
    name = "gaussian"

    def shaped(self, record: None, z: Array, common: Array) -> Array:
        return z


MODEL = _Gaussian()
