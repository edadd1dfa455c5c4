"""How the commands that ask a question show their answer, and how `show` prints it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stress.cli.console import console, print_json
from stress.cli.export import write_target

if TYPE_CHECKING:
    import xarray as xr

    from stress.results.answers.protocol import Answer


def print_answer(tree: xr.DataTree, answer: Answer, called: str | None, json: bool, export: Path | None = None) -> None:
    """Print an answer as tables, or as JSON with the directory that it is in, and export its groups where asked."""
    write_target(export, {str(name): node.to_dataset() for name, node in tree.children.items()}, tree.attrs)
    if json:
        print_json({"directory": called, **answer.document(tree)})
        return
    screen = console()
    for renderable in answer.shown(tree, screen.width):
        screen.print(renderable)
