"""Options that more than one command has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from stress.cli.quantities import parse_count, parse_positive

Scenario = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario file (.toml) or the name of one in the library.")
]
Paths = Annotated[
    int, typer.Option("--paths", parser=parse_positive, metavar="N", help="Paths to simulate: 1e6, 1_000_000.")
]
Seed = Annotated[
    int, typer.Option("--seed", parser=parse_count, metavar="N", help="Seed; the same seed gives the same numbers.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Run directory to write; default: a new one under runs/."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change one value of the scenario; may be repeated."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a result that is already there.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no messages, errors apart.")]

Device = Annotated[Literal["auto", "cpu", "gpu"], typer.Option("--device", help="Where to compute.")]
Devices = Annotated[
    int | None,
    typer.Option("--devices", parser=parse_positive, metavar="K", help="Devices to use; default: all of them."),
]
Precision = Annotated[Literal["float32", "float64"], typer.Option("--precision", help="Arithmetic of the paths.")]
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
