"""Few factors move many assets, `r = B f + e`: O(assets x factors), no matrix of assets by assets."""

from __future__ import annotations

from typing import Any, NamedTuple

from jax import Array

from stress.kernels.linear import product
from stress.kernels.random import streams
from stress.kernels.shocks.protocol import Names, Numbers, ShockModel, Today
from stress.kernels.shocks.student_t import StudentT, chi_squares, fattened, tails_at


class Factor(NamedTuple):
    """Numbers of the model."""

    tails: StudentT | None  # None: gaussian
    names: Array  # (factor, 2) uint32, so that a factor's normals are its own
    loadings: Array  # (asset, factor) on independent normals, times the step's standard deviation
    specific: Array  # (asset, 1) standard deviation of what is the asset's own


class _Factor(ShockModel[Factor, tuple[()]]):
    name = "factor"
    tails = True
    dense = False

    def others(self, record: Factor, names: Array) -> tuple[Names, ...]:
        return ((streams.FACTORS, record.names), *chi_squares(record.tails))

    def picked(self, record: Factor, matrix: Any, numbers: Numbers) -> Any:
        assets, factors = record.loadings.shape
        by_factors = product(record.loadings, numbers.normals[assets : assets + factors])
        return by_factors + record.specific * numbers.normals[:assets], numbers.normals[assets + factors : -1]

    def at(self, record: Factor, own: Any, slot: Array) -> Factor:
        return record._replace(tails=tails_at(record.tails, own, slot))

    def shaped(self, record: Factor, picked: Any, memory: tuple[()], today: Today) -> tuple[Array, tuple[()]]:
        return fattened(record.tails, *picked), memory


MODEL = _Factor()
