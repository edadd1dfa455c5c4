"""`levstress resume`: go on with a run that was stopped, or make one that was damaged whole again."""

from __future__ import annotations

from stress.cli import options as common
from stress.cli.console import console, print_json, progress_shown, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.method import end_by_check


@ends_with_exit_code
def resume(
    directory: common.RunAtHand,
    executor: common.Executor = "local",
    workers: common.Workers = None,
    devices: common.Devices = None,
    max_memory: common.MaxMemory = None,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Take up a run that was stopped, or damaged: what is missing is computed, and the result sealed.

    Damaged blocks and a damaged result are removed and computed again. The numbers are those of an undisturbed run,
    bit for bit. Scenario, options and seed are those the run was begun with. Exit 3 when this version or device would
    compute others.

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
    end_by_check(tree)
