"""Over how long a figure is: the horizon of a scenario in words."""

from __future__ import annotations

import xarray as xr


def over_horizon(tree: xr.DataTree) -> str:
    """`over 10 days`; `over 90 steps (0.23 days)` where it ends within a day."""
    steps, per_day = int(tree.attrs["steps"]), int(tree.attrs["steps_per_day"])
    days, left = divmod(steps, per_day)
    if left:
        length = steps / per_day
        return f"over {steps:,} steps ({length:,.1f} days)" if days else f"over {steps:,} steps ({length:.2g} days)"
    return f"over {days:,} day{'' if days == 1 else 's'}"
