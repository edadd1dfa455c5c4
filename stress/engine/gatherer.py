"""Gathers blocks on the host: exact sums, histograms, running tails and, on request, every path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import jax
import numpy as np
import numpy.typing as npt

from stress.engine.accounting import check_counted, check_tails, check_totals
from stress.engine.block import QuietBlock, SalesBlock
from stress.engine.path_tables import TABLE_ARRAYS, joined, path_table, table_arrays, table_of
from stress.engine.simulator import Finished
from stress.engine.sizes import TAIL_KEEP
from stress.engine.tiles import TiledPaths, merged
from stress.engine.totals import State, Totals
from stress.errors import InvariantFailed
from stress.results.statistics.exact_sum import LARGEST
from stress.results.statistics.running_tail import NOTHING, RunningTail
from stress.results.statistics.simulation_output import (
    COURSE,
    DISTRIBUTED,
    STATIC,
    Distribution,
    PathTable,
)

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]
LOSSES = ("fund_loss", "fund_loss_static")
NEWS = 1 / 16  # more calls than the tails know of, until they are told again
TailFloors = list[tuple[float, np.uint64]]  # value and path id, for each tail, of what is ranked last


class Gatherer:
    """What has been seen so far. The order in which blocks arrive changes nothing.

    Calls are taken in with `add`; `finish_chunk` then says what those since the last chunk came to, in a form that
    `add_chunk` of another gatherer takes in their place. `least` of that other one spares it what it would not keep.
    Of losses the `keep` largest are kept, of troughs and drawdowns a quarter as many: beyond them there are the bins.
    `keeps` says how many of each tail. A chunk may hold more: what has no place is dropped now and then.
    """

    def __init__(self, rows: int, brokers: int, keep: int, store_paths: bool, least: TailFloors | None = None) -> None:
        self.rows, self.brokers = rows, brokers
        self.totals, self._chunk = Totals(rows, brokers), Totals(rows, brokers)
        self.keeps = [keep if name in LOSSES else keep // 4 for name in DISTRIBUTED for _ in range(rows)] + [
            keep
        ] * brokers
        self._tails = [
            RunningTail(*both) for both in zip(self.keeps, least or [NOTHING] * len(self.keeps), strict=True)
        ]
        self._of = {name: self._tails[i * rows : (i + 1) * rows] for i, name in enumerate(DISTRIBUTED)}
        self._broker = self._tails[len(DISTRIBUTED) * rows :]
        self._added = self._seen = 0  # calls, in all and when the tails were last told what there is
        self._calls: list[Finished] | None = [] if store_paths else None
        self._tables: list[PathTable] = []

    def add(self, finished: Finished) -> None:
        """Take in one call.

        Raises:
            InvariantFailed: a path's result is not finite.
        """
        tiled, block = finished.tiled, finished.block
        add_block(self._chunk, finished)
        if isinstance(block, QuietBlock):
            self._see()
            self._offer_quiet(tiled, block)
        else:
            self._see()
            self._offer_sales(tiled, block, finished.first_pass)
        if self._calls is not None:
            self._calls.append(replace(finished, block=jax.device_get(block)))

    def _see(self) -> None:
        """Let the tails know what there is by now: most of what comes first has no place among the largest."""
        self._added += 1
        if self._added - self._seen <= self._seen * NEWS:
            return
        self._seen = self._added
        histograms = [totals.histogram for totals in (self.totals, self._chunk)]
        edges = histograms[0].edges()
        for number, tail in enumerate(self._tails):
            tail.see([histogram.counts[number] for histogram in histograms], edges)

    def _offer_quiet(self, tiled: TiledPaths, block: QuietBlock) -> None:
        every = (getattr(block.metrics, name) for name in COURSE)
        for first, *metrics, ids, valid in tiled.by_device(block.metrics.first_trigger, *every):
            calm = valid & (first == 0)
            for name, values in zip(COURSE, metrics, strict=True):
                static = [(self._of[f"{name}_static"], valid)] if name in STATIC else []
                _offer([*static, (self._of[name], calm)], values, ids)
            calm_ids = ids[calm]
            for broker in self._broker:
                if len(calm_ids) and broker.least(calm_ids.min(), metrics[0].dtype) <= 0.0:
                    broker.add(np.zeros(len(calm_ids), metrics[0].dtype), calm_ids)

    def _offer_sales(self, tiled: TiledPaths, block: SalesBlock, first_pass: bool) -> None:
        names = DISTRIBUTED if first_pass else COURSE
        tails = [*((self._of[name], getattr(block.metrics, name)) for name in names)]
        for group, every in [*tails, (self._broker, block.metrics.broker_loss)]:
            for values, ids, valid in tiled.by_device(every):
                _offer(((group, valid),), values, ids)

    def finish_chunk(self, first: int, last: int) -> State:
        """What the calls since the last chunk came to, which were of paths `first` .. `last - 1`.

        Of the tails only what may still be among the largest: what was left out is beaten by other chunks of the run.

        Raises:
            InvariantFailed: a path is missing or counted twice.
        """
        check_counted(self._chunk.histogram, self.rows, last - first, f"paths {first} to {last - 1}")
        state = self._chunk.state()
        self.totals.add_state(state)
        self._chunk = Totals(self.rows, self.brokers)
        for number, tail in enumerate(self._tails):
            state[f"tail_{number}_values"], state[f"tail_{number}_ids"] = tail.of(first, last)
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
        """Take in a chunk that is known already.

        Raises:
            InvariantFailed: it lacks an array, or has one of another shape.
        """
        try:
            self.totals.add_state(state)
            for number, tail in enumerate(self._tails):
                tail.add(state[f"tail_{number}_values"], state[f"tail_{number}_ids"])
            if self._calls is not None:
                self._tables.append(table_of({name: state[f"path_{name}"] for name in TABLE_ARRAYS}))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise InvariantFailed(f"a finished block is no part of this run: {error}") from error

    def least(self) -> TailFloors:
        """What is ranked last in each tail by now: what is ranked below it need not come any more."""
        return [tail.last() for tail in self._tails]

    def sums(self) -> dict[str, npt.NDArray[np.float64]]:
        """Sum of each path metric by row."""
        return self.totals.by_metric("sums")

    def squares(self) -> dict[str, npt.NDArray[np.float64]]:
        """Sum of squares of each path metric by row."""
        return self.totals.by_metric("squares")

    def flow_share(self) -> float:
        """Share of forced flow in steps where it exceeded a day's depth."""
        forced, beyond = self.totals.sums["flows"].value()
        return float(beyond / forced) if forced > 0 else 0.0

    def check(self, paths: int) -> None:
        """Whether all that a run of so many paths has gathered fits together.

        Raises:
            InvariantFailed: a path is missing or counted twice, or totals contradict each other.
        """
        check_totals(self.totals, paths, "the run")
        by_metric, brokers = self.distributions()
        check_tails([*(one for every in by_metric.values() for one in every), *brokers], self.keeps, paths)
        stored = self.stored()
        if stored is not None and not np.array_equal(stored.path_ids, np.arange(paths, dtype=np.uint64)):
            raise InvariantFailed(f"the paths stored are not those from 0 to {paths - 1}, each of them once")

    def distributions(self) -> tuple[dict[str, list[Distribution]], list[Distribution]]:
        """Histogram and tail of each of DISTRIBUTED, by row, and of the broker losses."""
        histogram, rows = self.totals.histogram, self.rows
        every = [Distribution(histogram.row(i), tail.result()) for i, tail in enumerate(self._tails)]
        by_metric = {name: every[i * rows : (i + 1) * rows] for i, name in enumerate(DISTRIBUTED)}
        return by_metric, every[len(DISTRIBUTED) * rows :]

    def stored(self) -> PathTable | None:
        """Every path, when asked for."""
        return None if self._calls is None else joined(self._tables)


def kept_of(name: str, keep: int = TAIL_KEEP) -> int:
    """How many of the largest values of one of DISTRIBUTED are kept: fewer of troughs, beyond which there are bins."""
    return keep if name in LOSSES else keep // 4


def add_block(totals: Totals, finished: Finished) -> None:
    """Add the sums and histograms of one call.

    Raises:
        InvariantFailed: a path's result is not finite.
    """
    tiled, block = finished.tiled, finished.block
    if int(np.asarray(block.sums.broken).sum()):
        raise InvariantFailed(
            f"paths {tiled.ids.min()} to {tiled.ids.max()}: a result is not finite or beyond {LARGEST:g} times NAV"
        )
    add = totals.add_quiet if isinstance(block, QuietBlock) else totals.add_sales
    add(jax.device_get(block.sums), merged(block.histogram))


def final_values(finished: Finished) -> Iterator[tuple[str, Floats]]:
    """Every value of a call that is final, (row, path), by its name in DISTRIBUTED."""
    tiled, block = finished.tiled, finished.block
    if isinstance(block, QuietBlock):
        every = (getattr(block.metrics, name) for name in COURSE)
        for first, *metrics, _, valid in tiled.by_device(block.metrics.first_trigger, *every):
            for name, values in zip(COURSE, metrics, strict=True):
                by_row = np.moveaxis(values, 1, 0)
                if name in STATIC:
                    yield f"{name}_static", by_row[:, valid]
                yield name, by_row[:, valid & (first == 0)]
        return
    for name in DISTRIBUTED if finished.first_pass else COURSE:
        for values, _, valid in tiled.by_device(getattr(block.metrics, name)):
            yield name, np.moveaxis(values, 1, 0)[:, valid]


def _offer(groups: Sequence[tuple[list[RunningTail], Bools]], values: Floats, ids: Ids) -> None:
    """Offer values (tile, row, path) to the tails of their row, each group of tails taking some paths (tile, path)."""
    smallest, rows = ids.min(), range(values.shape[1])
    least = [min(tails[row].least(smallest, values.dtype) for tails, _ in groups) for row in rows]
    # One look at all rows: of a long run few values have a place.
    found = np.flatnonzero(values >= np.array(least, values.dtype)[:, None])
    tile, row_of, path = np.unravel_index(found, values.shape)
    largest, of = values[tile, row_of, path], ids[tile, path]
    for tails, paths in groups:
        taken = paths[tile, path]
        for row in np.unique(row_of):
            here = taken & (row_of == row)
            tails[row].add(largest[here], of[here])
