"""`levstress show`: the table of a finished run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json
from stress.cli.exits import ends_with_exit_code


@ends_with_exit_code
def show(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="The run directory.", exists=True, file_okay=False),
    ],
    json: common.Json = False,
) -> None:
    """Print the table of a finished run again.

    \b
    Examples:
      levstress show runs/tariff-2025-1-1000000
      levstress show runs/tariff-2025-1-1000000 --json
    """
    from stress.results.store import open_result
    from stress.results.table import summary_json, summary_table

    tree = open_result(directory)
    if json:
        print_json({"directory": str(directory), **summary_json(tree)})
    else:
        console().print(summary_table(tree))
