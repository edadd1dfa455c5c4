"""A command whose usage errors say what is wrong and nothing about who noticed it."""

from __future__ import annotations

import typer
from typer.core import TyperCommand

from stress.results.terminal.cells import printable

PREFIX = "Value error, "  # put by pydantic, with which newer versions of Typer read options


class Command(TyperCommand):
    """A Typer command without that prefix in its messages."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the command line.

        Raises:
            typer.BadParameter: a value that cannot be read, or is not allowed.
        """
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = printable(error.message.removeprefix(PREFIX))  # in one line, whatever was typed
            raise
