"""`--method` and `--for`: paths that serve one question."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

MethodName = Literal["auto", "plain", "screen", "tilt"]
For = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="QUESTION",
        help="What the paths serve: 'es(system, 0.999)', 'var(FUND, 0.999)', 'loss(FUND) > 30 %', 'default(FUND)'. "
        "Default: that of the scenario's [estimation], else ES of the system at its highest level.",
    ),
]
