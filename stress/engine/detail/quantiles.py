"""Histograms by step of what the timeline shows quantiles of: by fund, and by asset in coarser bins where many."""

from __future__ import annotations

from typing import Any

import numpy as np
from jax import Array

from stress.engine.tiles import count_bins, no_counts
from stress.results.statistics.histogram import FloatHistogram

BY_ROW = ("gross_leverage", "net_leverage", "fund_loss")  # with quantiles, like the next two, fine near zero
BY_ASSET = ("price_change", "depth_lost")
RANGE = {"lo_exp": -14, "hi_exp": 10}
FINEST, COARSEST = 7, 4  # bits of the mantissa: bins a 128th to a 16th of their value wide
LARGEST = 1 << 25  # counts of all assets in all steps
Counts = tuple[Array, Array]  # of BY_ROW and of BY_ASSET: (step and entity, bin) int32


def bins_of_rows() -> FloatHistogram:
    """The bins of a fund's histogram."""
    return FloatHistogram.empty((), FINEST, **RANGE)


def bins_of_assets(steps: int, assets: int) -> FloatHistogram:
    """The bins of an asset's histogram, as fine as `LARGEST` allows: it follows from the problem alone."""
    every = (FloatHistogram.empty((), bits, **RANGE) for bits in range(FINEST, COARSEST, -1))
    fits = (bins for bins in every if steps * len(BY_ASSET) * assets * bins.bins <= LARGEST)
    return next(fits, FloatHistogram.empty((), COARSEST, **RANGE))


def numbers(steps: int, rows: int, assets: int) -> int:
    """Counts of a run."""
    of_rows, of_assets = bins_of_rows().bins, bins_of_assets(steps, assets).bins
    return steps * (len(BY_ROW) * rows * of_rows + len(BY_ASSET) * assets * of_assets)


class Quantiles:
    """The histograms of one run.

    Args:
        steps: of a path.
        rows: funds and the system.
        assets: how many.
    """

    def __init__(self, steps: int, rows: int, assets: int) -> None:
        self.steps = steps
        self.entities = ({name: rows for name in BY_ROW}, {name: assets for name in BY_ASSET})
        self.bins = (bins_of_rows(), bins_of_assets(steps, assets))

    def nothing(self) -> Counts:
        """No counts."""
        first, second = (
            no_counts(self.steps * sum(entities.values()), bins)
            for entities, bins in zip(self.entities, self.bins, strict=True)
        )
        return first, second

    def counted(self, counts: Counts, values: Counts, valid: Array) -> Counts:
        """Counts with those of one tile: values (step, entity, path) of all of BY_ROW, and of BY_ASSET."""
        first, second = (
            count_bins(so_far, x.reshape(1, -1, x.shape[-1]), valid[None], bins)
            for so_far, x, bins in zip(counts, values, self.bins, strict=True)
        )
        return first, second

    def on_the_host(self) -> dict[str, FloatHistogram]:
        """Histograms (step, entity) of nothing, by name."""
        return {
            name: FloatHistogram.empty((self.steps, n), bins.mantissa_bits, bins.lo_exp, bins.hi_exp)
            for entities, bins in zip(self.entities, self.bins, strict=True)
            for name, n in entities.items()
        }

    def add(self, histograms: dict[str, FloatHistogram], counts: Any) -> None:
        """Add a call's counts, each (device, step and entity, bin), device by device: no copy of all of them."""
        for entities, every in zip(self.entities, counts, strict=True):
            for shard in every.addressable_shards:
                mine = np.asarray(shard.data)[0].reshape(self.steps, sum(entities.values()), -1)
                first = 0
                for name, n in entities.items():
                    histograms[name].counts += mine[:, first : first + n]
                    first += n
