"""What a finished simulation hands to the results layer: counts, exact sums, tails and samples; NumPy only.

Group axis: `groups` are the reported funds (fund types, or members on request) in id order, and every array with a
"row" axis over groups has one more row at the end, the whole system. Losses are fractions of the start NAV of the
group (of the sum of start NAVs for the system), positive = loss; USD metrics are stored as fractions of that same NAV.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stress.results.statistics.histogram import FloatHistogram
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COURSE = ("fund_loss", "trough", "max_drawdown")  # of the traded book
STATIC = ("fund_loss", "trough")  # as NAME_static of the book held still, too
DISTRIBUTED = (*COURSE, *(f"{name}_static" for name in STATIC))  # whose distribution over all paths is kept
PATH_METRICS = (*DISTRIBUTED, "called", "forced_sales", "unliquidated", "called_share", "defaulted_share")
LARGE_LOSS = 0.2  # counted as such
ROUNDING = 1e-6  # of NAV: a share that is a tenth is not more than a tenth
NAV_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of NAV called, of NAV in default: paths over each count
PATH_FLAGS = ("first_call_step", "defaulted")


@dataclass(frozen=True)
class Tail:
    """The largest values of one quantity over all paths, largest first (ties: smaller path id first)."""

    values: Floats  # (kept,)
    path_ids: npt.NDArray[np.uint64]  # (kept,)
    # Every path whose value is larger than values[-1] is kept; when kept == paths the tail is the whole sample.


@dataclass(frozen=True)
class Window:
    """Every value in some bins around a quantile, from a second pass over the paths."""

    first_rank: int  # rank of values[0], 1-based from the smallest
    values: Floats  # (value,) smallest first
    total_above: float  # sum of all larger values


@dataclass(frozen=True)
class Distribution:
    """Histogram and tail of one quantity (one of DISTRIBUTED of a fund, a broker's loss)."""

    histogram: FloatHistogram  # exact counts of all paths
    tail: Tail
    windows: tuple[Window, ...] = ()  # where the tail does not reach and exact quantiles were asked for

    @classmethod
    def of(cls, values: Floats) -> Distribution:
        """Of all values, (path,), in the order of path ids from 0 on; all of them are in the tail."""
        histogram = FloatHistogram.empty(())
        histogram.add(values)
        order = np.lexsort((np.arange(len(values)), -values))
        return cls(histogram, Tail(values[order], order.astype(np.uint64)))

    @cached_property
    def paths(self) -> int:
        """Number of paths counted."""
        return int(self.histogram.counts.sum())

    def window_of(self, rank: int) -> Window | None:
        """The window that holds a rank, if any does."""
        for window in self.windows:
            if window.first_rank <= rank < window.first_rank + len(window.values):
                return window
        return None


@dataclass(frozen=True)
class PathTable:
    """Metrics of single paths: the worst ones, or all of them under `--store paths`."""

    path_ids: npt.NDArray[np.uint64]  # (path,)
    metrics: dict[str, Floats]  # each of PATH_METRICS: (row, path), USD metrics as fractions of the row's NAV
    first_call_step: Ints  # (row, path): 1-based, 0 = none; system: the earliest of its funds
    defaulted: npt.NDArray[np.bool_]  # (row, path); system: any fund
    broker_loss: Floats  # (broker, path), fraction of the system's NAV


class Table(NamedTuple):
    """Means over paths and their standard errors, labelled by `dims`; entities in id order, the system last."""

    dims: tuple[str, ...]  # of "step", "fund", "asset", "trigger", "part", "slice"
    mean: Floats
    error: Floats


@dataclass(frozen=True)
class Slices:
    """Means by step over the detailed paths on which the whole system loses most."""

    names: tuple[str, ...]
    paths: tuple[int, ...]  # in each of them
    tables: dict[str, Table]  # by variable as in `Timeline`, with a leading "slice"


@dataclass(frozen=True)
class Timeline:
    """Per-step statistics of the first `paths` paths.

    `quantiles` maps a variable to a histogram of shape (step, entity); `means` maps a variable to (mean, standard
    error), each of shape (step, entity). Entities are group rows (system last) for fund variables, assets in id order
    for the others.
    """

    paths: int
    quantiles: dict[str, FloatHistogram]  # gross_leverage, net_leverage, fund_loss (rows); price_change = price - 1,
    # depth_lost = 1 - depth (assets): distances from 1, as a histogram on float bits is fine near zero
    means: dict[str, tuple[Floats, Floats]]  # called_usd, forced_sales_usd, fund_loss, fund_loss_static, added_loss,
    # open_call, and
    # built_usd where a book may grow (rows); price, depth, forced_flow_usd, and volatility where it matters (assets)
    rounds: Ints  # (step,) the most cascade rounds that any of these paths used
    # mean and standard error of the signed forced flow, USD at start prices, (step, group, asset) without the system
    flow_by_fund: tuple[Floats, Floats]
    # by other dimensions: forced_sales_by_trigger_usd, built_by_trigger_usd, exposure_usd, gross_exposure_usd,
    # loss_part, and what outside flows buy and how they stand
    tables: dict[str, Table] = field(default_factory=dict)
    slices: Slices | None = None


@dataclass(frozen=True)
class Sample:
    """Kept of the first `detail_paths` paths: joint losses, attribution components and P&L by asset, float64."""

    fund_loss: Floats  # (row, path)
    fund_loss_static: Floats  # (row, path)
    attribution: dict[str, Floats]  # component -> (row, path), profit (+) or loss (-) as a fraction of start NAV
    # (asset, worst path), P&L of all funds on the asset as a fraction of the system's start NAV, on paths (worst path,)
    # in increasing order: those that the tails of the levels asked for look at
    asset_pnl: Floats
    asset_pnl_paths: npt.NDArray[np.int64]
    # part -> (row, first paths), parts of the loss, see `stress.engine.detail.parts`, and "total", their sum
    parts: dict[str, Floats] = field(default_factory=dict)
    residual: float = 0.0  # largest gap between their sum and the P&L of a member fund, over max(1, gross, |loss|)
    # of the worst 1 % by system loss the path whose loss by step is nearest to their mean, and how many those are
    representative: tuple[int, int] = (0, 1)
    shared: PathTable | None = None  # metrics of the first of these paths, to be paired with those of another run


@dataclass(frozen=True)
class SimulationOutput:
    """All that is needed to write the dataset."""

    problem: Problem
    groups: tuple[str, ...]  # id order, without the system
    groups_file_order: tuple[str, ...]
    group_nav: Floats  # (row,) USD, system last
    paths: int
    distributions: dict[str, list[Distribution]]  # each of DISTRIBUTED: per row
    broker_loss: list[Distribution]  # per broker, fraction of the system's NAV
    sums: dict[str, Floats]  # each of PATH_METRICS: (row,) sum over all paths
    squares: dict[str, Floats]  # likewise of the squares
    cross: Floats  # (row,) sum of fund_loss * fund_loss_static
    broker_sums: Floats  # (broker,)
    broker_squares: Floats  # (broker,)
    # "loss_over_20pct", "margin_call", "default": (row,) paths; "called_over", "defaulted_over": (share, row) paths on
    # which more than each of NAV_SHARES is called, is in default; "broker_loss": (broker,)
    counts: dict[str, Ints]
    scalars: dict[str, int]  # paths_at_round_limit, draws_clipped, flows_beyond_depth, prices_floored, ...
    # "paths": (checkpoint,) ints; "mean_loss": (checkpoint, row); "es": (checkpoint, row, level); optional: "var" like
    # "es", "prob_margin_call" like "mean_loss"
    checkpoints: dict[str, Any]
    sample: Sample
    timeline: Timeline
    worst: dict[str, PathTable]  # group id or "system" -> its worst K paths, worst first
    worst_by_trough: dict[str, PathTable]  # likewise by the largest loss at any step end
    stored: PathTable | None
    attrs: dict[str, Any] = field(default_factory=dict)  # seed, rng, precision, device, versions, seconds by phase, ...
    # the user's groups by id: their funds, and the group itself in the place of the system
    of_groups: dict[str, SimulationOutput] = field(default_factory=dict)

    @property
    def loss(self) -> list[Distribution]:
        """Of the loss, per row."""
        return self.distributions["fund_loss"]

    @property
    def loss_static(self) -> list[Distribution]:
        """Of the loss of the book held still, per row."""
        return self.distributions["fund_loss_static"]
