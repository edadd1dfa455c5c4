"""`--ranges DIR` of `show` and `report`: intervals of a sensitivity analysis beside those of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stress.cli import options as common

if TYPE_CHECKING:
    import xarray as xr


def ranges_for(run: xr.DataTree, directory: Path) -> xr.DataTree:
    """The analysis in a directory, read whole.

    Raises:
        BadParameter: the result that it should stand beside is itself an answer.
        ScenarioError: it is none, or none of the run's scenario.
    """
    from stress.results.answers.registry import answer_of
    from stress.results.answers.sensitivity.beside import check_fits
    from stress.results.files.store import check_unreplaced, open_result

    if answer_of(run) is not None:
        raise typer.BadParameter("goes with a run, and this is an answer", param_hint="--ranges")
    answer = open_result(directory)
    check_fits(run, answer, common.name_of(directory))
    answer.load()
    check_unreplaced(answer, directory)
    return answer
