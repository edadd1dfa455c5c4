"""What `run` and `demo` share: from a problem to a sealed run directory, with progress on stderr."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stress.cli.console import progress_shown

if TYPE_CHECKING:
    import xarray as xr

    from stress.options import RunOptions
    from stress.scenarios.problem import Problem

RUNS = Path("runs")  # where results go when no --out is given


def output_directory(wanted: Path | None, name: str, seed: int, paths: int, overwrite: bool) -> Path:
    """The run directory: the one asked for, or the first `runs/NAME-SEED-PATHS[-K]` that is free.

    Raises:
        RunExists: when the directory asked for holds something and `overwrite` is off; seen before the run, not after.
        CannotWrite: when it is a file, or cannot be looked at.
    """
    from stress.output import writing
    from stress.results.store import RunExists

    first = RUNS / f"{name}-{seed}-{paths}" if wanted is None else wanted
    with writing(first):
        if wanted is None:
            candidate, number = first, 2
            while candidate.exists() and not overwrite:
                candidate = first.with_name(f"{first.name}-{number}")
                number += 1
            return candidate
        if wanted.exists() and not overwrite and any(wanted.iterdir()):
            unfinished = (wanted / "spec.json").exists() and not (wanted / "result.zarr").exists()
            more = f"; it holds an unfinished run: levstress resume {shlex.quote(str(wanted))}" if unfinished else ""
            raise RunExists(f"{wanted} is already there{more}")
    return wanted


def simulate(
    problem: Problem, options: RunOptions, out: Path, overwrite: bool, quiet: bool, resume: bool = False
) -> xr.DataTree:
    """Run the simulation and write its result to `out`; returns the result as a tree."""
    from stress.api import run_problem

    with progress_shown(quiet) as callback, says_how_to_resume(out):
        return run_problem(problem, options, out, overwrite, callback, resume)


@contextmanager
def says_how_to_resume(out: Path) -> Iterator[None]:
    """Add to whatever stops a run how it is taken up again, if there is anything to take up."""
    try:
        yield
    except BaseException as error:
        if (out / "spec.json").exists() and not (out / "result.zarr").exists():
            error.add_note(f"finished blocks are kept; to go on: levstress resume {shlex.quote(str(out))}")
        raise


def how_to_open(out: Path) -> str:
    """What to type next in Python."""
    return (
        f"result: {out}\n"
        f'open it: xr.open_datatree("{out}/result.zarr", engine="zarr")   or   stress.open_result("{out}")'
    )
