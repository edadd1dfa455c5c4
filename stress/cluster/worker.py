"""One of several processes that share a run directory and nothing else: it computes its part of the paths.

Shard i of n takes the i-th n-th of the path ids. Blocks are write-once and say by their digest whether they count, so a
shard may be computed twice, be stopped, and be started again anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import jax

from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.chunks import Chunk, missing
from stress.engine.sizes import devices_for
from stress.engine.weighted.method import Method
from stress.engine.weighted.paths import MethodSimulator
from stress.options import Progress, RunOptions
from stress.results.files.store import RESULT, SPEC
from stress.run_directory.chunk_store import FOLDER, ChunkStore, chunk_of
from stress.run_directory.claims import check_free, claimed
from stress.run_directory.location import location_of
from stress.run_directory.method import method_of
from stress.run_directory.spec import check_same, identity_digest, problem_of, read_spec, spec_of
from stress.run_directory.taken import TakenRun
from stress.scenarios.problem import Problem


@dataclass(frozen=True)
class ShardReport:
    """What a worker found and did; paths are counted."""

    paths: int  # of the shard
    found: int  # on disk before
    missing_elsewhere: int  # of the run, by the names of the files that are there
    sealed: bool = False  # there was a result already


def shard_of(paths: int, index: int, count: int) -> Chunk:
    """Paths of shard `index` (from 0) of `count`; empty where there are more shards than paths."""
    return Chunk(index * paths // count, (index + 1) * paths // count)


def work_on(
    directory: str | Path,
    index: int = 0,
    count: int = 1,
    progress: Callable[[Progress], None] | None = None,
    devices: int | None = None,
    max_memory: int | None = None,
) -> ShardReport:
    """Compute what is missing of a shard of a run that has been begun.

    Args:
        directory: its run directory, shared with the other workers, or the URL of one.
        index: of the shard, from 0.
        count: of all shards.
        progress: called after each call of the compiled program.
        devices, max_memory: of this machine, which need not be that on which the run was begun.

    Raises:
        UnfinishedRun: the directory holds no run that has been begun (`levstress run --prepare` begins one).
        InUse: another process is about to begin or replace the run, or runs it; it is named.
        OtherRun: this machine would compute other numbers than the run was begun with.
        DeviceNotFound: the run was begun on a kind of device that is not here.
        NotEnoughResources, CannotWrite: memory or disk.
    """
    report, location = progress or (lambda _: None), location_of(directory)
    check_free(location, shared=True)
    location.fetch(SPEC)
    spec = read_spec(location.folder)
    problem, options = problem_of(spec, location.name)
    options = replace(options, devices=devices, max_memory=max_memory)
    method = method_of(spec, location.name)
    every = options.paths if method is None else method.all_paths
    shard = shard_of(every, index, count)
    if location.has(RESULT):
        return ShardReport(shard.last - shard.first, shard.last - shard.first, 0, sealed=True)
    check_same(location.name, spec, spec_of(problem, options, method))
    with claimed(location, identity_digest(spec)) as claim:
        run = TakenRun(location, spec, claim)
        run.check_unchanged()
        location.fetch(FOLDER, within=shard)
        found = _fill(run.store, problem, options, method, shard, report)
    named = sorted(chunk for chunk in map(chunk_of, location.names(FOLDER)) if chunk is not None)
    left = sum(gap.last - gap.first for gap in missing(named, every))
    return ShardReport(shard.last - shard.first, found, left)


def _fill(
    store: ChunkStore,
    problem: Problem,
    options: RunOptions,
    method: Method | None,
    shard: Chunk,
    report: Callable[[Progress], None],
) -> int:
    """Compute what is missing of a shard; returns how many of its paths were there."""
    plain = Chunk(min(shard.first, options.paths), min(shard.last, options.paths))
    others = Chunk(max(shard.first, options.paths), max(shard.last, options.paths))
    with jax.enable_x64(options.precision == "float64"):
        chunk_simulator = ChunkSimulator(problem, options, devices_for(problem, options))
        gatherer, done = chunk_simulator.gatherer(), list[Chunk]()
        for chunk, state in store.read_all(within=plain):
            gatherer.add_chunk(state)
            done.append(chunk)
        further = [chunk for chunk, _ in store.read_all(within=others)]
        found = sum(chunk.last - chunk.first for chunk in (*done, *further))
        count_done = found

        def seen(of_this_chunk: int) -> None:
            report(Progress(count_done + of_this_chunk, shard.last - shard.first, "paths of the shard"))

        parts = [chunk_simulator.fill(missing(done, plain.last, plain.first), gatherer, seen)]
        if method is not None:
            parts.append(
                MethodSimulator(problem, options, method).fill(missing(further, others.last, others.first), seen)
            )
        try:
            for chunk, state in chain(*parts):
                store.write(chunk, state)
                count_done += chunk.last - chunk.first
            store.flush()
        finally:
            store.close()
    return found
