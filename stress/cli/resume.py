"""`levstress resume` and `levstress verify`: go on with a run that was stopped; check what a run left behind."""

from __future__ import annotations

from typing import Annotated

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json, progress_shown, say
from stress.cli.exits import MISMATCH, ends_with_exit_code

Directory = Annotated[str, typer.Argument(metavar="DIR", help="A run directory, or the URL of one.")]


@ends_with_exit_code
def resume(
    directory: Directory,
    executor: common.Executor = "local",
    workers: common.Workers = None,
    devices: common.Devices = None,
    max_memory: common.MaxMemory = None,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Take up a run that was stopped: what is missing is computed, and the result sealed.

    The numbers are those of an undisturbed run, bit for bit. Scenario, options and seed are those the run was begun
    with. Exit 3 when this version or device would compute others.

    \b
    Examples:
      levstress resume runs/tariff-2025-1-1000000000
      levstress resume s3://bucket/april --executor dask
    """
    from stress.api import resume as take_up
    from stress.cli.simulate import how_to_open, says_how_to_resume, says_what_is_kept
    from stress.results.terminal.summary_table import summary_json, summary_table
    from stress.run_directory.location import location_of

    with progress_shown(quiet) as callback, says_how_to_resume(location_of(directory)):
        tree = take_up(directory, callback, executor, workers, devices, max_memory)
    with says_what_is_kept(directory):
        if json:
            print_json({"directory": str(directory), **summary_json(tree)})
        else:
            console().print(summary_table(tree))
    say(how_to_open(directory), quiet or json)


@ends_with_exit_code
def verify(
    directory: Directory,
    blocks: Annotated[
        int, typer.Option("--blocks", min=0, metavar="N", help="Blocks, chosen at random, to simulate again.")
    ] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of that choice.")] = 0,
    json: common.Json = False,
) -> None:
    """Check a run directory: digests of its blocks, some of them simulated again, the result against their sums.

    Exit 9 when something does not agree.

    \b
    Examples:
      levstress verify runs/desk-1-1000000
      levstress verify runs/desk-1-1000000 --blocks 20 --json
    """
    from stress.run_directory.location import location_of
    from stress.run_directory.verify import verify as check

    location = location_of(directory)
    location.fetch()
    found = check(location.folder, blocks, seed)
    if json:
        print_json(
            {
                "directory": str(directory),
                "blocks": found.files,
                "blocks_verified": found.verified,
                "blocks_recomputed": [{"first": c.first, "last": c.last - 1} for c in found.recomputed],
                "paths_on_disk": found.paths_on_disk,
                "paths_missing": found.paths_missing,
                "result_compared": found.sealed and not found.paths_missing,
                "problems": list(found.problems),
                "notes": list(found.notes),
                "agrees": not found.problems,
            }
        )
    else:
        lines = [
            f"{found.verified} of {found.files} blocks have the digest of their name: {found.paths_on_disk:,} paths",
            f"{len(found.recomputed)} of them simulated again",
            "the result has the distributions, means, VaR and ES of its blocks"
            if found.sealed and not found.problems
            else None,
            f"{found.paths_missing:,} paths are missing: levstress resume {directory}"
            if found.paths_missing and not found.sealed
            else None,
            *found.notes,
            *(f"WRONG: {problem}" for problem in found.problems),
        ]
        console().print("\n".join(line for line in lines if line), markup=False, highlight=False)
    if found.problems:
        raise typer.Exit(MISMATCH)
