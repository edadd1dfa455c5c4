"""The horizon of a scenario in words."""

from __future__ import annotations

import pytest
import xarray as xr

from stress.results.answers.horizon import over_horizon


@pytest.mark.parametrize(
    ("steps", "per_day", "text"),
    [
        (10, 1, "over 10 days"),
        (1, 1, "over 1 day"),
        (90, 390, "over 90 steps (0.23 days)"),
        (1001, 8, "over 1,001 steps (125.1 days)"),
        (16, 8, "over 2 days"),
    ],
)
def test_whole_days_are_days_and_others_are_steps(steps: int, per_day: int, text: str) -> None:
    assert over_horizon(xr.DataTree(xr.Dataset(attrs={"steps": steps, "steps_per_day": per_day}))) == text
