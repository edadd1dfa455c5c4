"""Gathers blocks on the host: exact sums, histograms, running tails and, on request, every path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import jax
import numpy as np
import numpy.typing as npt

from stress.engine.block import QuietBlock, SalesBlock
from stress.engine.path_tables import TABLE_ARRAYS, joined, path_table, table_arrays, table_of
from stress.engine.simulator import Finished
from stress.engine.tiles import TiledPaths
from stress.engine.totals import State, Totals
from stress.errors import InvariantFailed
from stress.results.statistics.exact_sum import LARGEST
from stress.results.statistics.running_tail import NOTHING, RunningTail
from stress.results.statistics.simulation_output import PATH_METRICS, Distribution, PathTable

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]
TailFloors = list[tuple[float, np.uint64]]  # value and path id, for each tail, of what is ranked last


class Gatherer:
    """What has been seen so far. The order in which blocks arrive changes nothing.

    Calls are taken in with `add`; `finish_chunk` then says what those since the last chunk came to, in a form that
    `add_chunk` of another gatherer takes in their place. `least` of that other one spares it what it would not keep.
    """

    def __init__(self, rows: int, brokers: int, keep: int, store_paths: bool, least: TailFloors | None = None) -> None:
        self.rows, self.brokers = rows, brokers
        self.totals, self._chunk = Totals(rows, brokers), Totals(rows, brokers)
        tails = [RunningTail(keep, last) for last in least or [NOTHING] * (2 * rows + brokers)]
        self._loss, self._static, self._broker = tails[:rows], tails[rows : 2 * rows], tails[2 * rows :]
        self._calls: list[Finished] | None = [] if store_paths else None
        self._tables: list[PathTable] = []

    @property
    def _tails(self) -> tuple[RunningTail, ...]:
        return (*self._loss, *self._static, *self._broker)

    def add(self, finished: Finished) -> None:
        """Take in one call.

        Raises:
            InvariantFailed: a path's result is not finite.
        """
        tiled, block = finished.tiled, finished.block
        if int(np.asarray(block.sums.broken).sum()):
            raise InvariantFailed(
                f"paths {tiled.ids.min()} to {tiled.ids.max()}: a result is not finite or beyond {LARGEST:g} times NAV"
            )
        if isinstance(block, QuietBlock):
            self._chunk.add_quiet(jax.device_get(block.sums), np.asarray(block.histogram))
            self._offer_quiet(tiled, block)
        else:
            self._chunk.add_sales(jax.device_get(block.sums), np.asarray(block.histogram))
            self._offer_sales(tiled, block, finished.first_pass)
        if self._calls is not None:
            self._calls.append(replace(finished, block=jax.device_get(block)))

    def _offer_quiet(self, tiled: TiledPaths, block: QuietBlock) -> None:
        for losses, first, ids, valid in tiled.by_device(block.metrics.loss, block.metrics.first_trigger):
            calm = valid & (first == 0)
            _offer(((self._static, valid), (self._loss, calm)), losses, ids)
            calm_ids = ids[calm]
            for broker in self._broker:
                if len(calm_ids) and broker.least(calm_ids.min(), losses.dtype) <= 0.0:
                    broker.add(np.zeros(len(calm_ids), losses.dtype), calm_ids)

    def _offer_sales(self, tiled: TiledPaths, block: SalesBlock, first_pass: bool) -> None:
        metrics = block.metrics
        tails = [(self._loss, metrics.fund_loss), (self._broker, metrics.broker_loss)]
        if first_pass:
            tails.append((self._static, metrics.fund_loss_static))
        for group, every in tails:
            for values, ids, valid in tiled.by_device(every):
                _offer(((group, valid),), values, ids)

    def finish_chunk(self) -> State:
        """What the calls since the last chunk came to.

        Of the tails only what may still be among the largest: what was left out is beaten by other chunks of the run.
        """
        state = self._chunk.state()
        self.totals.add_state(state)
        self._chunk = Totals(self.rows, self.brokers)
        for number, tail in enumerate(self._tails):
            state[f"tail_{number}_values"], state[f"tail_{number}_ids"] = tail.fresh()
        if self._calls:
            table = path_table(self._calls, self.brokers)
            self._tables.append(table)
            self._calls = []
            state |= {f"path_{name}": values for name, values in table_arrays(table).items()}
        return state

    def drop_chunk(self, first: int, last: int) -> None:
        """Forget the calls since the last chunk, which were of paths `first` .. `last - 1`; they must come again."""
        self._chunk = Totals(self.rows, self.brokers)
        for tail in self._tails:
            tail.forget(first, last)
        if self._calls is not None:
            self._calls = []

    def add_chunk(self, state: State) -> None:
        """Take in a chunk that is known already."""
        self.totals.add_state(state)
        for number, tail in enumerate(self._tails):
            tail.add(state[f"tail_{number}_values"], state[f"tail_{number}_ids"])
            tail.fresh()
        if self._calls is not None:
            self._tables.append(table_of({name: state[f"path_{name}"] for name in TABLE_ARRAYS}))

    def least(self) -> TailFloors:
        """What is ranked last in each tail by now: what is ranked below it need not come any more."""
        return [tail.last() for tail in self._tails]

    def sums(self) -> dict[str, npt.NDArray[np.float64]]:
        """Sum of each path metric by row."""
        return dict(zip(PATH_METRICS, self.totals.sums["sums"].value(), strict=True))

    def squares(self) -> dict[str, npt.NDArray[np.float64]]:
        """Sum of squares of each path metric by row."""
        return dict(zip(PATH_METRICS, self.totals.sums["squares"].value(), strict=True))

    def flow_share(self) -> float:
        """Share of forced flow in steps where it exceeded a day's depth."""
        forced, beyond = self.totals.sums["flows"].value()
        return float(beyond / forced) if forced > 0 else 0.0

    def distributions(self) -> tuple[list[Distribution], list[Distribution], list[Distribution]]:
        """Histogram and tail of the losses, of the static losses (row) and of the broker losses (broker)."""
        histogram = self.totals.histogram
        every = [Distribution(histogram.row(i), tail.result()) for i, tail in enumerate(self._tails)]
        return every[: self.rows], every[self.rows : 2 * self.rows], every[2 * self.rows :]

    def stored(self) -> PathTable | None:
        """Every path, when asked for."""
        return None if self._calls is None else joined(self._tables)


def loss_values(finished: Finished) -> Iterator[tuple[bool, Floats]]:
    """Every loss of a call that is final, (row, path), and whether it is that of the start book."""
    tiled, block = finished.tiled, finished.block
    if isinstance(block, QuietBlock):
        for losses, first, _, valid in tiled.by_device(block.metrics.loss, block.metrics.first_trigger):
            by_row = np.moveaxis(losses, 1, 0)
            yield True, by_row[:, valid]
            yield False, by_row[:, valid & (first == 0)]
        return
    for losses, static, _, valid in tiled.by_device(block.metrics.fund_loss, block.metrics.fund_loss_static):
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
