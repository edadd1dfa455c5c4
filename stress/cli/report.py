"""`levstress report`: a finished run as one page to read, print and send on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stress.cli import options as common
from stress.cli.console import say
from stress.cli.exits import Terminated, ends_with_exit_code
from stress.cli.ranges import ranges_for

if TYPE_CHECKING:
    import xarray as xr

NAME = "report.html"
WORST = 3
MOST = 20


@ends_with_exit_code
def report(
    directory: common.Directory,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help=f"File to write; default: DIR/{NAME}, of a URL ./{NAME}."),
    ] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Pictures that answer to the pointer; the file is some 5 MB larger.")
    ] = False,
    worst: Annotated[
        int,
        typer.Option(
            "--worst",
            min=0,
            max=MOST,
            metavar="K",
            help="Worst paths that are told step by step, after a path that stands for the worst 1 %; 0: none.",
        ),
    ] = WORST,
    ranges: common.Ranges = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --out if it is there.")] = False,
    quiet: common.Quiet = False,
) -> None:
    """Write a finished run as one HTML file that needs nothing else: tables with errors, pictures, assumptions.

    The page reads on a phone, on a screen and in print, and asks for nothing over the network. DIR/report.html is
    written anew each time; another file is only replaced with --overwrite.

    \b
    Examples:
      levstress report runs/tariff-2025-1-1000000
      levstress report runs/tariff-2025-1-1000000 --out april.html --overwrite
      levstress report runs/tariff-2025-1-1000000 --interactive --worst 0
      levstress report runs/desk-1-1000000 --ranges runs/sensitivity-desk-1-4096
    """
    from stress.cli.simulate import says_what_is_kept
    from stress.results.files.store import is_result
    from stress.run_directory.writing import check_writable, writing

    alone = is_result(directory)  # sealed: nothing is written into it
    home = Path() if common.is_fetched(directory) else directory.parent if alone else directory
    target = home / NAME if out is None else out
    if target.is_dir():
        raise FileExistsError(f"{target} is a folder")
    if out is not None and target.exists() and not overwrite:
        raise FileExistsError(f"{target} is there already; --overwrite replaces it")
    from stress.results.files.durable_write import write_durably
    from stress.results.files.store import SPEC, check_unreplaced, open_result, read_spec
    from stress.results.report import need, report_html

    need(interactive)
    tree = open_result(directory)
    check_writable(target.parent)
    answer = None if ranges is None else ranges_for(tree, ranges)
    spec = read_spec(directory) if alone or (directory / SPEC).exists() else None
    try:
        stories, reason = _stories(directory, tree, worst, quiet)
        text = report_html(tree, spec, stories, reason, interactive, answer)
        check_unreplaced(tree, directory)
        with writing(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            write_durably(target, text.encode())
    except (KeyboardInterrupt, Terminated) as stopped:
        stopped.add_note(f"{target} was not written; the run in {common.name_of(directory)} is as it was")
        raise
    with says_what_is_kept(str(target)):
        print(target)


def _stories(directory: Path, tree: xr.DataTree, worst: int, quiet: bool) -> tuple[list[xr.DataTree], str]:
    """The path that stands for the worst 1 % and the worst ones computed again, or why they cannot be.

    The report is worth having without them.
    """
    from stress.results.answers.registry import answer_of
    from stress.results.report.risk import Risk

    if answer_of(tree) is not None:  # it has its own
        return [], ""
    kept = tree["tails"].sizes["rank"] if "tails" in tree.children else 0
    told = min(worst, kept if Risk(tree).random else min(kept, 1))
    if not told:
        return [], ""
    from stress.errors import DeviceNotFound
    from stress.questions.replay import Replayer
    from stress.results.files.store import UnfinishedRun
    from stress.run_directory.spec import OtherRun
    from stress.scenarios.errors import ScenarioError

    say(f"replaying a path that stands for the worst 1 %, and the worst {told} of the kept paths", quiet)
    try:
        replayer = Replayer(directory)
        found = [replayer.story(), *(replayer.story(worst=rank) for rank in range(1, told + 1))]
    except (OtherRun, DeviceNotFound, ScenarioError, UnfinishedRun) as error:
        reason = " ".join(str(error).replace(str(directory), "DIR").split())
        say(f"the report has no stories of the worst paths: {reason}", quiet)
        return [], reason
    once = {int(story.attrs["path"]): story for story in reversed(found)}  # a path is told where it comes first
    return [once.pop(path) for path in dict.fromkeys(int(story.attrs["path"]) for story in found)], ""
