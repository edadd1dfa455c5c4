"""A sealed run of the tests, to be damaged: its files changed, the command line asked about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from stress.cli import app
from stress.engine.totals import State
from stress.run_directory.chunk_store import chunk_of, read_state, write_state


def flip(path: Path, at: int = -1, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


def said(*words: str) -> tuple[int, str, str]:
    ended = CliRunner().invoke(app, [*words])
    return ended.exit_code, ended.stdout, ended.stderr


def replace_block(run: Path, change: Callable[[State], State]) -> None:
    """Have other arrays in the first block, under the name that goes with them."""
    block = sorted((run / "blocks").iterdir())[0]
    chunk, state = chunk_of(block.name), read_state(block, block.stem.split("-")[-1])
    assert chunk is not None
    assert state is not None
    block.unlink()
    write_state(run / "blocks", chunk, change(state))
