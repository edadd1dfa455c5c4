"""Runs that are opened to be compared."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from stress.results.answers.protocol import QUESTION
from stress.results.files.store import UnfinishedRun, open_result


def open_run(directory: Path) -> xr.DataTree:
    """The result of a finished run.

    Raises:
        FileNotFoundError, DamagedRun: see `open_result`.
        UnfinishedRun: the run was not finished, or an answer is there in its place.
    """
    tree = open_result(directory)
    if QUESTION in tree.attrs:
        asked = tree.attrs[QUESTION]
        tree.close()
        raise UnfinishedRun(
            f"{directory} holds the answer of `levstress {asked}`, not a run: only runs can be compared"
        )
    return tree
