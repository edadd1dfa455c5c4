"""Groups of funds (`[[groups]]`) in a result, each reported like the whole system.

Nodes `group_summary`, `group_timeline`, `group_attribution`, `group_contributions` and `group_tails` hold by `group`
what the nodes without `group_` hold of the system; contributions are of the group's funds to the group's own tail.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from stress.results.dataset.contributions import contributions
from stress.results.dataset.detail import attribution, timeline
from stress.results.dataset.paths import tails
from stress.results.dataset.summary import summary
from stress.results.statistics.simulation_output import SimulationOutput

SYSTEM, PREFIX = "system", "system_"
BY_FUND = ("es_contribution", "mes", "covar", "delta_covar")


def of_groups(output: SimulationOutput) -> dict[str, xr.Dataset]:
    """The nodes of a result with groups, by name; none where there are none."""
    if not output.of_groups:
        return {}
    makers: dict[str, Callable[[SimulationOutput], xr.Dataset]] = {
        "group_summary": _summary,
        "group_timeline": lambda one: _system(timeline(one)),
        "group_attribution": lambda one: _system(attribution(one)),
        "group_contributions": _contributions,
    }
    if output.worst:
        makers["group_tails"] = lambda one: _system(tails(one, one.worst))
    found = {}
    for name, made in makers.items():
        every = [made(one) for one in output.of_groups.values()]
        joined = xr.concat(every, "group", join="outer", coords="minimal", compat="override", combine_attrs="override")
        if "fund" in joined.dims:
            joined = joined.reindex(fund=list(output.groups_file_order))
        joined = joined.assign_coords(group=("group", list(output.of_groups)))
        joined["group"].attrs = {"units": "1", "long_name": "group of funds"}
        found[name] = joined
    return found


def _summary(one: SimulationOutput) -> xr.Dataset:
    whole = summary(one)
    names = {name: str(name).removeprefix(PREFIX) for name in whole.data_vars if str(name).startswith(PREFIX)}
    mine = whole[list(names)].rename(names)
    held = np.ones(len(one.groups))
    mine["member"] = ("fund", held, {"units": "1", "long_name": "1 where the fund is in the group"})
    return mine.assign_coords(fund=list(one.groups_file_order)).drop_vars(["prime_broker"], errors="ignore")


def _system(dataset: xr.Dataset) -> xr.Dataset:
    """What a node says of the system, without what is by asset or of all funds together."""
    mine = [name for name, values in dataset.data_vars.items() if "fund" in values.dims and "asset" not in values.dims]
    chosen = dataset[mine].sel(fund=SYSTEM)
    return chosen.drop_vars([name for name in chosen.coords if name not in chosen.dims])


def _contributions(one: SimulationOutput) -> xr.Dataset:
    every = contributions(one, assets=False)[[f"{name}{suffix}" for name in BY_FUND for suffix in ("", "_se")]]
    return every.drop_vars([name for name in every.coords if name not in every.dims])
