"""Is a run directory what it says? Files against digests, blocks against a new simulation, the result against them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr

from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.chunks import Chunk, missing
from stress.engine.sizes import devices_for
from stress.engine.totals import State
from stress.engine.weighted.method import Method
from stress.engine.weighted.paths import MethodSimulator
from stress.errors import InvariantFailed
from stress.options import Progress, RunOptions
from stress.results.files.checked import Damaged, check_sums
from stress.results.files.manifest import MANIFEST
from stress.results.files.store import RESULT, DamagedRun, is_result, open_result
from stress.run_directory.chunk_store import ChunkStore
from stress.run_directory.method import method_of
from stress.run_directory.rebuilt import disagreements
from stress.run_directory.spec import OtherRun, check_same, identity_digest, problem_of, spec_of, spec_of_run
from stress.run_directory.whole import whole_tree
from stress.scenarios.problem import Problem


@dataclass(frozen=True)
class Verdict:
    """What was looked at, and what was found wrong; paths are counted."""

    files: int  # in the folder of blocks
    verified: int  # whose content has its digest and is of this run
    paths_on_disk: int
    paths_missing: int
    recomputed: tuple[Chunk, ...]
    sealed: bool  # there is a result
    compared: bool  # every number of it, with the run put together once more
    doubted: bool  # blocks that have the digest of their name: a path or the result has other numbers
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()  # what is odd and harmless


def verify(
    directory: str | Path,
    blocks: int = 3,
    seed: int = 0,
    again: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Verdict:
    """Check a run directory: every file, and every number of the result against the blocks.

    The result is put together once more from the blocks, as `resume` would: what no block holds (the paths simulated in
    detail, the worst ones, with `exact` a second pass) is simulated again, and all must be there to the last bit.

    Args:
        directory: of a run, finished or not; or a result on its own.
        blocks: how many blocks, chosen at random, are simulated again; 0 = none.
        seed: of that choice.
        again: simulate every path of a finished run again, and trust no block; of a result on its own the only way to
            compare its numbers.
        progress: called with how far that is.

    Raises:
        UnfinishedRun: there is no run, or neither its spec nor that in its result can be read.
        OtherRun: this version, device type or package computes other numbers than the run was begun with; notes say
            what its files are.
    """
    out = Path(directory)
    alone = is_result(out)
    result = out if alone else out / RESULT
    sealed, problems = result.exists(), list[str]()
    tree = _opened(result, problems) if sealed else None
    spec, fault = spec_of_run(out, tree)
    problems += [fault] if fault else []
    try:
        problem, options = problem_of(spec, str(out))
        method = method_of(spec, str(out))
        check_same(str(out), spec, spec_of(problem, options, method))
    except OtherRun as error:  # files are what they are whatever computes here
        for line in problems or ["every file of the result is what was written"] * (result / MANIFEST).exists():
            error.add_note(line)
        raise
    options = replace(options, devices=None, max_memory=None)  # this machine need not be that of the run
    store = ChunkStore(out, identity_digest(spec))
    store.close()
    every = options.paths if method is None else method.all_paths
    found = _blocks(store, every, np.random.default_rng(seed), blocks)
    problems += found.problems
    wrong = _recomputed(problem, options, method, found.kept)
    if sealed and found.missing and not alone and not again:
        problems.append(f"the result is sealed, and the blocks of {found.missing} paths are missing or damaged")
    compared = tree is not None and (again or not found.missing)
    if tree is not None and compared:
        with tree:
            wrong += _against_the_run(tree, problem, options, method, progress, None if again else store)
    elif tree is not None:
        tree.close()
    notes = [*found.notes]
    if alone and not again:
        notes.append("its blocks are not at hand: --again simulates every path and compares every number")
    return Verdict(
        files=found.files,
        verified=found.verified,
        paths_on_disk=every - found.missing,
        paths_missing=found.missing,
        recomputed=tuple(sorted(found.kept)),
        sealed=sealed,
        compared=compared,
        doubted=bool(wrong),
        problems=(*problems, *wrong),
        notes=tuple(notes),
    )


def _opened(result: Path, problems: list[str]) -> xr.DataTree | None:
    """A sealed result all of whose files are what was written; else None, and the reason is among the problems."""
    try:
        check_sums(result)
        return open_result(result)
    except (Damaged, DamagedRun) as error:
        problems.append(f"the result is damaged: {error}")
        return None


class _Blocks(NamedTuple):
    """What is in the folder of blocks."""

    files: int
    verified: int
    missing: int
    kept: dict[Chunk, State]
    problems: list[str]
    notes: list[str]


def _blocks(store: ChunkStore, paths: int, chance: np.random.Generator, keep: int) -> _Blocks:
    """Read every block; some, chosen at random, are kept to be compared."""
    files = store.files()
    chosen = {files[i].chunk for i in chance.permutation(len(files))[:keep]}
    kept, done, unsound, reached = dict[Chunk, State](), list[Chunk](), list[Chunk](), 0
    for file in files:
        state = store.read(file)
        if state is None:
            unsound.append(file.chunk)
        elif file.chunk.first >= reached:
            reached = file.chunk.last
            done.append(file.chunk)
            if file.chunk in chosen:
                kept[file.chunk] = state
    gaps, problems, notes = missing(done, paths), [], []
    lost = [chunk for chunk in unsound if any(gap.first < chunk.last and chunk.first < gap.last for gap in gaps)]
    if lost:
        problems.append(f"{len(lost)} of {len(files)} files are damaged or of another run, and their paths are missing")
    if len(unsound) > len(lost):
        notes.append(f"{len(unsound) - len(lost)} files are damaged or of another run; other files have their paths")
    left = sum(gap.last - gap.first for gap in gaps)
    return _Blocks(len(files), len(files) - len(unsound), left, kept, problems, notes)


def _recomputed(problem: Problem, options: RunOptions, method: Method | None, kept: dict[Chunk, State]) -> list[str]:
    """What is wrong with some blocks: their arrays that a new simulation does not give."""
    problems = []
    with jax.enable_x64(options.precision == "float64"):
        chunk_simulator = ChunkSimulator(problem, options, devices_for(problem, options))
        for chunk, state in kept.items():
            if method is not None and chunk.first >= method.first:
                wrong = differences(state, MethodSimulator(problem, options, method).simulate(chunk), ())
            else:
                gatherer = chunk_simulator.gatherer()
                wrong = differences(state, chunk_simulator.simulate(chunk, gatherer), gatherer.keeps)
            if wrong:
                problems.append(f"paths {chunk.first} to {chunk.last - 1}: other numbers for {', '.join(wrong)}")
    return problems


def _against_the_run(
    tree: xr.DataTree,
    problem: Problem,
    options: RunOptions,
    method: Method | None,
    progress: Callable[[Progress], None] | None,
    store: ChunkStore | None,
) -> list[str]:
    """What a result says that the run put together once more does not."""
    try:
        return disagreements(tree, whole_tree(problem, options, method, progress, store))
    except InvariantFailed as error:  # blocks that are whole, and wrong
        return [f"its blocks give no result: {error}"]


def differences(kept: State, again: State, keeps: Sequence[int]) -> list[str]:
    """Names of the arrays of a block that a new simulation does not give.

    Args:
        kept: the block.
        again: the same paths, simulated by themselves.
        keeps: how many of the largest each tail is to hold.
    """
    wrong = []
    for name in again:
        if name.startswith("tail_"):
            continue
        if name not in kept or not np.array_equal(kept[name], again[name]):
            wrong.append(name)
    for number, keep in enumerate(keeps):
        name = f"tail_{number}"
        ours, there = ([state.get(f"{name}_{part}") for part in ("values", "ids")] for state in (kept, again))
        if not _tail_agrees(ours, there, keep):
            wrong.append(name)
    return wrong


def _tail_agrees(kept: Sequence[Any], again: Sequence[Any], keep: int) -> bool:
    """Whether what a block keeps of a tail, values and path ids, is among what a new simulation does.

    Fewer are kept where other blocks beat them, and more where what has no place was not dropped yet: below `keep`
    others of the same block, a value is not looked at.
    """
    if any(part is None for part in (*kept, *again)) or kept[0].shape != kept[1].shape:
        return False
    here = dict(zip(again[1].tolist(), again[0].tolist(), strict=True))
    smallest = float(np.sort(again[0])[-keep]) if len(again[0]) >= keep else -np.inf
    pairs = zip(kept[1].tolist(), kept[0].tolist(), strict=True)
    return all(here[path] == value if path in here else value <= smallest for path, value in pairs)
