"""Options that more than one command has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from stress.cli.quantities import parse_positive, parse_size, parse_tile
from stress.options import RunOptions, parse_count, parse_executor

if TYPE_CHECKING:
    from stress.run_directory.run_location import RunLocation

_fetched: dict[Path, RunLocation] = {}  # run directories behind URLs: their local copies live as long as the process


def executor_of(text: str) -> str:
    """One of those of `stress.options.parse_executor`."""
    try:
        return parse_executor(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def parse_directory(text: str) -> Path:
    """A run directory, fetched first when it is a URL."""
    if "://" not in text:
        folder = Path(text)
        if not folder.is_dir():
            raise typer.BadParameter(f"{text} is no directory")
        return folder
    from stress.errors import MissingExtra
    from stress.results.files.store import RESULT, SPEC
    from stress.run_directory.location import location_of
    from stress.run_directory.writing import CannotWrite

    try:
        location = location_of(text)
        if location.is_empty():
            raise typer.BadParameter(f"{text}: nothing is there")
        location.fetch(SPEC, RESULT)
    except (MissingExtra, CannotWrite) as error:
        raise typer.BadParameter(str(error)) from error
    _fetched[location.folder] = location
    return location.folder


def run_options(**given: Any) -> RunOptions:
    """The options of a run as fields of `RunOptions`; raises BadParameter where they cannot be."""
    try:
        return RunOptions(**given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def is_fetched(directory: Path) -> bool:
    """Whether a run directory is the local copy of one behind a URL."""
    return directory in _fetched


def name_of(directory: Path) -> str:
    """What the user calls a run directory: its path, or its URL."""
    return _fetched[directory].name if is_fetched(directory) else str(directory)


Directory = Annotated[
    Path, typer.Argument(metavar="DIR", parser=parse_directory, help="A run directory, or the URL of one.")
]
Ranges = Annotated[
    Path | None,
    typer.Option(
        "--ranges",
        parser=parse_directory,
        metavar="DIR",
        help="A sensitivity analysis of the same scenario: its intervals beside those of the run.",
    ),
]
Scenario = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO", help="A scenario file (.toml), a folder with a scenario.toml, or a library name."
    ),
]
Paths = Annotated[
    int, typer.Option("--paths", parser=parse_positive, metavar="N", help="Paths to simulate: 1e6, 1_000_000.")
]
Seed = Annotated[
    int, typer.Option("--seed", parser=parse_count, metavar="N", help="Seed; the same seed gives the same numbers.")
]
OutOrUrl = Annotated[
    str | None,
    typer.Option(
        "--out", metavar="DIR", help="Run directory to write, or its URL (s3://...); default: a new one under runs/."
    ),
]
Executor = Annotated[
    str,
    typer.Option(
        "--executor",
        parser=executor_of,
        metavar="local|dask|ADDRESS",
        help="Who simulates: this process, a dask cluster of this machine, or that of a scheduler (tcp://host:8786).",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        parser=parse_positive,
        metavar="K",
        help="Processes of `--executor dask`; default: one a core, or one for all GPUs.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change one value of the scenario; may be repeated."),
]
Shock = Annotated[
    list[str] | None,
    typer.Option(
        "--shock",
        metavar="KEY=MOVE[@STEP]",
        help="Fix a move of the draw and draw the rest given it: tech=-10%, AAPL=-8%@2. KEY is an asset, or an asset "
        "class or sector (its value-weighted move; KEY.* each asset of it); step 1 by default; may be repeated.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a result that is already there.")]
RunAtHand = Annotated[str, typer.Argument(metavar="DIR", help="A run directory, or the URL of one.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no messages, errors apart.")]

Device = Annotated[Literal["auto", "cpu", "gpu"], typer.Option("--device", help="Where to compute.")]
Devices = Annotated[
    int | None,
    typer.Option("--devices", parser=parse_positive, metavar="K", help="Devices to use; default: all of them."),
]
MaxMemory = Annotated[
    int | None,
    typer.Option("--max-memory", parser=parse_size, metavar="SIZE", help="Refuse to need more: '8 GB', '512 MiB'."),
]
Precision = Annotated[Literal["float32", "float64"], typer.Option("--precision", help="Arithmetic of the paths.")]
Tile = Annotated[
    int | None,
    typer.Option(
        "--tile",
        parser=parse_tile,
        metavar="N",
        help="Paths simulated as one array, a power of two from 64 to 1,048,576; may round otherwise, so it makes "
        "another run. Default: by the size of the scenario and the kind of device.",
    ),
]
BlockSize = Annotated[
    int | None,
    typer.Option(
        "--block-size",
        parser=parse_positive,
        metavar="N",
        help="Paths that travel together; changes no number. Default: chosen.",
    ),
]
Store = Literal["summary", "tails", "paths"]
