"""The largest move of one day that was recorded of each asset of the library: `largest-moves.csv`."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent / "largest-moves.csv"


class Recorded(NamedTuple):
    """A move from one close to the next."""

    move: float  # simple return
    day: date


@cache
def _by_asset() -> dict[tuple[str, str, str], Recorded]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["asset"], row["asset_class"], row["region"]): Recorded(float(row["move"]), date.fromisoformat(row["date"]))
        for row in rows
    }


def largest_move(asset: str, asset_class: str, region: str) -> Recorded | None:
    """The move of the largest size, up or down; None of an asset that has no history here.

    An asset of a user's file has that of the library's asset of the same id, class and region.
    """
    return _by_asset().get((asset, asset_class, region))
