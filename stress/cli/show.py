"""`levstress show`: the table of a finished run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json
from stress.cli.exits import ends_with_exit_code
from stress.cli.fail_on import FailOn, end_by, limits_json, read_limits

if TYPE_CHECKING:
    from stress.limits import Verdict


@ends_with_exit_code
def show(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="The run directory.", exists=True, file_okay=False),
    ],
    fail_on: FailOn = None,
    json: common.Json = False,
) -> None:
    """Print the table of a finished run again, and judge it by limits.

    \b
    Examples:
      levstress show runs/tariff-2025-1-1000000
      levstress show runs/tariff-2025-1-1000000 --json
      levstress show runs/tariff-2025-1-1000000 --fail-on "amplification(system, 0.99) >= 1.5"
    """
    limits = read_limits(fail_on)
    from stress.results.store import open_result
    from stress.results.table import summary_json, summary_table

    tree = open_result(directory)
    verdicts: list[Verdict] = []
    if limits:
        from stress.limits import check_names, judge, names_in_result

        check_names(limits, names_in_result(tree), str(directory))
        verdicts = judge(limits, tree)
    if json:
        print_json({"directory": str(directory), **summary_json(tree), **limits_json(verdicts)})
    else:
        console().print(summary_table(tree))
    end_by(verdicts)
