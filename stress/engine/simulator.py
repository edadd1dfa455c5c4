"""Paths through the compiled programs, call by call: without sales, then with them where somebody has to trade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
from jax.sharding import NamedSharding, PartitionSpec

from stress.engine.background import in_background
from stress.engine.block import QuietBlock, SalesBlock, quiet_block, sales_block
from stress.engine.devices import Devices
from stress.engine.kept.programs import compiled, ready
from stress.engine.tiles import TiledPaths
from stress.kernels.params import Params
from stress.kernels.structure import Structure
from stress.results.statistics.simulation_output import STATIC

Ids = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Finished:
    """One call that is done: its paths, and what the program returned for them, still on the devices."""

    tiled: TiledPaths
    block: QuietBlock | SalesBlock
    first_pass: bool = True  # False: its paths have been seen in a quiet block before


class Simulator:
    """The programs of one scenario on some devices, `tiles` tiles a call; `compiling` is told when one is not kept."""

    def __init__(
        self,
        structure: Structure,
        params: Params,
        devices: Devices,
        tiles: int,
        compiling: Callable[[], None] = lambda: None,
    ) -> None:
        self.params, self.devices, self.tiles, self.compiling = params, devices, tiles, compiling
        # Outside buyers move prices on every path; without them a path is quiet until a trigger acts.
        self.two_passes = not structure.outside
        self.quiet: Any = quiet_block(structure, devices.mesh)
        self._structure, self._with_sales = structure, structure._replace(twin=not self.two_passes)
        self.sales: Any = sales_block(self._with_sales, devices.mesh)
        self._compiled = False
        self._on_devices = params

    @property
    def size(self) -> int:
        """Paths of one call."""
        return self.tiles * self.devices.tile

    def compile(self, kept: bool = True) -> None:
        """Have the programs ready ahead of their first call, side by side.

        Args:
            kept: they may be those that were kept; false where `quiet` or `sales` is another program.
        """
        if self._compiled:
            return
        self._compiled, x64 = True, bool(jax.config.read("jax_enable_x64"))  # of this thread
        some = self._tiled(np.zeros(1, np.uint64)).words()
        rows = self.params.reporting.group_matrix.shape[0] if self.two_passes else 0

        def made(program: Any, name: str, structure: Structure, *more: Any) -> Any:
            arguments = (self.params, *some, *more)
            if not kept:
                return compiled(program, self.devices.mesh, arguments)
            return ready(program, name, structure, self.devices.mesh, arguments, self.compiling)

        def sales() -> Any:
            with jax.enable_x64(x64):
                return made(self.sales, "sales", self._with_sales, self._no_static(len(STATIC) * rows))

        found = in_background(sales)
        if self.two_passes:
            self.quiet = made(self.quiet, "quiet", self._structure)
        self.sales = found.result()
        # Once, not with every call: a call sends what is not there to each of the devices.
        self._on_devices = jax.device_put(self.params, NamedSharding(self.devices.mesh, PartitionSpec()))

    def run(self, ids: Ids | int) -> Iterator[Finished]:
        """Simulate ids (or 0 .. n - 1), the next call being computed while the last one is used.

        In two passes a path with a trigger appears twice: in a quiet block, and later in a block with its sales.
        """
        self.compile()
        total = ids if isinstance(ids, int) else len(ids)
        sellers = _Sellers()
        queue: list[Finished] = []
        for first in range(0, total, self.size):
            last = min(first + self.size, total)
            part = np.arange(first, last, dtype=np.uint64) if isinstance(ids, int) else ids[first:last]
            queue.append(self._start(part))
            if len(queue) > 1:
                yield from self._next(queue, sellers)
        while queue:
            yield from self._next(queue, sellers)
        yield from self._sell(sellers, 1)

    def held_still(self, ids: Ids) -> Iterator[Finished]:
        """The book held still on every path, call by call, whether anybody trades there or not."""
        self.compile()
        program = self.quiet
        if not self.two_passes:
            arguments = (self.params, *self._tiled(np.zeros(1, np.uint64)).words())
            program = ready(program, "quiet", self._structure, self.devices.mesh, arguments, self.compiling)
        for first in range(0, len(ids), self.size):
            tiled = self._tiled(ids[first : first + self.size])
            yield Finished(tiled, program(self._on_devices, *tiled.words()))

    def _next(self, queue: list[Finished], sellers: _Sellers) -> Iterator[Finished]:
        finished = queue.pop(0)
        if isinstance(finished.block, QuietBlock):
            sellers.add(finished.tiled, finished.block)
            started = list(self._sell(sellers, self.size))
            yield finished
            yield from started
        else:
            yield finished

    def _tiled(self, ids: Ids) -> TiledPaths:
        return TiledPaths(ids, self.tiles, self.devices.tile, self.devices.count)

    def _start(self, ids: Ids) -> Finished:
        tiled = self._tiled(ids)
        if self.two_passes:
            return Finished(tiled, self.quiet(self._on_devices, *tiled.words()))
        return Finished(tiled, self.sales(self._on_devices, *tiled.words(), self._no_static(0)))

    def _no_static(self, rows: int) -> npt.NDArray[Any]:
        return np.zeros((self.tiles, rows, self.devices.tile), self.params.shocks.mean.dtype)

    def _sell(self, sellers: _Sellers, least: int) -> Iterator[Finished]:
        """Start the simulation of waiting paths, as long as there are at least so many."""
        while sellers.count >= least:
            ids, static = sellers.take(self.size)
            tiled = self._tiled(ids)
            laid = tiled.lay_out_rows(static)
            yield Finished(tiled, self.sales(self._on_devices, *tiled.words(), laid), first_pass=False)


class _Sellers:
    """Paths with a trigger that wait for their sales to be simulated."""

    def __init__(self) -> None:
        self._parts: list[tuple[npt.NDArray[Any], Ids, npt.NDArray[Any]]] = []
        self.count = 0

    def add(self, tiled: TiledPaths, block: QuietBlock) -> None:
        """Pick out the paths with a trigger, with STATIC of their start books."""
        values = (getattr(block.metrics, name) for name in STATIC)
        for first, *every, ids, valid in tiled.by_device(block.metrics.first_trigger, *values):
            chosen = np.flatnonzero((first > 0) & valid)
            tile, path = np.divmod(chosen, tiled.tile)
            rows = every[0].shape[1]
            start = tile * (rows * tiled.tile) + path
            flat = [one.reshape(-1) for one in every]
            static = np.stack([one[start + row * tiled.tile] for one in flat for row in range(rows)])
            step = first.reshape(-1)[chosen].astype(np.uint16)  # few bits: sorting is linear
            self._parts.append((step, ids.reshape(-1)[chosen], static))
            self.count += len(chosen)

    def take(self, most: int) -> tuple[Ids, npt.NDArray[Any]]:
        """At most so many of them, those that start to trade in the same step side by side: they need as many rounds.

        Returns:
            (path,) ids and (metric of STATIC and row, path) values of the start book.
        """
        step, ids, static = (np.concatenate(parts, axis=-1) for parts in zip(*self._parts, strict=True))
        order = np.argsort(step, kind="stable")
        now, later = order[:most], order[most:]
        self._parts = [(step[later], ids[later], static[:, later])] if len(later) else []
        self.count = len(later)
        return ids[now], static[:, now]
