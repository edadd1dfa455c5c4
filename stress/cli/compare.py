"""`levstress compare`: what differs between two runs, in settings and then in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json
from stress.cli.exits import ends_with_exit_code
from stress.cli.export import Export, check_target, write_target

if TYPE_CHECKING:
    import xarray as xr

    from stress.questions.compare import Comparison

MOST_SETTINGS = 60  # that are listed: two scenarios with other assets differ in hundreds
OF_ENTITIES = ("assets.", "correlation.", "funds.", "shocks.replay.")  # listed behind all others
LONGEST_VALUE = 60  # characters of a setting that are shown


@ends_with_exit_code
def compare(
    a: Annotated[
        Path, typer.Argument(metavar="A", parser=common.parse_directory, help="A run directory, or the URL of one.")
    ],
    b: Annotated[Path, typer.Argument(metavar="B", parser=common.parse_directory, help="Another one.")],
    others: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[C]...", parser=common.parse_directory, help="More of them, each held against A."),
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option("--level", metavar="P", help="Level to show: 0.99, '99 %'; may be repeated. Default: all."),
    ] = None,
    picture: Annotated[bool, typer.Option("--picture", help="Also draw the loss distributions of both.")] = False,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Of three runs or more: the map of ES, .png, .svg or .pdf."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Of three runs or more: a page, .html.")
    ] = None,
    export: Export = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    json: common.Json = False,
) -> None:
    """Compare two finished runs: the settings that differ, then every figure with the error of its difference.

    Differences are B less A. Runs with the same seed share their paths where assets and steps are the same; errors are
    then those of the differences path by path. A star marks what is significant among all differences together (Holm,
    5 %).

    Three runs or more stand beside each other: figures as rows, runs as columns, each with its difference to A, and a
    map of ES by fund and run.

    \b
    Examples:
      levstress compare runs/calm runs/crisis
      levstress compare runs/desk-1-1000000 runs/desk-2-1000000 --level 0.99
      levstress compare runs/calm runs/crisis --picture
      levstress compare runs/calm runs/crisis --export compared.csv
      levstress compare runs/calm runs/crisis --json > compared.json
      levstress compare runs/calm runs/april runs/unwind --report scenarios.html --figure es.png
    """
    wanted = _read_levels(level)
    if others:
        from stress.cli.side_by_side import print_side_by_side

        print_side_by_side([a, b, *others], wanted, figure, report, export, overwrite, json)
        return
    if figure or report:
        raise typer.BadParameter("--figure and --report are of three runs or more; of two: --picture")
    check_target(export, overwrite)
    from rich.text import Text

    from stress.questions.compare import compare_runs
    from stress.questions.settings import settings_json
    from stress.results.files.long_table import DIFFERENCE
    from stress.results.terminal.compared_table import compared_json, compared_notes, compared_table

    found = compare_runs(a, b)
    levels = _choose(found.numbers, wanted, a, b)
    numbers = found.numbers.sel(level=levels) if levels else found.numbers
    write_target(export, {"compared": numbers.drop_attrs(deep=False)}, numbers.attrs, DIFFERENCE)
    if json:
        document = {
            "a": common.name_of(a),
            "b": common.name_of(b),
            "identical": found.identical,
            "settings": {"equal": found.settings_equal, "different": settings_json(found.settings)},
            "same_numbers": found.same_numbers,
        }
        print_json(document | compared_json(found.numbers, levels or _all_levels(found.numbers)))
        return
    print(f"A: {common.name_of(a)}\nB: {common.name_of(b)}")
    if found.identical:
        print(f"The runs are identical: {found.settings_equal} settings and every number of the summary.")
        return
    _print_settings(found)
    if found.same_numbers:
        print("Every number of the summary is the same.")
        return
    shown = levels or [x for x in _all_levels(found.numbers) if x > 0]
    screen = console()
    screen.print(compared_table(found.numbers, shown))
    for note in compared_notes(found.numbers, shown):
        screen.print(Text(note))
    if picture:
        screen.print(Text(f"\n{_picture(a, b, screen.width)}"))


def _picture(a: Path, b: Path, width: int) -> str:
    from stress.results.files.store import open_result
    from stress.results.terminal.picture import WIDEST, compared_picture

    first, second = open_result(a), open_result(b)
    try:
        return compared_picture(first, second, min(width, WIDEST))
    finally:
        first.close()
        second.close()


def _read_levels(texts: list[str] | None) -> list[str]:
    from stress.scenarios.read.units import UnitError, level_text

    levels = []
    for text in texts or ():
        try:
            levels.append(level_text(text))
        except UnitError as error:
            message = f"{text!r} {error.problem}; allowed: {error.allowed}"
            raise typer.BadParameter(message, param_hint="--level") from error
    return list(dict.fromkeys(levels))


def _all_levels(numbers: xr.Dataset) -> list[float]:
    return [float(x) for x in numbers["level"].values]


def _choose(numbers: xr.Dataset, wanted: list[str], a: Path, b: Path) -> list[float]:
    """The levels asked for, as both runs have them; empty where none was asked for.

    Raises:
        ScenarioError: a level that one of the runs does not have.
    """
    from stress.results.dataset.compared import only_in
    from stress.scenarios.errors import ScenarioError

    there = _all_levels(numbers)
    for text in wanted:
        if float(text) in there:
            continue
        shared = ", ".join(f"{x:g}" for x in there if x > 0) or "none"
        alone = {side: float(text) in only_in(numbers, "levels", side) for side in "ab"}
        where = f"only {a if alone['a'] else b} has it" if any(alone.values()) else "neither run has it"
        raise ScenarioError(where, file=f"{a} and {b}", key="level", value=text, allowed=f"in both: {shared}")
    return [float(text) for text in wanted]


def _print_settings(found: Comparison) -> None:
    from rich.text import Text

    from stress.questions.settings import ABSENT
    from stress.results.terminal.cells import plain_table

    def shown(value: Any, other: Any) -> Text:
        if ABSENT in (value, other) and isinstance(value if other is ABSENT else other, dict):  # an entity
            return Text("" if value is ABSENT else "only here")
        text = "-" if value is ABSENT else value if isinstance(value, str) else repr(value)
        return Text(text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 4]} ...")

    if not found.settings:
        print(f"All {found.settings_equal} settings are the same.")
        return
    table = plain_table("Settings that differ", gap=2)
    for title in ("", "setting", "A", "B"):
        table.add_column(title, overflow="fold")
    for setting in sorted(found.settings, key=lambda one: one.key.startswith(OF_ENTITIES))[:MOST_SETTINGS]:
        table.add_row(
            Text(setting.section), Text(setting.key), shown(setting.a, setting.b), shown(setting.b, setting.a)
        )
    console().print(table)
    left = len(found.settings) - MOST_SETTINGS
    if left > 0:
        print(f"{left} more settings differ (--json lists them).")
    print(f"{found.settings_equal} other settings are the same.")
