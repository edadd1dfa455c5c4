"""`levstress scenarios`: the scenarios that come with the package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json, say
from stress.cli.exits import ends_with_exit_code

library = typer.Typer(
    help="List, show and copy the scenarios that come with the package.",
    epilog="Example: levstress scenarios list",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a library scenario.")]


@library.command("list")
@ends_with_exit_code
def list_library(json: common.Json = False) -> None:
    """List the library: name and title.

    \b
    Example:
      levstress scenarios list
    """
    from stress.scenarios.library import list_scenarios

    entries = list_scenarios()
    if json:
        print_json([entry._asdict() for entry in entries])
        return
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for entry in entries:
        table.add_row(entry.name, entry.title)
    console().print(table)


@library.command("show")
@ends_with_exit_code
def show_library(name: Name) -> None:
    """Print the file of a library scenario, with its sources.

    \b
    Example:
      levstress scenarios show desk
    """
    from stress.scenarios.library import library_path

    sys.stdout.write(library_path(name).read_text(encoding="utf-8"))


@library.command("copy")
@ends_with_exit_code
def copy_library(
    name: Name,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to; made where absent.")] = Path("."),
) -> None:
    """Copy a library scenario and the data files that belong to it into a folder, to change it there.

    Nothing is replaced: a file of the same name in the folder ends the command with exit 2.

    \b
    Example:
      levstress scenarios copy tariff-2025 mine/
    """
    from stress.run_directory.writing import writing
    from stress.scenarios.library import copy_scenario

    with writing(folder):
        copies = copy_scenario(name, folder)
    for copy in copies:
        print(copy)
    say(f"next: levstress run {copies[0]}")
