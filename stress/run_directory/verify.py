"""Is a run directory what it says? Files against digests, blocks against a new simulation, sums against results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.engine.chunk_simulator import ChunkSimulator, new_gatherer
from stress.engine.chunks import Chunk, missing
from stress.engine.gatherer import Gatherer
from stress.engine.runner import groups_in_file_order
from stress.engine.sizes import devices_for
from stress.engine.totals import State
from stress.options import RunOptions
from stress.results.dataset.paths import BINNED
from stress.results.dataset.summary import file_order
from stress.results.files.store import RESULT, open_result
from stress.results.statistics.estimators import expected_shortfall, value_at_risk
from stress.run_directory.chunk_store import ChunkStore
from stress.run_directory.spec import check_same, identity_digest, problem_of, read_spec, spec_of
from stress.scenarios.problem import Problem


@dataclass(frozen=True)
class Verdict:
    """What was looked at, and what was found wrong; paths are counted."""

    files: int  # in the folder of blocks
    verified: int  # whose content has its digest and is of this run
    paths_on_disk: int
    paths_missing: int
    recomputed: tuple[Chunk, ...]
    sealed: bool  # there is a result; where no path is missing it was compared with the blocks
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()  # what is odd and harmless


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
    store = ChunkStore(out, identity_digest(spec))
    store.close()
    files = store.files()
    chosen = {files[i].chunk for i in np.random.default_rng(seed).permutation(len(files))[:blocks]}
    every = replace(options, store="tails")  # paths that were stored are not needed together
    gatherer, kept, done = new_gatherer(problem, every), {}, list[Chunk]()
    unsound, reached = [], 0
    for file in files:
        state = store.read(file)
        if state is None:
            unsound.append(file.chunk)
        elif file.chunk.first >= reached:
            reached = file.chunk.last
            gatherer.add_chunk(state)
            done.append(file.chunk)
            if file.chunk in chosen:
                kept[file.chunk] = state
    gaps = missing(done, options.paths)
    left = sum(gap.last - gap.first for gap in gaps)
    problems, notes = _recomputed(problem, options, kept), []
    lost = [chunk for chunk in unsound if any(gap.first < chunk.last and chunk.first < gap.last for gap in gaps)]
    if lost:
        problems.append(f"{len(lost)} of {len(files)} files are damaged or of another run, and their paths are missing")
    if len(unsound) > len(lost):
        notes.append(f"{len(unsound) - len(lost)} files are damaged or of another run; other files have their paths")
    sealed = (out / RESULT).exists()
    if sealed and left:
        problems.append(f"the result is sealed, and the blocks of {left} paths are missing or damaged")
    elif sealed:
        with open_result(out) as tree:
            problems += disagreements(tree, gatherer, problem, options)
    return Verdict(
        files=len(files),
        verified=len(files) - len(unsound),
        paths_on_disk=options.paths - left,
        paths_missing=left,
        recomputed=tuple(sorted(kept)),
        sealed=sealed,
        problems=tuple(problems),
        notes=tuple(notes),
    )


def disagreements(tree: xr.DataTree, gatherer: Gatherer, problem: Problem, options: RunOptions) -> list[str]:
    """What a result says that its blocks do not: counts by bin, mean losses, VaR and ES of each fund.

    VaR and ES of a run with `exact` come from a second pass, and are not compared where that was needed.
    """
    summary = tree["summary"].to_dataset().load()
    counts = tree["distribution"].to_dataset().load()
    groups = problem.funds.ids if options.members else problem.funds.types
    rows = [*file_order(groups, groups_in_file_order(problem, options.members)), len(groups)]
    names = [*(groups[row] for row in rows[:-1]), "system"]
    means = gatherer.sums()["fund_loss"] / options.paths
    distributions, _ = gatherer.distributions()
    found = []
    for row, name in zip(rows, names, strict=True):

        def of(variable: str, name: str = name) -> xr.DataArray:
            return summary[f"system_{variable}"] if name == "system" else summary[variable].sel(fund=name)

        if float(of("mean_loss")) != means[row]:
            found.append(f"the mean loss of {name}")
        for variable, metric in BINNED.items():
            reported = counts[variable].sel(fund=name).values, counts["bin_low"].values
            histogram = distributions[metric][row].histogram
            if not np.array_equal(_used(*reported), _used(np.asarray(histogram.counts), histogram.edges()[:-1])):
                found.append(f"the distribution of {variable} of {name}")
        for level in () if options.exact else problem.estimation.levels:
            for prefix, metric in (("", "fund_loss"), ("trough_", "trough"), ("drawdown_", "max_drawdown")):
                for variable, estimate in (("var", value_at_risk), ("es", expected_shortfall)):
                    value = float(of(f"{prefix}{variable}").sel(level=float(level)))
                    if value != estimate(distributions[metric][row], level).value:
                        found.append(f"{prefix}{variable} of {name} at {level}")
    return [f"the result has not what its blocks have: {', '.join(found[:8])}"] if found else []


def _used(counts: npt.NDArray[Any], low: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Lower edge and count of the bins that are not empty."""
    return np.stack([low[counts > 0], counts[counts > 0].astype(np.float64)])


def _recomputed(problem: Problem, options: RunOptions, kept: dict[Chunk, State]) -> list[str]:
    """What is wrong with some blocks: their arrays that a new simulation does not give."""
    problems = []
    with jax.enable_x64(options.precision == "float64"):
        chunk_simulator = ChunkSimulator(problem, options, devices_for(problem, options))
        for chunk, state in kept.items():
            wrong = differences(state, chunk_simulator.simulate(chunk, chunk_simulator.gatherer()))
            if wrong:
                problems.append(f"paths {chunk.first} to {chunk.last - 1}: other numbers for {', '.join(wrong)}")
    return problems


def differences(kept: State, again: State) -> list[str]:
    """Names of the arrays of a block that a new simulation does not give."""
    wrong = []
    for name in again:
        if name.startswith("tail_"):
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
