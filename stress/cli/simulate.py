"""What the commands that simulate share: where a run goes, and what is said when it stops or is done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stress.run_directory.location import Place

RUNS = Path("runs")  # where results go when no --out is given


def output_place(wanted: str | Path | None, name: str, seed: int, paths: int, overwrite: bool, resume: bool) -> Place:
    """The run directory: the one asked for, or the first `runs/NAME-SEED-PATHS[-K]` that is free.

    Raises:
        RunExists: when the directory asked for holds something that is neither to be replaced nor to be taken up;
            seen before the run, not after.
        CannotWrite: when it is a file, or cannot be looked at.
    """
    from stress.results.files.store import RESULT, SPEC, RunExists
    from stress.run_directory.location import Place, place_of
    from stress.run_directory.writing import writing

    if wanted is not None:
        place = place_of(wanted)
        with writing(place.folder):
            if not (overwrite or place.is_empty() or (resume and place.has(SPEC))):
                unfinished = place.has(SPEC) and not place.has(RESULT)
                more = f"; it holds an unfinished run: {how_to_resume(place)}" if unfinished else ""
                raise RunExists(f"{place.name} is already there{more}")
        return place
    first = RUNS / f"{name}-{seed}-{paths}"
    with writing(first):
        candidate, number = first, 2
        while candidate.exists() and not overwrite:
            candidate = first.with_name(f"{first.name}-{number}")
            number += 1
        return Place(candidate)


@contextmanager
def says_how_to_resume(place: Place) -> Iterator[None]:
    """Add to whatever stops a run how it is taken up again, if there is anything to take up."""
    from stress.results.files.store import RESULT, SPEC
    from stress.run_directory.replaced_run import REPLACED, has_blocks

    try:
        yield
    except BaseException as error:
        with suppress(OSError):  # a folder or store that cannot be reached is what `error` says
            if place.has(SPEC) and not place.has(RESULT) and has_blocks(place):
                error.add_note(f"finished blocks are kept; to go on: {how_to_resume(place)}")
                if place.has(f"{REPLACED}/{RESULT}"):
                    error.add_note(f"the result that was there is in {place.name}/{REPLACED} until then")
        raise


def how_to_resume(place: Place) -> str:
    """The command that takes a run up."""
    return f"levstress resume {shlex.quote(place.name)}"


def how_to_open(name: str) -> str:
    """What to type next in Python."""
    return (
        f"result: {name}\n"
        f'open it: xr.open_datatree("{name}/result.zarr", engine="zarr")   or   stress.open_result("{name}")'
    )
