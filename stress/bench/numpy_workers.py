"""Blocked NumPy on every core: one process a core, BLAS on one thread each, SFC64 ziggurat normals."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TYPE_CHECKING, Any

from stress.bench.measure import Sample

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from stress.bench.desk import Desk

WIDTH = 2048  # paths of a block: its arrays fit a core's cache, and calls of NumPy weigh little
# Each library reads its own; a baseline whose BLAS runs on all cores at once in every process is 20 times slower.
ONE_THREAD = {
    name: "1"
    for name in (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
}


def work(pipe: Connection, desk: Desk, seed: int, width: int) -> None:
    """One worker: simulates blocks for as many seconds as it is told to, until it is told None."""
    import time

    import numpy as np

    from stress.bench.numpy_block import BlockSimulator

    simulator = BlockSimulator(desk, width)
    random = np.random.Generator(np.random.SFC64(seed))

    def fill(out: Any) -> None:
        random.standard_normal(dtype=np.float32, out=out)

    simulator.simulate(fill)
    pipe.send("ready")
    while (seconds := pipe.recv()) is not None:
        started, blocks, defaults = time.perf_counter(), 0, 0
        while (elapsed := time.perf_counter() - started) < seconds or blocks == 0:
            defaults += simulator.simulate(fill)[1]
            blocks += 1
        pipe.send((blocks * width, elapsed, defaults))


class NumpyWorkers(AbstractContextManager["NumpyWorkers"]):
    """The worker processes; `run` lets all of them work at once."""

    def __init__(self, desk: Desk, cores: int, width: int = WIDTH) -> None:
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        before = {name: os.environ.get(name) for name in ONE_THREAD}
        os.environ.update(ONE_THREAD)  # a spawned process reads them before it imports NumPy
        self._workers: list[tuple[BaseProcess, Connection]] = []
        try:
            for core in range(cores):
                ours, theirs = context.Pipe()
                process = context.Process(target=work, args=(theirs, desk, core, width), daemon=True)
                process.start()
                self._workers.append((process, ours))
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
        for _, pipe in self._workers:
            pipe.recv()

    def run(self, seconds: float) -> Sample:
        """Let every worker simulate for some seconds; paths of all of them over the time of the slowest."""
        for _, pipe in self._workers:
            pipe.send(seconds)
        answers = [pipe.recv() for _, pipe in self._workers]
        return Sample(sum(a[0] for a in answers), max(a[1] for a in answers))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process, pipe in self._workers:
            if process.is_alive():
                pipe.send(None)
            process.join()
