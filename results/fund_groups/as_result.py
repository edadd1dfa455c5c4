"""One group of funds as a result of its own: its funds, and the group in the place of the whole system."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

SYSTEM, PREFIX = "system", "system_"
OF_SYSTEM = ("timeline", "attribution", "tails")  # nodes with the system among their funds
FLOW = "forced_flow_by_fund_usd"


def groups_in(tree: xr.DataTree) -> list[str]:
    """Ids of the groups of a result."""
    if "group_summary" not in tree.children:
        return []
    return [str(name) for name in np.asarray(tree["group_summary"].to_dataset()["group"])]


def of_group(tree: xr.DataTree, group: str) -> xr.DataTree:
    """A result in which there are the funds of a group alone, and the group is the whole system.

    It has what is told of groups: not the distribution, what is by asset or what prime brokers lose.

    Raises:
        KeyError: there is no such group.
    """
    of_it = tree["group_summary"].to_dataset().sel(group=group).drop_vars("group")
    main = tree["summary"].to_dataset()
    members = {str(name) for name in of_it["fund"].values[of_it["member"].values > 0]}
    funds = [str(name) for name in main["fund"].values if str(name) in members]
    plain = [name for name, values in main.data_vars.items() if "fund" in values.dims]
    of_it = of_it.drop_vars(["member", "fund"])
    whole = of_it.rename({name: f"{PREFIX}{name}" for name in of_it.data_vars})
    nodes: dict[str, Any] = {"summary": main[plain].sel(fund=funds).merge(whole, combine_attrs="override")}
    for name in OF_SYSTEM:
        if f"group_{name}" in tree.children:
            nodes[name] = _with_group(tree[name].to_dataset(), tree[f"group_{name}"].to_dataset(), group, funds)
    if "timeline" in nodes:
        line = tree["timeline"].to_dataset()
        market = [name for name, values in line.data_vars.items() if "fund" not in values.dims]
        nodes["timeline"] = nodes["timeline"].merge(line[market]).assign(_flows(line, funds))
    shares = tree["group_contributions"].to_dataset().sel(group=group, fund=funds).drop_vars("group")
    nodes["contributions"] = shares.assign_attrs(tree["contributions"].attrs)
    for name in ("start", "diagnostics"):
        if name in tree.children:
            dataset = tree[name].to_dataset()
            there = [fund for fund in dataset["fund"].values if fund in funds] if "fund" in dataset.dims else None
            nodes[name] = dataset if there is None else dataset.sel(fund=there)
    about = dict(tree.attrs) | {"title": f"{tree.attrs['title'] or tree.attrs['name']}: group {group}", "group": group}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=about), **nodes}, name=tree.name)


def _with_group(main: xr.Dataset, of_groups: xr.Dataset, group: str, funds: list[str]) -> xr.Dataset:
    """A node of the result with some funds, and the group as the system; without what is by asset."""
    names = [name for name in of_groups.data_vars if name in main]
    mine = of_groups[names].sel(group=group).drop_vars("group").expand_dims(fund=[SYSTEM])
    chosen = main[names].sel(fund=funds)
    chosen = chosen.drop_vars([name for name in chosen.coords if name not in chosen.dims])
    joined = xr.concat([chosen, mine], "fund", coords="minimal", compat="override", combine_attrs="override")
    for name in names:
        joined[name] = joined[name].transpose(*main[name].dims)
        joined[name].attrs = dict(main[name].attrs)
    return joined.assign_attrs(main.attrs)


def _flows(line: xr.Dataset, funds: list[str]) -> dict[str, xr.DataArray]:
    """Forced flow by fund and asset, and of the group the sum; its error as if that of all funds were one."""
    found = {}
    for name in (FLOW, f"{FLOW}_se"):
        if name in line:
            mine = line[name].sel(fund=funds)
            whole = mine.sum("fund").expand_dims(fund=[SYSTEM]).transpose(*mine.dims)
            plain = [one.drop_vars([x for x in one.coords if x not in one.dims]) for one in (mine, whole)]
            found[name] = xr.concat(plain, "fund").assign_attrs(line[name].attrs)
    return found
