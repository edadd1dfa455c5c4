"""Gathers blocks on the host: exact sums, histograms, running tails and, on request, every path."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.errors import InvariantFailed
from stress.results.collected import PATH_METRICS, Distribution, PathTable
from stress.results.exact import ExactSum
from stress.results.histogram import FloatHistogram
from stress.results.running_tail import RunningTail

Ids = npt.NDArray[np.uint64]
LARGE_LOSS = 0.2


class Gatherer:
    """What has been seen so far. The order in which blocks arrive changes nothing."""

    def __init__(self, rows: int, brokers: int, keep: int, store_paths: bool) -> None:
        self.rows, self.brokers = rows, brokers
        self._sums, self._squares = ExactSum((len(PATH_METRICS), rows)), ExactSum((len(PATH_METRICS), rows))
        self.cross = ExactSum((rows,))
        self.broker_sums, self.broker_squares = ExactSum((brokers,)), ExactSum((brokers,))
        self._flows = ExactSum((2,))
        self._tails = [RunningTail(keep) for _ in range(2 * rows + brokers)]
        self._histogram = FloatHistogram.empty((2 * rows + brokers,))
        self.counts: dict[str, npt.NDArray[np.int64]] = {
            name: np.zeros(rows, np.int64) for name in ("loss_over_20pct", "margin_call", "default")
        }
        self.counts["broker_loss"] = np.zeros(brokers, np.int64)
        self.scalars = {"paths_at_round_limit": 0, "draws_clipped": 0}
        self._stored: list[tuple[Ids, Any]] | None = [] if store_paths else None

    def add(self, ids: Ids, block: Any) -> None:
        """Take in one block of the paths `ids`.

        Raises:
            InvariantFailed: a path's result is not finite.
        """
        tiles, count = block.tiles, len(ids)
        metrics = tiles.metrics
        try:
            for total, terms in (
                (self._sums, tiles.sums),
                (self._squares, tiles.squares),
                (self.cross, tiles.cross),
                (self.broker_sums, tiles.broker_sums),
                (self.broker_squares, tiles.broker_squares),
                (self._flows, tiles.flow_sums),
            ):
                total.add(terms)
        except ValueError as error:
            raise InvariantFailed(f"paths {ids[0]} to {ids[-1]}: {error}") from error
        self._histogram.counts += block.histogram.sum(axis=0, dtype=np.int64)
        loss, static = by_path(metrics.fund_loss, count), by_path(metrics.fund_loss_static, count)
        broker = by_path(metrics.broker_loss, count)
        for tail, values in zip(self._tails, (*loss, *static, *broker), strict=True):
            tail.add(values, ids)
        self.counts["loss_over_20pct"] += np.count_nonzero(loss > LARGE_LOSS, axis=1)
        self.counts["margin_call"] += np.count_nonzero(by_path(metrics.first_call_step, count), axis=1)
        self.counts["default"] += np.count_nonzero(by_path(metrics.defaulted, count), axis=1)
        self.counts["broker_loss"] += np.count_nonzero(broker > 0, axis=1)
        self.scalars["paths_at_round_limit"] += int(np.count_nonzero(metrics.at_round_limit.reshape(-1)[:count]))
        self.scalars["draws_clipped"] += int(metrics.draws_clipped.reshape(-1)[:count].sum(dtype=np.int64))
        if self._stored is not None:
            self._stored.append((ids, metrics))

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
        every = [Distribution(self._histogram.row(i), tail.result()) for i, tail in enumerate(self._tails)]
        return every[: self.rows], every[self.rows : 2 * self.rows], every[2 * self.rows :]

    def stored(self) -> PathTable | None:
        """Every path, when asked for."""
        return None if self._stored is None else path_table(self._stored)


def by_path(values: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """(tile, row, path) as (row, path), without the filling of the last tile."""
    tiles, rows, paths = values.shape
    return np.moveaxis(values, 0, 1).reshape(rows, tiles * paths)[:, :count]


def path_table(blocks: list[tuple[Ids, Any]]) -> PathTable:
    """Metrics of single paths from blocks, ordered by path id."""
    ids = np.concatenate([part for part, _ in blocks])
    order = np.argsort(ids, kind="stable")

    def gathered(name: str) -> npt.NDArray[Any]:
        parts = [by_path(getattr(metrics, name), len(part)) for part, metrics in blocks]
        return np.concatenate(parts, axis=1)[:, order]

    return PathTable(
        path_ids=ids[order],
        metrics={name: gathered(name).astype(np.float64) for name in PATH_METRICS},
        first_call_step=gathered("first_call_step").astype(np.int64),
        defaulted=gathered("defaulted").astype(np.bool_),
        broker_loss=gathered("broker_loss").astype(np.float64),
    )


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
