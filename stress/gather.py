"""Gathers blocks on the host: exact sums, histograms, running tails and, on request, every path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from stress.block import QuietBlock, SalesBlock
from stress.errors import InvariantFailed
from stress.kernels.path import PathMetrics
from stress.results.collected import PATH_METRICS, Distribution, PathTable
from stress.results.exact import LARGEST, ExactSum
from stress.results.histogram import FloatHistogram
from stress.results.running_tail import RunningTail
from stress.simulator import Finished
from stress.tiles import Dealt

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]
LOSS, STATIC, DRAWDOWN = (PATH_METRICS.index(name) for name in ("fund_loss", "fund_loss_static", "max_drawdown"))


class Gatherer:
    """What has been seen so far. The order in which blocks arrive changes nothing."""

    def __init__(self, rows: int, brokers: int, keep: int, store_paths: bool) -> None:
        self.rows, self.brokers = rows, brokers
        self._sums, self._squares = ExactSum((len(PATH_METRICS), rows)), ExactSum((len(PATH_METRICS), rows))
        self.cross = ExactSum((rows,))
        self.broker_sums, self.broker_squares = ExactSum((brokers,)), ExactSum((brokers,))
        self._flows = ExactSum((2,))
        self._loss = [RunningTail(keep) for _ in range(rows)]
        self._static = [RunningTail(keep) for _ in range(rows)]
        self._broker = [RunningTail(keep) for _ in range(brokers)]
        self._histogram = FloatHistogram.empty((2 * rows + brokers,))
        self._zero = int(self._histogram.bin_index(np.zeros(1))[0])
        names = ("loss_over_20pct", "margin_call", "default")
        self.counts: dict[str, npt.NDArray[np.int64]] = {name: np.zeros(rows, np.int64) for name in names}
        self.counts["broker_loss"] = np.zeros(brokers, np.int64)
        self.scalars = {"paths_at_round_limit": 0, "draws_clipped": 0, "prices_floored": 0}
        self._stored: list[Finished] | None = [] if store_paths else None

    def add(self, finished: Finished) -> None:
        """Take in one call.

        Raises:
            InvariantFailed: a path's result is not finite.
        """
        dealt, block = finished.dealt, finished.block
        if int(np.asarray(block.sums.broken).sum()):
            raise InvariantFailed(
                f"paths {dealt.ids.min()} to {dealt.ids.max()}: a result is not finite or beyond {LARGEST:g} times NAV"
            )
        if isinstance(block, QuietBlock):
            self._add_quiet(dealt, block)
        else:
            self._add_sales(dealt, block, finished.first_pass)
        if self._stored is not None:
            self._stored.append(replace(finished, block=jax.device_get(block)))

    def _add_quiet(self, dealt: Dealt, block: QuietBlock) -> None:
        sums = jax.device_get(block.sums)
        for metric, part in ((LOSS, 0), (STATIC, 0), (DRAWDOWN, 1)):
            self._sums.add(sums.sums[:, part], (metric,))
            self._squares.add(sums.squares[:, part], (metric,))
        self.cross.add(sums.squares[:, 0])
        self.counts["loss_over_20pct"] += sums.large_losses.sum(axis=0, dtype=np.int64)
        self.scalars["draws_clipped"] += int(sums.draws_clipped.sum(dtype=np.int64))
        counted = np.asarray(block.histogram).sum(axis=0, dtype=np.int64)
        self._histogram.counts[: self.rows] += counted
        self._histogram.counts[self.rows : 2 * self.rows] += counted
        self._histogram.counts[2 * self.rows :, self._zero] += int(counted[0].sum())
        for losses, first, ids, valid in dealt.by_device(block.metrics.loss, block.metrics.first_trigger):
            calm = valid & (first == 0)
            _offer(((self._static, valid), (self._loss, calm)), losses, ids)
            calm_ids = ids[calm]
            for broker in self._broker:
                if len(calm_ids) and broker.least(calm_ids.min(), losses.dtype) <= 0.0:
                    broker.add(np.zeros(len(calm_ids), losses.dtype), calm_ids)

    def _add_sales(self, dealt: Dealt, block: SalesBlock, first_pass: bool) -> None:
        sums = jax.device_get(block.sums)
        for total, limbs in (
            (self._sums, sums.sums),
            (self._squares, sums.squares),
            (self.cross, sums.cross),
            (self.broker_sums, sums.broker_sums),
            (self.broker_squares, sums.broker_squares),
            (self._flows, sums.flows),
        ):
            total.add(limbs)
        for name, count in (
            ("loss_over_20pct", sums.large_losses),
            ("margin_call", sums.called),
            ("default", sums.defaulted),
            ("broker_loss", sums.broker_losses),
        ):
            self.counts[name] += count.sum(axis=0, dtype=np.int64)
        self.scalars["paths_at_round_limit"] += int(sums.at_round_limit.sum(dtype=np.int64))
        self.scalars["draws_clipped"] += int(sums.draws_clipped.sum(dtype=np.int64))
        self.scalars["prices_floored"] += int(sums.prices_floored.sum(dtype=np.int64))
        self._histogram.counts += np.asarray(block.histogram).sum(axis=0, dtype=np.int64)
        metrics = block.metrics
        tails = [(self._loss, metrics.fund_loss), (self._broker, metrics.broker_loss)]
        if first_pass:
            tails.append((self._static, metrics.fund_loss_static))
        for group, every in tails:
            for values, ids, valid in dealt.by_device(every):
                _offer(((group, valid),), values, ids)

    def sums(self) -> dict[str, npt.NDArray[np.float64]]:
        """Sum of each path metric by row."""
        return dict(zip(PATH_METRICS, self._sums.value(), strict=True))

    def squares(self) -> dict[str, npt.NDArray[np.float64]]:
        """Sum of squares of each path metric by row."""
        return dict(zip(PATH_METRICS, self._squares.value(), strict=True))

    def flow_share(self) -> float:
        """Share of forced flow in steps where it exceeded a day's depth."""
        forced, beyond = self._flows.value()
        return float(beyond / forced) if forced > 0 else 0.0

    def distributions(self) -> tuple[list[Distribution], list[Distribution], list[Distribution]]:
        """Histogram and tail of the losses, of the static losses (row) and of the broker losses (broker)."""
        tails = (*self._loss, *self._static, *self._broker)
        every = [Distribution(self._histogram.row(i), tail.result()) for i, tail in enumerate(tails)]
        return every[: self.rows], every[self.rows : 2 * self.rows], every[2 * self.rows :]

    def stored(self) -> PathTable | None:
        """Every path, when asked for."""
        return None if self._stored is None else path_table(self._stored, self.brokers)


def loss_values(finished: Finished) -> Iterator[tuple[bool, Floats]]:
    """Every loss of a call that is final, (row, path), and whether it is that of the start book."""
    dealt, block = finished.dealt, finished.block
    if isinstance(block, QuietBlock):
        for losses, first, _, valid in dealt.by_device(block.metrics.loss, block.metrics.first_trigger):
            by_row = np.moveaxis(losses, 1, 0)
            yield True, by_row[:, valid]
            yield False, by_row[:, valid & (first == 0)]
        return
    for losses, static, _, valid in dealt.by_device(block.metrics.fund_loss, block.metrics.fund_loss_static):
        yield False, np.moveaxis(losses, 1, 0)[:, valid]
        if finished.first_pass:
            yield True, np.moveaxis(static, 1, 0)[:, valid]


def _offer(groups: tuple[tuple[list[RunningTail], Bools], ...], values: Floats, ids: Ids) -> None:
    """Offer values (tile, row, path) to the tails of their row, each group of tails taking some paths (tile, path)."""
    if values.shape[1] == 0:
        return
    smallest = ids.min()
    least = np.array([[tail.least(smallest, values.dtype) for tail in tails] for tails, _ in groups]).min(axis=0)
    tile, row, path = np.unravel_index(np.flatnonzero(values >= least.astype(values.dtype)[:, None]), values.shape)
    found, of = values[tile, row, path], ids[tile, path]
    for tails, taken in groups:
        allowed = taken[tile, path]
        for r, tail in enumerate(tails):
            here = allowed & (row == r)
            tail.add(found[here], of[here])


def path_table(blocks: list[Finished], brokers: int) -> PathTable:
    """Metrics of single paths from calls on the host, ordered by path id; sales overwrite what held still."""
    ids = np.unique(np.concatenate([finished.dealt.ids for finished in blocks]))
    block = blocks[0].block
    rows = block.histogram.shape[1] if isinstance(block, QuietBlock) else block.metrics.fund_loss.shape[1]
    table = PathTable(
        path_ids=ids,
        metrics={name: np.zeros((rows, len(ids))) for name in PATH_METRICS},
        first_call_step=np.zeros((rows, len(ids)), np.int64),
        defaulted=np.zeros((rows, len(ids)), np.bool_),
        broker_loss=np.zeros((brokers, len(ids))),
    )
    for finished in sorted(blocks, key=lambda x: isinstance(x.block, SalesBlock)):
        dealt, metrics = finished.dealt, finished.block.metrics
        at = np.searchsorted(ids, dealt.ids)

        def by_path(values: Any, dealt: Dealt = dealt) -> npt.NDArray[Any]:
            return dealt.by_path(np.asarray(values))

        if isinstance(metrics, PathMetrics):
            for name in PATH_METRICS:
                table.metrics[name][:, at] = by_path(getattr(metrics, name))
            table.first_call_step[:, at] = by_path(metrics.first_call_step)
            table.defaulted[:, at] = by_path(metrics.defaulted)
            table.broker_loss[:, at] = by_path(metrics.broker_loss)
        else:
            table.metrics["fund_loss"][:, at] = table.metrics["fund_loss_static"][:, at] = by_path(metrics.loss)
            table.metrics["max_drawdown"][:, at] = by_path(metrics.max_drawdown)
    return table


def select_paths(table: PathTable, ids: Ids) -> PathTable:
    """The rows of a table for some path ids, in the order of `ids`."""
    at = np.searchsorted(table.path_ids, ids)
    return PathTable(
        path_ids=ids,
        metrics={name: values[:, at] for name, values in table.metrics.items()},
        first_call_step=table.first_call_step[:, at],
        defaulted=table.defaulted[:, at],
        broker_loss=table.broker_loss[:, at],
    )
