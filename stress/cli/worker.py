"""`levstress worker` and `levstress template`: a run on machines that share a folder or an object store."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from stress.cli import options as common
from stress.cli.console import print_json, progress_shown, say
from stress.cli.exits import Terminated, ends_with_exit_code
from stress.cli.quantities import parse_positive


def parse_shard(text: str) -> tuple[int, int]:
    """ "3/8" as (3, 8): shard 3, counted from 0, of 8."""
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and len(text) < 40 and int(index) < int(count)):
        raise typer.BadParameter(f"{text!r} is no shard; allowed: I/N with I from 0 to N - 1, such as 0/8")
    return int(index), int(count)


@contextmanager
def says_how_to_go_on(directory: str, shard: str) -> Iterator[None]:
    """Add to whatever stops a worker how it is started again."""
    from stress.results.files.store import UnfinishedRun

    try:
        yield
    except UnfinishedRun:
        raise  # it is no run that could go on
    except (KeyboardInterrupt, Terminated, RuntimeError, OSError) as error:
        again = f"levstress worker {shlex.quote(directory)} --shard {shard}"
        error.add_note(f"finished blocks are kept; to go on: {again}")
        raise


@ends_with_exit_code
def worker(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="A run directory that all workers reach, or the URL of one.")
    ],
    shard: Annotated[
        str, typer.Option("--shard", metavar="I/N", help="Which part of the paths: 0/8, 1/8, ... 7/8.")
    ] = "0/1",
    devices: common.Devices = None,
    max_memory: common.MaxMemory = None,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Compute one part of the paths of a run that `levstress run --prepare` has begun.

    Workers share nothing but the run directory. A part may be stopped, started again or computed twice; when all parts
    are there, `levstress resume DIR` reads them and seals the result.

    \b
    Examples:
      levstress run tariff-2025 --paths 1e9 --out runs/april --prepare
      levstress worker runs/april --shard 0/2      # here
      levstress worker runs/april --shard 1/2      # there, at the same time
      levstress resume runs/april
    """
    index, count = parse_shard(shard)
    from stress.cli.simulate import how_to_resume
    from stress.cluster.worker import work_on
    from stress.run_directory.location import location_of

    with progress_shown(quiet) as callback, says_how_to_go_on(directory, shard):
        done = work_on(directory, index, count, callback, devices, max_memory)
    if json:
        print_json(
            {
                "directory": directory,
                "shard": shard,
                "paths": done.paths,
                "paths_found": done.found,
                "paths_computed": done.paths - done.found,
                "paths_missing_elsewhere": done.missing_elsewhere,
                "sealed": done.sealed,
            }
        )
        return
    print(f"shard {shard}: {done.paths:,} paths, {done.found:,} of them found, {done.paths - done.found:,} computed")
    if done.sealed:
        say("the run is finished: nothing is left to compute", quiet)
    elif done.missing_elsewhere:
        say(f"{done.missing_elsewhere:,} paths of other shards are not there yet", quiet)
    else:
        say(f"all paths are there; to seal the result: {how_to_resume(location_of(directory))}", quiet)


@ends_with_exit_code
def template(
    kind: Annotated[Literal["slurm", "k8s", "sky"], typer.Argument(help="For Slurm, Kubernetes or SkyPilot.")],
    scenario: Annotated[str, typer.Option("--scenario", metavar="SCENARIO", help="What to run.")] = "tariff-2025",
    paths: common.Paths = 1_000_000_000,
    seed: common.Seed = 1,
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Run directory, reached by every machine, or its URL.")
    ] = None,
    shards: Annotated[
        int, typer.Option("--shards", parser=parse_positive, metavar="N", help="Machines, or parts of the run.")
    ] = 8,
) -> None:
    """Print a job for a cluster: begin the run, one worker for each part, seal the result.

    \b
    Examples:
      levstress template slurm --scenario tariff-2025 --paths 1e10 --shards 16 --out /scratch/april > april.sh
      levstress template k8s --out s3://bucket/april > april.yaml
      levstress template sky --out s3://bucket/april > april.yaml
    """
    from stress.cluster.job_templates import job

    try:
        text = job(kind, scenario, paths, seed, out, shards)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    print(text, end="")
