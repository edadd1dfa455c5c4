"""Multivariate normal log returns."""

from __future__ import annotations

from jax import Array

from stress.kernels.shocks.protocol import ShockModel, Today


class _Gaussian(ShockModel[None, tuple[()]]):
    name = "gaussian"

    def shaped(self, record: None, picked: Array, memory: tuple[()], today: Today) -> tuple[Array, tuple[()]]:
        return picked, memory


MODEL = _Gaussian()
