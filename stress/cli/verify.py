"""`levstress verify`: is a run what it says? What is damaged is repaired on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json, progress_shown
from stress.cli.exits import MISMATCH, ends_with_exit_code

if TYPE_CHECKING:
    from stress.run_directory.verify import Verdict


@ends_with_exit_code
def verify(
    directory: common.RunAtHand,
    blocks: Annotated[
        int, typer.Option("--blocks", min=0, metavar="N", help="Blocks, chosen at random, to simulate again.")
    ] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of that choice.")] = 0,
    again: Annotated[
        bool, typer.Option("--again", help="Simulate every path of a finished run again, and trust no block.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Remove what is wrong, compute what is missing, seal the result and check it."),
    ] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Check a run directory: every file against its digest, every number of the result against the blocks.

    The result is put together once more from the blocks, and has to be the same to the last bit; some blocks, or with
    --again all paths, are simulated again. A folder `result.zarr` alone will do: it carries its spec. Exit 9 when
    something does not agree.

    \b
    Examples:
      levstress verify runs/desk-1-1000000
      levstress verify runs/desk-1-1000000 --blocks 20 --json
      levstress verify sent-to-me/result.zarr --again
      levstress verify runs/desk-1-1000000 --repair
    """
    from stress.run_directory.claims import check_free
    from stress.run_directory.location import location_of
    from stress.run_directory.ours import refuse_sealed
    from stress.run_directory.verify import verify as check

    location = location_of(directory)
    if repair:
        refuse_sealed(location)
    location.fetch()
    with progress_shown(quiet) as callback:
        found = check(location.folder, blocks, seed, again, callback)
    if found.problems:
        check_free(location, shared=True)  # a run that is being replaced looks damaged
    done, before = list[str](), found
    if repair and found.problems:
        from stress.api import resume as take_up
        from stress.run_directory.mend import mend

        done = mend(location, result=True, blocks=found.doubted)
        with progress_shown(quiet) as callback:
            take_up(directory, callback)
        done.append("the result sealed again")
        before, location = found, location_of(directory)
        location.fetch()
        found = check(location.folder, 0)
    wrong = list(before.problems) if done else []
    if json:
        print_json({"directory": str(directory), **_as_json(found), "was_wrong": wrong, "repaired": done})
    else:
        lines = [f"was wrong: {line}" for line in wrong] + [f"repaired: {line}" for line in done]
        console().print("\n".join([*lines, *_lines(found, str(directory))]), markup=False, highlight=False)
    if found.problems:
        raise typer.Exit(MISMATCH)


def _as_json(found: Verdict) -> dict[str, Any]:
    return {
        "blocks": found.files,
        "blocks_verified": found.verified,
        "blocks_recomputed": [{"first": chunk.first, "last": chunk.last - 1} for chunk in found.recomputed],
        "paths_on_disk": found.paths_on_disk,
        "paths_missing": found.paths_missing,
        "result_compared": found.compared,
        "problems": list(found.problems),
        "notes": list(found.notes),
        "agrees": not found.problems,
    }


def _lines(found: Verdict, directory: str) -> list[str]:
    lines = [
        f"{found.verified} of {found.files} blocks have the digest of their name: {found.paths_on_disk:,} paths"
        if found.files
        else None,
        f"{len(found.recomputed)} of them simulated again" if found.recomputed else None,
        "every file of the result is what was written" if found.sealed and not found.problems else None,
        "every number of the result is that of its run put together once more"
        if found.compared and not found.problems
        else None,
        None if found.sealed else f"{_lacks(found)}: levstress resume {directory}",
        *found.notes,
        *(f"WRONG: {problem}" for problem in found.problems),
    ]
    return [line for line in lines if line]


def _lacks(found: Verdict) -> str:
    return f"{found.paths_missing:,} paths are missing" if found.paths_missing else "there is no result yet"
