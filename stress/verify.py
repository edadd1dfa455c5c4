"""Is a run directory what it says? Files against digests, blocks against a new simulation, sums against results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

from stress.chunks import Chunk, ChunkStore, missing
from stress.engine import devices_for
from stress.gather import Gatherer
from stress.options import RunOptions
from stress.results.dataset_summary import file_order
from stress.results.store import RESULT, open_result
from stress.runner import groups_in_file_order
from stress.scenarios.problem import Problem
from stress.spec import check_same, identity_digest, problem_of, read_spec, spec_of
from stress.totals import State
from stress.work import Work


@dataclass(frozen=True)
class Verdict:
    """What was looked at, and what was found wrong; paths are counted."""

    files: int  # in the folder of blocks
    verified: int  # whose content has its digest and is of this run
    paths_on_disk: int
    paths_missing: int
    recomputed: tuple[Chunk, ...]
    sealed: bool  # there is a result, and its means were compared with the blocks
    problems: tuple[str, ...]


def verify(directory: str | Path, blocks: int = 3, seed: int = 0) -> Verdict:
    """Check a run directory.

    Args:
        directory: of a run, finished or not.
        blocks: how many blocks, chosen at random, are simulated again; 0 = none.
        seed: of that choice.

    Raises:
        UnfinishedRun: there is no run.
        OtherRun: this version, device type or package computes other numbers than the run was begun with.
    """
    out = Path(directory)
    spec = read_spec(out)
    problem, options = problem_of(spec, str(out))
    check_same(str(out), spec, spec_of(problem, options))
    brokers, groups = len(problem.funds.brokers), problem.funds.ids if options.members else problem.funds.types
    store = ChunkStore(out, identity_digest(spec))
    store.close()
    files = store.files()
    chosen = {files[i].chunk for i in np.random.default_rng(seed).permutation(len(files))[:blocks]}
    every, kept, done = Gatherer(len(groups) + 1, brokers, 1, store_paths=False), {}, list[Chunk]()
    sound, reached = 0, 0
    for file in files:
        state = store.read(file)
        sound += state is not None
        if state is None or file.chunk.first < reached:
            continue
        reached = file.chunk.last
        every.totals.add_state(state)
        done.append(file.chunk)
        if file.chunk in chosen:
            kept[file.chunk] = state
    problems = _recomputed(problem, options, kept)
    if sound < len(files):
        problems.append(f"{len(files) - sound} of {len(files)} files are damaged or of another run")
    left = sum(gap.last - gap.first for gap in missing(done, options.paths))
    sealed = (out / RESULT).exists()
    if sealed and left:
        problems.append(f"the result is sealed, and the blocks of {left} paths are missing or damaged")
    elif sealed:
        with open_result(out) as tree:
            summary = tree["summary"].to_dataset().load()
        order = file_order(groups, groups_in_file_order(problem, options.members))
        means = every.sums()["fund_loss"] / options.paths
        reported = np.append(summary["mean_loss"].values, summary["system_mean_loss"].values)
        if not np.array_equal(reported, means[[*order, len(groups)]]):
            problems.append("the mean losses of the result are not those of its blocks")
    return Verdict(
        len(files), sound, options.paths - left, left, tuple(sorted(kept)), sealed and not left, tuple(problems)
    )


def _recomputed(problem: Problem, options: RunOptions, kept: dict[Chunk, State]) -> list[str]:
    """What is wrong with some blocks: their arrays that a new simulation does not give."""
    problems = []
    with jax.enable_x64(options.precision == "float64"):
        work = Work(problem, options, devices_for(problem, options))
        for chunk, state in kept.items():
            wrong = differences(state, work.simulate(chunk, work.gatherer()))
            if wrong:
                problems.append(f"paths {chunk.first} to {chunk.last - 1}: other numbers for {', '.join(wrong)}")
    return problems


def differences(kept: State, again: State) -> list[str]:
    """Names of the arrays of a block that a new simulation does not give."""
    wrong = []
    for name in again:
        if name.startswith(("path_", "tail_")):
            continue
        if not np.array_equal(kept[name], again[name]):
            wrong.append(name)
    for name in (name for name in again if name.startswith("tail_") and name.endswith("_ids")):
        values = name.replace("_ids", "_values")
        here = dict(zip(again[name].tolist(), again[values].tolist(), strict=True))
        pairs = zip(kept[name].tolist(), kept[values].tolist(), strict=True)
        if any(here.get(path) != value for path, value in pairs):  # fewer are kept: others beat them
            wrong.append(name.removesuffix("_ids"))
    return wrong
