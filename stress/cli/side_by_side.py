"""`levstress compare` of three runs or more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json, say
from stress.cli.export import check_target, write_target

if TYPE_CHECKING:
    import xarray as xr

    from stress.questions.side_by_side import SideBySide

MOST_SETTINGS = 30  # that are listed
LONGEST_VALUE = 24  # characters of a setting that are shown
PICTURES = (".png", ".svg", ".pdf")


def print_side_by_side(
    directories: Sequence[Path],
    levels: Sequence[str],
    figure: Path | None,
    report: Path | None,
    export: Path | None,
    overwrite: bool,
    json: bool,
) -> None:
    """Print the runs beside each other, and write what was asked for.

    Raises:
        typer.BadParameter: a file of another kind than can be written.
        FileExistsError: it is there.
        ScenarioError: a level that no run has.
    """
    check_target(export, overwrite and export is not None)
    for file, kinds in ((figure, PICTURES), (report, (".html",))):
        _check(file, kinds, overwrite)
    from stress.questions.side_by_side import runs_side_by_side, settings_json
    from stress.results.files.long_table import SIDE_BY_SIDE
    from stress.results.side_by_side.document import document
    from stress.results.side_by_side.table import level_of, shown

    found = runs_side_by_side(directories, [common.name_of(one) for one in directories])
    numbers = found.numbers
    chosen = _levels(numbers, levels)
    selected = numbers.sel(level=chosen) if chosen else numbers
    write_target(export, {"compared": selected.drop_attrs(deep=False)}, numbers.attrs, SIDE_BY_SIDE)
    _write(found, figure, report)
    if json:
        every = chosen or [float(x) for x in numbers["level"].values]
        print_json({"settings": settings_json(found.settings), **document(numbers, every)})
        return
    screen = console()
    _print_runs(found)
    for table in shown(numbers, chosen or [level_of(numbers)], screen.width):
        screen.print(table)


def _check(file: Path | None, kinds: Sequence[str], overwrite: bool) -> None:
    from stress.run_directory.writing import check_writable

    if file is None:
        return
    if file.suffix not in kinds:
        raise typer.BadParameter(f"{file}: the name has to end with {', '.join(kinds)}")
    if file.exists() and not overwrite:
        raise FileExistsError(f"{file} is there already; --overwrite replaces it")
    from stress.results.report import need

    need()
    check_writable(file.parent)


def _levels(numbers: xr.Dataset, wanted: Sequence[str]) -> list[float]:
    from stress.scenarios.errors import ScenarioError

    there = [float(x) for x in numbers["level"].values]
    for text in wanted:
        if float(text) not in there:
            allowed = ", ".join(f"{x:g}" for x in there if x > 0)
            raise ScenarioError("no run has it", file="the runs", key="level", value=text, allowed=allowed)
    return [float(text) for text in wanted]


def _write(found: SideBySide, figure: Path | None, report: Path | None) -> None:
    from stress.run_directory.writing import writing

    if figure is not None:
        from stress.results.plot.style import save
        from stress.results.side_by_side.figure import es_map

        with writing(figure.parent):
            figure.parent.mkdir(parents=True, exist_ok=True)
            save(es_map(found.numbers).get_figure(root=True), figure)  # type: ignore[arg-type]
        say(f"wrote {figure}")
    if report is not None:
        from stress.results.files.durable_write import write_durably
        from stress.results.side_by_side.page import side_by_side_html

        settings = [{"key": row.key, "runs": [_text(value) for value in row.values]} for row in found.settings]
        with writing(report.parent):
            report.parent.mkdir(parents=True, exist_ok=True)
            write_durably(report, side_by_side_html(found.numbers, settings).encode())
        say(f"wrote {report}")


def _print_runs(found: SideBySide) -> None:
    from rich.text import Text

    from stress.results.side_by_side.table import letters
    from stress.results.terminal.cells import plain_table

    names = letters(found.numbers)
    for letter, run, same in zip(names, found.numbers["run"].values, found.identical, strict=True):
        print(f"{letter}: {run}{' (identical to A)' if same and letter != names[0] else ''}")
    if not found.settings:
        print("All settings are the same.")
        return
    table = plain_table("Settings that differ", gap=2)
    for title in ("setting", *names):
        table.add_column(title, overflow="fold")
    for row in found.settings[:MOST_SETTINGS]:
        table.add_row(Text(row.key), *(Text(_text(value)) for value in row.values))
    console().print(table)
    left = len(found.settings) - MOST_SETTINGS
    if left > 0:
        print(f"{left} more settings differ (--json lists them).")


def _text(value: Any) -> str:
    from stress.questions.settings import ABSENT

    if value is ABSENT:
        return "-"
    text = "there" if isinstance(value, dict) else value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 4]} ..."
