"""The story of a path as one JSON document: all that the tree holds, by label; trades are a list of those there are."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import xarray as xr

from stress.results.story.beyond import beyond_history
from stress.results.story.words import SYSTEM, TRADES


def story_json(story: xr.DataTree) -> dict[str, Any]:
    """The path as numbers and texts; what is not a finite number is None."""
    outcome = story["outcome"].to_dataset()
    attrs = {str(name): value for name, value in story.attrs.items() if name != "conventions"}
    return {
        **attrs,
        "conventions": json.loads(story.attrs["conventions"]),
        "outcome": _by_label(outcome, "fund", "funds") | _by_label(outcome, "prime_broker", "prime_brokers"),
        "beyond_history": [one._asdict() | {"when": one.when.isoformat()} for one in beyond_history(story)],
        "steps": [_step(story, int(step)) for step in story["steps"].to_dataset()["step"].values],
    }


def _step(story: xr.DataTree, step: int) -> dict[str, Any]:
    whole, rounds, members = (story[name].to_dataset().sel(step=step) for name in ("steps", "rounds", "members"))
    last = int(whole["rounds"])
    return {
        "step": step,
        "assets": _by_label(whole, "asset", "assets")["assets"],
        **_by_label(whole, "fund", "funds"),
        "rounds": [_round(rounds.sel(round=number), members.sel(round=number)) for number in range(last + 1)],
    }


def _round(now: xr.Dataset, members: xr.Dataset) -> dict[str, Any]:
    trades = [name for name in TRADES if name in now]
    return {
        "round": int(now["round"]),
        "trades": _trades(now[trades]),
        **_by_label(now.drop_vars(trades), "asset", "assets"),
        **_by_label(now.drop_vars(trades), "fund", "funds"),
        **_by_label(members.drop_vars("nav_usd"), "member", "members"),
    }


def _trades(now: xr.Dataset) -> list[dict[str, Any]]:
    """Who traded what in a round, in the order of funds and assets."""
    found = []
    for fund in now["fund"].values:
        one = now.sel(fund=fund)
        traded = sum(one[name].values for name in one.data_vars)
        for at in np.flatnonzero(traded) if fund != SYSTEM else ():
            entry: dict[str, Any] = {"fund": str(fund), "asset": str(one["asset"].values[at])}
            for name, values in one.data_vars.items():
                if values.values[at]:
                    entry[str(name)] = _plain(values.values[at])
            found.append(entry)
    return found


def _by_label(dataset: xr.Dataset, dim: str, key: str) -> dict[str, Any]:
    """The variables by `dim`, label by label; of funds, the system stands beside them."""
    if dim not in dataset.dims:
        return {}
    entries: dict[str, Any] = {str(label): {} for label in dataset[dim].values}
    for name, variable in dataset.data_vars.items():
        if dim not in variable.dims:
            continue
        others = [other for other in variable.dims if other != dim]
        for at, label in enumerate(entries):
            one = variable.isel({dim: at})
            entries[label][str(name)] = (
                {str(x): _plain(y) for x, y in zip(one[others[0]].values, one.values, strict=True)}
                if others
                else _plain(one.values.item())
            )
    if dim != "fund":
        return {key: entries}
    system = entries.pop(SYSTEM)
    return {key: entries, "system": system}


def _plain(value: Any) -> Any:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if math.isfinite(value) else None
