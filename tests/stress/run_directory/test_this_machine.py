"""A run that is taken up heeds what is said of this machine, whatever it was begun with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import stress
from short_desk import options, short_desk
from stress.api import begin_run
from stress.cluster.worker import work_on
from stress.errors import DeviceNotFound, NotEnoughResources
from stress.options import RunOptions
from stress.run_directory.location import location_of
from stress.scenarios.build.problem_builder import build_problem

TAKEN_UP: dict[str, Callable[..., Any]] = {"resume": stress.resume, "worker": work_on}
REFUSED = {"max_memory": (10**6, NotEnoughResources), "devices": (1_000, DeviceNotFound)}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("how", TAKEN_UP)
def test_what_this_machine_lacks_is_said_and_the_run_stays_as_it_was(how: str, what: str, tmp_path: Path) -> None:
    begin_run(build_problem(short_desk()), RunOptions(**options(60_000)), location_of(tmp_path))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    value, error = REFUSED[what]
    with pytest.raises(error):
        TAKEN_UP[how](tmp_path, **{what: value})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
