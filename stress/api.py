"""The Python interface: load a scenario, run it, open a result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stress.options import Progress, RunOptions
from stress.results.store import open_result
from stress.scenarios.build import build_problem
from stress.scenarios.loader import load_scenario
from stress.scenarios.problem import Problem
from stress.scenarios.schema import Scenario

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["build_problem", "load_scenario", "open_result", "resume", "run", "run_problem"]


def run(
    scenario: str | Path | Scenario | Problem,
    paths: int = 1_000_000,
    seed: int = 1,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> xr.DataTree:
    """Simulate a scenario.

    Args:
        scenario: a library name, a TOML file, or what `load_scenario` or `build_problem` returned.
        paths: number of Monte Carlo paths.
        seed: 64-bit seed.
        out: run directory to write; None keeps the result in memory only.
        overwrite: replace a finished run in `out`.
        progress: called after every block.
        options: further fields of `RunOptions`, such as `precision="float64"`.

    Returns:
        The result: groups summary, distribution, timeline, attribution, tails, paths (on request), diagnostics.

    Raises:
        ScenarioError: the scenario is not valid.
        DeviceNotFound, NotEnoughResources, InvariantFailed: see `stress.errors`.
        RunExists: `out` holds a finished run.
        CannotWrite: `out` cannot be written; like RunExists and a disk too small, seen before the run.

    Example:
        >>> import stress
        >>> tree = stress.run("desk", paths=20_000)  # doctest: +SKIP
        >>> float(tree["summary"]["es"].sel(fund="quant", level=0.99))  # doctest: +SKIP
    """
    if isinstance(scenario, str | Path):
        scenario = load_scenario(scenario)
    problem = scenario if isinstance(scenario, Problem) else build_problem(scenario)
    choice = RunOptions(paths=paths, seed=seed, **options)
    return run_problem(problem, choice, None if out is None else Path(out), overwrite, progress)


def run_problem(
    problem: Problem,
    options: RunOptions,
    out: Path | None,
    overwrite: bool,
    progress: Callable[[Progress], None] | None,
    resume: bool = False,
) -> xr.DataTree:
    """Simulate a resolved scenario and write it to `out`, unless that is None.

    In `out` finished parts are kept as they come; with `resume` those that are there are not computed specs.
    """
    from stress.engine import execute, plan
    from stress.output import check_room, check_writable, writing
    from stress.results.dataset import to_datatree
    from stress.results.store import RESULT, RunExists, write_run

    if out is None:
        return to_datatree(execute(problem, options, progress))
    from stress import spec as specs
    from stress.chunks import FOLDER, ChunkStore

    with writing(out):
        finished, begun = (out / RESULT).exists(), (out / FOLDER).exists()
        if finished and not overwrite:
            raise RunExists(f"{out} already holds a finished run; choose another directory, or overwrite it")
        if begun and not (overwrite or resume):
            raise RunExists(f"{out} holds an unfinished run: resume it, choose another directory, or overwrite it")
    planned = plan(problem, options)
    check_room(out, planned.disk_bytes)
    check_writable(out)
    spec = specs.spec_of(problem, options, planned)
    with writing(out):
        if resume:
            specs.check_same(out, specs.read_spec(out), spec)
        else:
            specs.begin(out, spec)
    store = ChunkStore(out, specs.identity_digest(spec))
    try:
        tree = to_datatree(execute(problem, options, progress, store))
    finally:
        store.close()
    with writing(out):
        write_run(tree, spec, out, overwrite=False)
        specs.end(out)
    return tree


def resume(directory: str | Path, progress: Callable[[Progress], None] | None = None) -> xr.DataTree:
    """Take up a run that did not finish, as it was begun: its numbers are those of an undisturbed run.

    Raises:
        UnfinishedRun: the directory holds no run to take up.
        RunExists: it holds a finished one.
        OtherRun: this version, device type or package computes other numbers than the run was begun with.
    """
    from stress.spec import problem_of, read_spec

    out = Path(directory)
    problem, options = problem_of(read_spec(out), out)
    return run_problem(problem, options, out, overwrite=False, progress=progress, resume=True)
