"""The Python interface: load a scenario, run it, open a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
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

__all__ = ["build_problem", "load_scenario", "open_result", "run", "run_problem", "spec_of"]


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
) -> xr.DataTree:
    """Simulate a resolved scenario and write it to `out`, unless that is None."""
    from stress.engine import execute, plan
    from stress.output import check_room, check_writable, writing
    from stress.results.dataset import to_datatree
    from stress.results.store import RESULT, RunExists, write_run

    if out is not None:
        with writing(out):
            if not overwrite and (out / RESULT).exists():
                raise RunExists(f"{out} already holds a finished run; choose another directory, or overwrite it")
        check_room(out, plan(problem, options).disk_bytes)
        check_writable(out)
    tree = to_datatree(execute(problem, options, progress))
    if out is not None:
        with writing(out):
            write_run(tree, spec_of(problem, options, tree.attrs), out, overwrite=overwrite)
    return tree


def spec_of(problem: Problem, options: RunOptions, attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """What `spec.json` holds: the scenario with every input resolved, how it was run, and with which versions.

    Args:
        problem: the scenario.
        options: as they were given; None among them means "chosen".
        attributes: root attributes of the result, which say what was chosen.
    """
    return {
        "scenario": problem.canonical,
        "inputs_sha256": problem.input_hashes,
        "defaults": list(problem.defaults_filled),
        "options": asdict(options),
        "resolved": {name: attributes[name] for name in ("device", "block_size", "tile")},
        "versions": {name: version(name) for name in ("levstress", "jax", "jaxlib", "numpy", "xarray", "zarr")},
    }
