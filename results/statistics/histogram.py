"""Integer histograms on the bits of float32: mergeable, order-free, deterministic, certified brackets for quantiles.

The bin of a float32 `x` (int32 arithmetic only, so that an accelerator computes the same; m = `mantissa_bits`):
    u = bits of x as int32;  a = u & 0x7FFFFFFF                     (a > 0x7F800000 is NaN)
    base = (lo_exp + 127) << m;  n = (hi_exp - lo_exp) << m         (defaults: 52736 and 15872; 31747 bins)
    k = clip((a >> (23 - m)) - base + 1, 0, n + 1)                  (0: |x| < 2^lo_exp; n + 1: |x| >= 2^hi_exp)
    bin = n + 1 + k  if u >= 0  else  n + 1 - k                     (negative zero has k = 0, so it is zero)
    bins = 2 n + 3
The bin index never decreases with x. Positive bins are closed below, negative ones above, relative width 2^-m or finer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stress.results.statistics.levels import order_rank, tail_mass

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bracket = tuple[Floats, Floats, Floats]


@dataclass
class FloatHistogram:
    """Exact counts per bin, int64 of shape (*shape, bins); see the module's text for the bins."""

    counts: Ints
    mantissa_bits: int
    lo_exp: int
    hi_exp: int

    def __post_init__(self) -> None:
        if not 1 <= self.mantissa_bits <= 23 or not -126 <= self.lo_exp < self.hi_exp <= 127:
            raise ValueError(
                f"no such histogram: mantissa_bits={self.mantissa_bits} (1..23), "
                f"lo_exp={self.lo_exp} < hi_exp={self.hi_exp} (-126..127)"
            )
        self.counts = np.asarray(self.counts)
        if self.counts.dtype != np.int64 or self.counts.ndim < 1 or self.counts.shape[-1] != self.bins:
            raise ValueError(f"counts must be int64 (..., {self.bins}), got {self.counts.dtype} {self.counts.shape}")

    @classmethod
    def empty(
        cls, shape: tuple[int, ...], mantissa_bits: int = 9, lo_exp: int = -24, hi_exp: int = 7
    ) -> FloatHistogram:
        """A histogram without values, one for each index of `shape`."""
        bins = 2 * (max(hi_exp - lo_exp, 0) << max(mantissa_bits, 0)) + 3
        return cls(np.zeros((*shape, bins), np.int64), mantissa_bits, lo_exp, hi_exp)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape without the bin axis."""
        return self.counts.shape[:-1]

    @property
    def bins(self) -> int:
        """Number of bins, the zero bin and both overflow bins included."""
        return 2 * self._magnitudes + 3

    @property
    def _magnitudes(self) -> int:
        return (self.hi_exp - self.lo_exp) << self.mantissa_bits

    def bin_index(self, values: npt.NDArray[np.floating]) -> Ints:
        """Bin of each value (rounded to float32 first), int64 of the same shape; NaN raises ValueError."""
        with np.errstate(over="ignore"):  # beyond float32's range is the overflow bin all the same
            bits = np.ascontiguousarray(values, dtype=np.float32).view(np.int32)
        magnitude = bits & np.int32(0x7FFFFFFF)
        if np.any(magnitude > np.int32(0x7F800000)):
            raise ValueError("NaN cannot be counted in a histogram")
        base = (self.lo_exp + 127) << self.mantissa_bits
        n = self._magnitudes
        k = np.clip((magnitude >> (23 - self.mantissa_bits)).astype(np.int64) - base + 1, 0, n + 1)
        return np.where(bits < 0, n + 1 - k, n + 1 + k).reshape(np.shape(values))

    def add(self, values: npt.NDArray[np.floating]) -> None:
        """Count `values` of shape (*shape, n) in place; NaN raises ValueError and changes nothing."""
        values = np.asarray(values)
        if values.shape[:-1] != self.shape:
            raise ValueError(f"values of shape {values.shape} do not fit a histogram of shape {self.shape}")
        index = self.bin_index(values).reshape(-1, values.shape[-1])
        rows = self.counts.reshape(-1, self.bins)
        for row, bins in zip(rows, index, strict=True):
            row += np.bincount(bins, minlength=self.bins)
        self.counts = rows.reshape(self.counts.shape)

    def merge(self, other: FloatHistogram) -> FloatHistogram:
        """A new histogram with the counts of both; ValueError when the bins or shapes differ."""
        ours = (self.mantissa_bits, self.lo_exp, self.hi_exp, self.shape)
        theirs = (other.mantissa_bits, other.lo_exp, other.hi_exp, other.shape)
        if ours != theirs:
            raise ValueError(f"histograms differ in mantissa_bits, lo_exp, hi_exp or shape: {ours} and {theirs}")
        return FloatHistogram(self.counts + other.counts, self.mantissa_bits, self.lo_exp, self.hi_exp)

    def row(self, index: int | tuple[int, ...]) -> FloatHistogram:
        """The histogram at one index of `shape`."""
        return FloatHistogram(self.counts[index], self.mantissa_bits, self.lo_exp, self.hi_exp)

    def totals(self) -> Ints:
        """Number of values counted, of shape `shape`."""
        return np.asarray(self.counts.sum(axis=-1))

    def edges(self) -> Floats:
        """Increasing edges, float64 (bins + 1,), from -inf to inf; edge i and i + 1 bound bin i."""
        codes = np.arange(self._magnitudes + 1, dtype=np.int32) + np.int32((self.lo_exp + 127) << self.mantissa_bits)
        positive = (codes << np.int32(23 - self.mantissa_bits)).view(np.float32).astype(np.float64)
        return np.concatenate([[-np.inf], -positive[::-1], positive, [np.inf]])

    def centres(self) -> Floats:
        """Midpoints of the bins, (bins,); -inf and inf for the overflow bins."""
        edges = self.edges()
        return 0.5 * (edges[:-1] + edges[1:])

    def order_statistics(self, ranks: Sequence[int]) -> Bracket:
        """Midpoint, lower and upper bound of the values of the given ranks (1-based, from the smallest).

        Each array has shape (*shape, rank). The true order statistic (of the values rounded to float32) lies in
        [low, high]. ValueError when a rank is below 1 or above the number of values.
        """
        wanted = np.asarray(ranks, np.int64)
        rows = self.counts.reshape(-1, self.bins)
        found = np.empty((len(rows), len(wanted)), np.int64)
        for row, bins in zip(rows, found, strict=True):
            cumulative = np.cumsum(row)
            if np.any(wanted < 1) or np.any(wanted > cumulative[-1]):
                raise ValueError(f"ranks {list(ranks)} outside 1..{cumulative[-1]}")
            bins[:] = np.searchsorted(cumulative, wanted, side="left")
        edges, centres = self.edges(), self.centres()
        found = found.reshape(*self.shape, len(wanted))
        return centres[found], edges[found], edges[found + 1]

    def interpolated(self, ranks: Sequence[int]) -> Floats:
        """The values of the given ranks, spread evenly over their bin by rank: (*shape, rank).

        The bin around zero gives 0 exactly, an overflow bin its infinite edge. ValueError as in `order_statistics`.
        """
        centres, low, high = self.order_statistics(ranks)
        wanted = np.asarray(ranks, np.float64)
        edges = self.edges()
        bins = np.searchsorted(edges, low, side="left")
        bins = np.where(np.isneginf(low), 0, bins)
        cumulative = np.cumsum(self.counts, axis=-1)
        inside = np.take_along_axis(self.counts, bins, axis=-1)
        before = np.take_along_axis(cumulative, bins, axis=-1) - inside
        with np.errstate(invalid="ignore"):  # an overflow bin has an infinite edge: replaced on the next line
            value = low + (high - low) * (wanted - before - 0.5) / inside
        return np.where((low < 0) & (high > 0), 0.0, np.where(np.isfinite(value), value, centres))

    def quantile(self, level: str) -> Bracket:
        """The order statistic `ceil(p N)`: (midpoint, low, high), each of shape `shape`; all rows hold N values."""
        value, low, high = self.order_statistics([order_rank(level, self._common_total())])
        return value[..., 0], low[..., 0], high[..., 0]

    def tail_mean(self, level: str) -> Bracket:
        """Mean of the worst (largest) `(1 - p) N` values: (from midpoints, low, high), each of shape `shape`.

        The boundary value is counted in part. Infinite where the tail reaches an overflow bin.
        """
        mass = float(tail_mass(level, self._common_total()))
        above = np.cumsum(self.counts[..., ::-1], axis=-1)[..., ::-1]
        # Of each bin: what is still missing from the mass once all larger bins are taken.
        weight = np.clip(mass - (above - self.counts), 0.0, self.counts)
        edges = self.edges()
        return tuple(_weighted(weight, at) / mass for at in (self.centres(), edges[:-1], edges[1:]))  # type: ignore[return-value]

    def mean(self) -> Floats:
        """Mean from the midpoints, of shape `shape`; infinite where an overflow bin holds a value."""
        return _weighted(self.counts.astype(np.float64), self.centres()) / self._common_total()

    def _common_total(self) -> int:
        totals = np.unique(self.totals())
        if len(totals) != 1 or totals[0] == 0:
            raise ValueError(f"every row must hold the same number of values, at least one; got {totals.tolist()}")
        return int(totals[0])


def _weighted(weight: Floats, at: Floats) -> Floats:
    """Sum of weight * at over the last axis; an infinite place counts only where its weight is not zero."""
    inside = np.isfinite(at)
    total = weight[..., inside] @ at[inside]
    for place in np.flatnonzero(~inside):
        total = total + np.where(weight[..., place] > 0, at[place], 0.0)
    return np.asarray(total)
