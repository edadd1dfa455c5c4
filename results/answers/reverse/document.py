"""Shocks as JSON: what each is and does, and how often it happens anyway."""

from __future__ import annotations

import json
import math
from typing import Any

import xarray as xr

from stress.results.answers.reverse.dataset import GROUP, OF_NAV, OF_USD
from stress.results.answers.reverse.words import explained

OF_SHOCK = ("norm", "prob_design", "prob_radius", "prob_days", "amount", "amount_below")
OF_FUND = tuple(name for name, _ in (*OF_NAV.values(), *OF_USD.values()))


def document(tree: xr.DataTree) -> dict[str, Any]:
    """Shocks with moves by step, contributions by asset and outcomes by fund; a number that is not finite is None."""
    table = tree[GROUP].to_dataset()
    starts = json.loads(tree.attrs["starts"])
    return {
        "question": "reverse",
        "scenario": str(tree.attrs["name"]),
        "limit": str(tree.attrs["event"]),
        "chosen": str(tree.attrs["chosen"]) or None,
        "paths": int(tree.attrs["paths"]),
        "seed": int(tree.attrs["seed"]),
        "simulated": {
            "hits": int(tree.attrs["hits"]),
            "value": _plain(table["prob_plain"]),
            "se": _plain(table["prob_plain_se"]),
            "ci_low": _plain(table["prob_plain_ci_low"]),
            "ci_high": _plain(table["prob_plain_ci_high"]),
        },
        "explained_by_shocks": explained(tree),
        "shocks": [
            _shock(table.sel(answer=number), start)
            for number, start in zip(table["answer"].values, starts, strict=True)
        ],
    }


def _shock(one: xr.Dataset, start: str) -> dict[str, Any]:
    assets, funds = map(str, one["asset"].values), [str(name) for name in one["fund"].values]
    return {
        **{name: _plain(one[name]) for name in OF_SHOCK},
        "days": int(one["days"]),
        "found_from": start,
        "happens_below": bool(one["happens_below"]),
        "leaves_again": bool(one["leaves_again"]),
        "assets": {
            name: {
                "moves": [float(move) for move in one["move"].sel(asset=name).values],
                "contribution": _plain(one["contribution"].sel(asset=name)),
                "contribution_static": _plain(one["contribution_static"].sel(asset=name)),
            }
            for name in assets
        },
        "funds": {
            name: {
                **{figure: _plain(one[figure].sel(fund=name)) for figure in OF_FUND},
                "first_call_step": int(one["first_call_step"].sel(fund=name)) or None,
                "defaulted": bool(one["defaulted"].sel(fund=name)),
            }
            for name in funds
        },
    }


def _plain(value: xr.DataArray) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
