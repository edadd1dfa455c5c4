"""What funds and steps are called in a terminal."""

from __future__ import annotations

import xarray as xr

from stress.results.terminal.cells import printable

SYSTEM = "system"


def shown_name(fund: str) -> str:
    """How a row of a table is called."""
    return "whole system" if fund == SYSTEM else printable(fund)


def step_name(tree: xr.DataTree, step: int) -> str:
    """`day 2` where a step is a day, else `step 2`."""
    return f"day {step}" if tree.attrs.get("steps_per_day") == 1 else f"step {step}"
