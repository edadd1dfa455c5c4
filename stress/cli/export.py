"""`--export FILE`: the numbers shown, as a file for a spreadsheet, pandas, R or any reader of netCDF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stress.cli.console import say

if TYPE_CHECKING:
    import xarray as xr

Export = Annotated[
    Path | None,
    typer.Option(
        "--export",
        metavar="FILE",
        help="Write the numbers too: .csv, .parquet or .json (one long table), .nc (labelled groups).",
        dir_okay=False,
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file of --export if it is there.")]


def check_target(file: Path | None, overwrite: bool) -> None:
    """Refuse a file that cannot be written, before anything is read.

    Raises:
        typer.BadParameter: an unknown suffix, or --overwrite without a file.
        FileExistsError, MissingExtra, CannotWrite: see `check_export` and `stress.run_directory.writing`.
    """
    if file is None:
        if overwrite:
            raise typer.BadParameter("--overwrite needs --export FILE")
        return
    from stress.results.files.export import check_export
    from stress.run_directory.writing import check_writable

    try:
        check_export(file, overwrite)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--export") from error
    check_writable(file.parent)


def write_target(
    file: Path | None,
    groups: Mapping[str, xr.Dataset],
    attrs: Mapping[Any, Any],
    parts: Mapping[str, str] | None = None,
) -> None:
    """Write the numbers, if a file was asked for, and say so."""
    if file is None:
        return
    from stress.results.files.export import export
    from stress.results.files.long_table import ESTIMATE
    from stress.run_directory.writing import writing

    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        export(groups, attrs, file, ESTIMATE if parts is None else parts)
    say(f"wrote {file}")
