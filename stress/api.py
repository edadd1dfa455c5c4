"""The Python interface: load a scenario, run it, open a result."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stress.options import LOCAL, PLAIN, Progress, RunOptions, whole
from stress.run_directory.location import location_of
from stress.run_directory.run_location import RunLocation
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.conditions.option import Shock
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import as_scenario, load_scenario
from stress.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

    from stress.engine.chunks import FinishedChunks
    from stress.engine.runner import Executor
    from stress.engine.weighted.method import Method
    from stress.questions.enough.rounds import Blocks
    from stress.run_directory.taken import TakenRun

__all__ = ["begin_run", "build_problem", "load_scenario", "open_result", "resume", "run", "run_problem"]


def run(
    scenario: str | Path | Mapping[str, Any] | Scenario | Problem,
    paths: float | str = 1_000_000,
    seed: int | str | None = 1,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    executor: str | Client = LOCAL,
    workers: int | None = None,
    shock: Shock = (),
    street: str | Path | None = None,
    proxies: Mapping[str, str] | None = None,
    target_se: float | str | None = None,
    time_budget: float | str | None = None,
    method: str | None = None,
    question: str | None = None,
    **options: Any,
) -> xr.DataTree:
    """Simulate a scenario.

    Args:
        scenario: a library name, a TOML file, a mapping of that form (file names in it are relative to the current
            folder), or what `load_scenario` or `build_problem` returned.
        paths: number of Monte Carlo paths; 1e6 and "1e6" are fine.
        seed: 64-bit seed; None draws one, which the result records.
        out: run directory to write, or its URL in an object store; None keeps the result in memory only.
        overwrite: replace a finished run in `out`.
        progress: called after every block.
        executor: "local", "dask" for a cluster of processes of this machine, the address of a dask scheduler, or a
            `distributed.Client`. Wherever paths are computed, their numbers are the same.
        workers: processes of that cluster; None = one a core.
        shock: moves that the draw is conditioned on: "tech=-10%", ["tech=-10%", "gold=1%@2"] or {"tech": -0.1}.
        street: a scenario, by name or file, inside which the funds of this one are put: its market and funds around
            them, and their assets tied to its by loadings (`stress.street.ties`).
        proxies: with `street`, what an asset of this scenario follows there, by hand.
        target_se: standard error that the system's ES at the highest level is to have, a fraction of NAV (0.001,
            "0.1 %"), or another figure's, "es(quant, 0.99) <= 0.1 %": as many paths as that takes, `paths` at most. A
            warning says where it is not reached.
        time_budget: seconds, or "10min": as many paths as fit, `paths` at most.
        method: "auto", "screen" or "tilt": as many more paths serve one question, see `stress.rare`; "plain": none do.
            None: as the scenario's [estimation] says.
        question: that question; None: the scenario's, else ES of the system at its highest level.
        options: further fields of `RunOptions`, such as `precision="float64"`.

    Returns:
        The result: groups summary, distribution, timeline, attribution, tails, paths (on request), diagnostics; with a
        method `rare` and `diagnostics/weights`.

    Raises:
        ScenarioError: the scenario is not valid.
        ValueError: an option that is not possible.
        DeviceNotFound, NotEnoughResources, InvariantFailed: see `stress.errors`.
        MissingExtra: `executor` or `out` needs a library that is not installed.
        RunExists: `out` holds a finished or an unfinished run.
        InUse: another process works in `out`; it is named.
        CannotWrite: `out` cannot be written, or holds what has the name of a part of a run and is none; like the two
            before and a disk too small, seen before the run.

    Example:
        >>> import stress
        >>> tree = stress.run("desk", paths=20_000)  # doctest: +SKIP
        >>> float(tree["summary"]["es"].sel(fund="quant", level=0.99))  # doctest: +SKIP
    """
    if isinstance(scenario, Problem):
        if street is not None or shock:
            raise ValueError("street and shock need a scenario, not a problem; allowed: what `load_scenario` returned")
        problem = scenario
    else:
        scenario = as_scenario(scenario)
        if street is not None:
            from stress.street.inside import inside

            scenario = inside(scenario, street, proxies).scenario
        problem = build_problem(scenario.shock(shock) if shock else scenario)
    seed = secrets.randbits(63) if seed is None else whole("seed", seed)
    choice = RunOptions(paths=whole("paths", paths), seed=seed, **options)
    location = None if out is None else location_of(out)
    one = partial(run_problem, progress=progress, executor=executor, workers=workers)
    wanted = problem.estimation.method if method is None else method
    if target_se is not None or time_budget is not None:
        from stress.questions.enough.runs import run_enough

        if wanted != PLAIN:
            raise ValueError(f"target_se and time_budget go not with method = {wanted!r}; allowed: {PLAIN!r}")
        found = run_enough(one, problem, choice, lambda _: location, overwrite, progress, target_se, time_budget)
        if found.reached is False:
            warnings.warn(found.sentence(), stacklevel=2)
        return found.tree
    if wanted == PLAIN and question is None:
        return one(problem, choice, location, overwrite)
    from stress.questions.rare.beside import method_for, warned

    by = method_for(problem, choice, wanted, question, progress=progress, out=location, overwrite=overwrite)
    return warned(one(problem, choice, location, overwrite, method=by))


def run_problem(
    problem: Problem,
    options: RunOptions,
    location: RunLocation | None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    resume: bool = False,
    executor: str | Client = LOCAL,
    workers: int | None = None,
    known: Blocks = (),
    method: Method | None = None,
) -> xr.DataTree:
    """Simulate a resolved scenario and write it to `location`, unless that is None.

    There finished parts are kept as they come; with `resume` those that are found are not computed again, and `known`
    ones are among them from the beginning. A `method` has further paths, whose ids come after those of `options`.
    """
    from stress.questions.enough.known import KnownBlocks
    from stress.results.files.store import write_run

    with _elsewhere(executor, problem, options, method, workers) as other:
        if location is None:
            return _whole(problem, options, method, progress, KnownBlocks(known) if known else None, other)
        with _taken(problem, options, method, location, overwrite, resume) as run:
            for chunk, state in known:
                run.store.write(chunk, state)
            run.store.flush()
            tree = _whole(problem, options, method, progress, run.store, other)
            if progress is not None:
                progress(Progress(options.paths, options.paths, "writing the result"))
            run.store.close()
            run.seal(partial(write_run, tree, overwrite=False))
    return tree


def _taken(
    problem: Problem,
    options: RunOptions,
    method: Method | None,
    location: RunLocation,
    overwrite: bool,
    resume: bool,
) -> AbstractContextManager[TakenRun]:
    """A run directory that this process has claimed, in which everything is that computing the run's blocks needs."""
    from stress.engine.plan import plan
    from stress.engine.weighted.paths import BYTES_ON_DISK
    from stress.run_directory import spec
    from stress.run_directory.taken import taken
    from stress.run_directory.writing import check_room

    more = 0 if method is None else BYTES_ON_DISK * (method.all_paths - options.paths)
    check_room(location.folder, plan(problem, options).disk_bytes + more)
    return taken(location, spec.spec_of(problem, options, method), overwrite, resume)


def _whole(
    problem: Problem,
    options: RunOptions,
    method: Method | None,
    progress: Callable[[Progress], None] | None,
    store: FinishedChunks | None,
    other: Executor | None,
) -> xr.DataTree:
    """The run itself; the engine is imported only when JAX has been set up."""
    from stress.engine.sizes import devices_for

    devices_for(problem, options)
    from stress.run_directory.whole import whole_tree

    return whole_tree(problem, options, method, progress, store, other)


@contextmanager
def _elsewhere(
    executor: str | Client, problem: Problem, options: RunOptions, method: Method | None, workers: int | None
) -> Iterator[Executor | None]:
    """Other processes for a run; None: this one computes."""
    if executor == LOCAL:
        yield None
        return
    from stress.cluster.dask_executor import dask_cluster
    from stress.run_directory.spec import spec_of

    with dask_cluster(executor, spec_of(problem, options, method), workers) as cluster:
        yield cluster


_fetched: list[RunLocation] = []  # local copies of results that are open, kept until the process ends


def open_result(directory: str | Path, allow_unfinished: bool = False) -> xr.DataTree:
    """Open the result of a run directory, or of the URL of one, lazily.

    Raises:
        FileNotFoundError: there is no such directory.
        UnfinishedRun: the run was not finished; with `allow_unfinished` only when there is no result at all.
        DamagedRun: the result, or the spec beside it, cannot be read.
        MissingExtra, CannotWrite: a store that cannot be reached.
    """
    from stress.results.files import store

    location = location_of(directory)
    if location.fetch(store.SPEC, store.RESULT):
        _fetched.append(location)
    return store.open_result(location.folder, allow_unfinished)


def begin_run(
    problem: Problem,
    options: RunOptions,
    location: RunLocation,
    overwrite: bool = False,
    resume: bool = False,
    method: Method | None = None,
) -> dict[str, Any]:
    """Have everything in a run directory that computing its blocks needs; returns the spec.

    Raises:
        RunExists, InUse, CannotWrite, NotEnoughResources, OtherRun: see `run` and `resume`.
    """
    with _taken(problem, options, method, location, overwrite, resume) as run:
        return run.spec


def resume(
    directory: str | Path,
    progress: Callable[[Progress], None] | None = None,
    executor: str | Client = LOCAL,
    workers: int | None = None,
    devices: int | None = None,
    max_memory: int | None = None,
) -> xr.DataTree:
    """Take up a run that did not finish, as it was begun: its numbers are those of an undisturbed run.

    Of a finished run that was damaged since, what is damaged is removed and computed again.

    Args:
        directory: its run directory, or the URL of one.
        progress, executor, workers: as for `run`.
        devices, max_memory: of this machine, which need not be that on which the run was begun.

    Raises:
        UnfinishedRun: the directory holds no run to take up.
        InUse: another process is about to begin or replace it, or runs it; it is named. Workers may be at work.
        RunExists: it holds a finished one.
        OtherRun: this version, device type or package computes other numbers than the run was begun with.
        DeviceNotFound: the run was begun on a kind of device that is not here.
    """
    from stress.results.files.store import RESULT, SPEC, RunExists
    from stress.run_directory.claims import check_free
    from stress.run_directory.mend import is_damaged, mend
    from stress.run_directory.method import method_of
    from stress.run_directory.spec import problem_of, read_spec

    location = location_of(directory)
    check_free(location, shared=True)
    if location.has(RESULT) and is_damaged(location):
        mend(location)
        if location.has(RESULT):  # it was the spec beside it
            return open_result(directory)
    location.fetch(SPEC)
    spec = read_spec(location.folder)
    problem, options = problem_of(spec, location.name)
    method = method_of(spec, location.name)
    options = replace(options, devices=devices, max_memory=max_memory)
    if location.has(RESULT):
        raise RunExists(f"{location.name} holds a finished run: nothing is left to compute")
    return run_problem(problem, options, location, False, progress, True, executor, workers, method=method)
