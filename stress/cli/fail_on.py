"""`--fail-on`: limits that are read before anything is computed, and reported when the result is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stress.cli.console import say
from stress.cli.exits import BREACHED

if TYPE_CHECKING:
    from stress.questions.limits import Limit, Verdict


FailOn = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on",
        metavar="EXPR",
        help="Exit 6 when this holds of the result: 'es(quant, 0.99) > 25 %'; may be repeated.",
    ),
]


def read_limits(texts: Sequence[str] | None) -> list[Limit]:
    """The limits as typed.

    Raises:
        typer.BadParameter: one that is none.
    """
    if not texts:
        return []
    from stress.questions.limits import LimitError, parse_limit

    try:
        return [parse_limit(text) for text in texts]
    except LimitError as error:
        raise typer.BadParameter(str(error), param_hint="--fail-on") from error


def limits_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """What a command with limits adds to its JSON document; nothing where there were none."""
    return {"limits": [verdict.document() for verdict in verdicts]} if verdicts else {}


def end_by(verdicts: Sequence[Verdict], quiet: bool = False) -> None:
    """Report every limit on stderr, only those breached when `quiet`.

    Raises:
        typer.Exit: with 6, when any limit is breached.
    """
    for verdict in verdicts:
        say(verdict.line(), quiet and not verdict.breached)
    if any(verdict.breached for verdict in verdicts):
        raise typer.Exit(BREACHED)
