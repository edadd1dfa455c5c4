"""The numbers of the rules by which prices are mended, and what was mended of one instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rules:
    """When a price is taken for an error; a "daily move" is 1.4826 times the median size of an instrument's returns."""

    quorum: float = 1 / 3  # share of the listed instruments without whose prices a day is left out
    gap_days: int = 5  # a price is carried over at most so many days without one
    stale_days: int = 10  # so many unchanged closes in a row are no prices
    least_days: int = 60  # of own returns, without which an instrument is refused
    old_days: int = 126  # without a price at the end, beyond which an instrument is refused
    spike_moves: float = 15.0  # daily moves, up and back on the next day
    large_moves: float = 15.0  # daily moves and 40 %: named in the report
    split_moves: float = 3.0  # daily moves that may be left when a split is undone
    keep: frozenset[tuple[str, str]] = frozenset()  # (instrument, ISO day) whose move is real, whatever it looks like
    classes: Mapping[str, str] = field(default_factory=dict)  # asset class by instrument: only shares split


SPLITS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 16, 20, 25, 30, 40, 50, 100)  # new shares for one, or the other way round
LARGE = 0.34  # log return: 40 %
