"""`levstress replay`: one path of a run again, step by step and round by round."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.quantities import parse_positive
from stress.options import parse_count

if TYPE_CHECKING:
    import xarray as xr


@ends_with_exit_code
def replay(
    directory: common.Directory,
    path: Annotated[
        int | None, typer.Option("--path", parser=parse_count, metavar="J", help="Id of the path, 0 being the first.")
    ] = None,
    worst: Annotated[
        int | None,
        typer.Option(
            "--worst", parser=parse_positive, metavar="K", help="Take the K-th worst path. Default of --fund: 1."
        ),
    ] = None,
    fund: Annotated[
        str | None, typer.Option("--fund", metavar="NAME", help="By the loss of this fund. Default: system.")
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", metavar="N", help="Tell this step alone, or all of them: 2, all.")
    ] = None,
    which: Annotated[
        str | None,
        typer.Option("--round", metavar="N", help="Rounds to tell of each step: 1, all, none. Default: the largest."),
    ] = None,
    top: Annotated[
        int,
        typer.Option("--top", parser=parse_positive, metavar="N", help="Items named in a list, others are counted."),
    ] = 4,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the story too: .zarr, .nc (labelled data), .json, .png, .svg, .pdf (a picture). Repeatable.",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files of --out that are there.")] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Tell the whole story of one path: shocks, margin calls, who sells what and why, prices, in order.

    Without a choice it is the path that stands for the worst 1 % of the detailed paths by the loss of the whole
    system: of these the one whose loss by step is nearest to their mean. Moves of a day beyond anything recorded are
    named as such.

    The path is simulated again; its loss, calls and sales are held against what the run recorded and are the same bit
    for bit. Exit 3 when this version or device would compute other numbers, or there is no such path or fund; exit 7
    when the path comes out otherwise.

    \b
    Examples:
      levstress replay runs/tariff-2025-1-1000000
      levstress replay runs/tariff-2025-1-1000000 --worst 1
      levstress replay runs/tariff-2025-1-1000000 --worst 3 --fund quant_emn
      levstress replay runs/tariff-2025-1-1000000 --path 65669 --step 2 --round all
      levstress replay runs/tariff-2025-1-1000000 --path 65669 --out story.zarr --out story.png
    """
    if path is not None and (worst is not None or fund is not None):
        raise typer.BadParameter("--path names a path; --worst and --fund choose one: not both")
    steps = None if step is None else _number_or("--step", step, ("all",))
    rounds = None if which is None else _number_or("--round", which, ("all", "none"))
    files = _targets(out or [], overwrite)
    from stress.questions.replay import replay as again

    story = again(directory, path, worst, fund or "system")
    told = _told(story, steps, directory)
    _write(story, files, quiet)
    if json:
        from stress.results.story.document import story_json

        print_json(story_json(story))
        return
    from stress.results.story.page import story_page

    screen = console()
    for part in story_page(story, told, rounds, top):
        screen.print(part)


def _number_or(option: str, text: str, words: tuple[str, ...]) -> int | str:
    """A number of at least 1, or one of `words`.

    Raises:
        typer.BadParameter: neither.
    """
    if text in words:
        return text
    try:
        return parse_positive(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; or {', '.join(words)}", param_hint=option) from error


def _targets(files: list[Path], overwrite: bool) -> list[Path]:
    """The files to write, looked at before anything is computed.

    Raises:
        typer.BadParameter: an unknown suffix, or `--overwrite` without a file.
        FileExistsError, MissingExtra, CannotWrite: see `check_story_file` and `stress.run_directory.writing`.
    """
    if overwrite and not files:
        raise typer.BadParameter("--overwrite needs --out FILE")
    from stress.results.story.files import check_story_file
    from stress.run_directory.writing import check_writable

    for file in files:
        try:
            check_story_file(file, overwrite)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--out") from error
        check_writable(file.parent)
    return files


def _write(story: xr.DataTree, files: list[Path], quiet: bool) -> None:
    from stress.results.story.files import write_story
    from stress.run_directory.writing import writing

    for file in files:
        with writing(file.parent):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_story(story, file)
        say(f"wrote {file}", quiet)


def _told(story: xr.DataTree, step: int | str | None, directory: Path) -> list[int] | None:
    """The steps to tell; None = those that matter most, after a summary.

    Raises:
        ScenarioError: the run has no such step.
    """
    from stress.scenarios.errors import ScenarioError

    every = [int(x) for x in story["steps"].to_dataset()["step"].values]
    if step is None or step == "all":
        return None if step is None else every
    if step not in every:
        allowed = f"1 to {len(every)}, all"
        raise ScenarioError("is not in this run", file=str(directory), key="--step", value=step, allowed=allowed)
    return [int(step)]
