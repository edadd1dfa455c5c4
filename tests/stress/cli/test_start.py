"""What `levstress run` does without until its run has begun: in its own process, and nowhere else."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from stress.cli import start
from stress.options import Progress

TREE = "xr.DataTree(xr.Dataset({'x': ('y', ['a', 'b'])})).to_dataset().sel(y=0).load()"


def alone(program: str) -> list[str]:
    """What a Python process of its own prints, word by word."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(("command", "looks"), [("run", "False"), ("show", "True")])
def test_garbage_waits_in_a_process_of_run_alone(command: str, looks: str) -> None:
    program = f"""
import gc, sys
from stress.cli.app import main
sys.argv = ["levstress", "{command}", "--help"]
try:
    main()
except SystemExit:
    print(gc.isenabled())
"""
    assert alone(program)[-1] == looks


def test_extras_are_not_imported_and_garbage_is_looked_for_once_it_has_begun() -> None:
    program = f"""
import gc, sys
from stress.cli import start
from stress.options import Progress
start.early()
start.leave_out_extras()
import pandas, xarray as xr
{TREE}
seen = []
show = start.begun(seen.append)
print(gc.isenabled(), gc.get_freeze_count() > 0)
show(Progress(0, 1, "paths"))
print(gc.isenabled(), gc.get_freeze_count() > 10_000, len(seen))
print(*(name for name in ("dask", "pyarrow") if sys.modules.get(name)))
"""
    assert alone(program) == ["False", "False", "True", "True", "1"]


def test_what_a_mechanism_from_outside_has_xarray_know_stays_known() -> None:
    program = f"""
from stress.cli import start
start.early()
import xarray as xr
start.leave_out_extras()
{TREE}
import dask.array
"""
    assert alone(program) == []


def test_within_another_process_nothing_is_changed() -> None:
    before, frozen = {name: sys.modules.get(name, "not there") for name in start.LEFT_OUT}, gc.get_freeze_count()
    start.leave_out_extras()
    start.begun(None)(Progress(0, 1, "paths"))
    assert {name: sys.modules.get(name, "not there") for name in start.LEFT_OUT} == before
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen
