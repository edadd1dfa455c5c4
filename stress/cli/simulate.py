"""What the commands that simulate share: where a run goes, and what is said when it stops or is done."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from stress.cli.console import say

if TYPE_CHECKING:
    from stress.run_directory.run_location import RunLocation

RUNS = Path("runs")  # where results go when no --out is given


def output_location(
    wanted: str | Path | None, name: str, seed: int, paths: int, overwrite: bool, resume: bool
) -> RunLocation:
    """The run directory: the one asked for, or the first `runs/NAME-SEED-PATHS[-K]` that is free.

    Raises:
        InUse: another process works there.
        RunExists: when the directory asked for holds something that is neither to be replaced nor to be taken up;
            seen before the run, not after.
        CannotWrite: when it is a file, or cannot be looked at.
    """
    from stress.results.files.store import RESULT, SPEC, RunExists
    from stress.run_directory.claims import check_free
    from stress.run_directory.location import location_of
    from stress.run_directory.run_location import RunLocation
    from stress.run_directory.writing import writing

    if wanted is not None:
        location = location_of(wanted)
        with writing(location.folder):
            check_free(location, shared=resume)
            if not (overwrite or location.is_empty() or (resume and location.has(SPEC))):
                unfinished = location.has(SPEC) and not location.has(RESULT)
                more = f"; it holds an unfinished run: {how_to_resume(location)}" if unfinished else ""
                raise RunExists(f"{location.name} is already there{more}")
        return location
    first = RUNS / f"{name}-{seed}-{paths}"
    with writing(first):
        candidate, number = first, 2
        while candidate.exists() and not overwrite:
            candidate = first.with_name(f"{first.name}-{number}")
            number += 1
        return RunLocation(candidate)


@contextmanager
def says_how_to_resume(location: RunLocation) -> Iterator[None]:
    """Add to whatever stops a run how it is taken up again, if there is anything to take up."""
    from stress.results.files.store import REPLACED, RESULT, SPEC, UnfinishedRun
    from stress.run_directory.replaced_run import has_blocks

    try:
        yield
    except UnfinishedRun:
        raise  # it is no run that could go on
    except BaseException as error:
        with suppress(OSError):  # a folder or store that cannot be reached is what `error` says
            if location.has(SPEC) and not location.has(RESULT) and has_blocks(location):
                error.add_note(f"finished blocks are kept; to go on: {how_to_resume(location)}")
                if location.has(f"{REPLACED}/{RESULT}"):
                    error.add_note(f"the result that was there is in {location.name}/{REPLACED} until then")
        raise


@contextmanager
def says_how_to_go_on(location: RunLocation, parts: str) -> Iterator[None]:
    """Add to whatever stops an answer how it is taken up again, if any of its `parts` is finished."""
    from stress.results.files.store import RESULT
    from stress.run_directory.replaced_run import has_blocks
    from stress.run_directory.spec import OtherRun

    try:
        yield
    except OtherRun:
        raise  # the same command does not go on with it
    except BaseException as stopped:
        with suppress(OSError):
            if not location.has(RESULT) and has_blocks(location):
                words = f"--out {shlex.quote(location.name)} --resume"
                stopped.add_note(
                    f"finished {parts} are kept in {location.name}; to go on: the same command with {words}"
                )
        raise


@contextmanager
def says_what_is_kept(name: str) -> Iterator[None]:
    """Say where a finished result or report is when the output that tells of it cannot be written."""
    try:
        yield
        sys.stdout.flush()
    except (OSError, SystemExit):  # rich turns a closed pipe into the second
        say(f"kept: {name}")
        raise


def how_to_resume(location: RunLocation) -> str:
    """The command that takes a run up."""
    return f"levstress resume {shlex.quote(location.name)}"


def how_to_open(name: str) -> str:
    """What to type next in Python."""
    return (
        f"result: {name}\n"
        f'open it: xr.open_datatree("{name}/result.zarr", engine="zarr")   or   stress.open_result("{name}")'
    )
