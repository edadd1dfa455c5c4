"""The Python interface: load a scenario, run it, open a result."""

from __future__ import annotations

from collections.abc import Callable
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
    from stress.engine import execute
    from stress.results.dataset import to_datatree
    from stress.results.store import RESULT, RunExists, write_run

    if out is not None and not overwrite and (out / RESULT).exists():
        raise RunExists(f"{out} already holds a finished run; choose another directory, or overwrite it")
    tree = to_datatree(execute(problem, options, progress))
    if out is not None:
        write_run(tree, spec_of(problem, options), out, overwrite=overwrite)
    return tree


def spec_of(problem: Problem, options: RunOptions) -> dict[str, Any]:
    """What `spec.json` holds: the scenario with every input resolved, how it was run, and with which versions."""
    return {
        "scenario": problem.canonical,
        "inputs_sha256": problem.input_hashes,
        "defaults": list(problem.defaults_filled),
        "options": asdict(options),
        "versions": {name: version(name) for name in ("levstress", "jax", "jaxlib", "numpy", "xarray", "zarr")},
    }
