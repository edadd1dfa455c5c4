"""Moves of a path that are beyond anything recorded: what a reader should know before believing its story."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import xarray as xr

from stress.results.story.items import points
from stress.scenarios.library.history import largest_move


class Beyond(NamedTuple):
    """An asset that moves by more in a day than it ever has."""

    asset: str
    day: int  # from 1 on
    move: float  # simple return from close to close, forced selling included
    largest: float  # on record, in size
    when: date


def beyond_history(story: xr.DataTree) -> list[Beyond]:
    """The largest such move of each asset, the one furthest beyond its history first."""
    steps = story["steps"].to_dataset()
    closes = steps["price"].isel(
        step=slice(int(story.attrs["steps_per_day"]) - 1, None, int(story.attrs["steps_per_day"]))
    )
    price = closes.transpose("step", "asset").values
    if not len(price):  # the run is shorter than a day
        return []
    moves = price / np.concatenate([np.ones_like(price[:1]), price[:-1]]) - 1.0
    found = []
    labels = zip(*(steps[name].values for name in ("asset", "asset_class", "asset_region")), strict=True)
    for column, (asset, kind, region) in enumerate(labels):
        recorded = largest_move(str(asset), str(kind), str(region))
        at = int(np.argmax(np.abs(moves[:, column])))
        if recorded is not None and abs(moves[at, column]) > abs(recorded.move):
            found.append(Beyond(str(asset), at + 1, float(moves[at, column]), recorded.move, recorded.day))
    return sorted(found, key=lambda one: (-abs(one.move) / abs(one.largest), one.asset))


def in_words(one: Beyond) -> str:
    """`bitcoin +73.0 % on day 5 (largest on record -37.2 %, 2020-03-12)`."""
    return f"{one.asset} {points(one.move)} % on day {one.day} (largest on record {points(one.largest)} %, {one.when})"
