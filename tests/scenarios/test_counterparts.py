"""What stands for the library's assets in other people's files: one list for own books, replays and streets."""

from __future__ import annotations

import csv
from itertools import chain

import pytest

from stress.scenarios.library import counterparts, library_path

with library_path("desk").with_name("assets-2025.csv").open(encoding="utf-8", newline="") as lines:
    IDS = {row["id"] for row in csv.DictReader(lines)}


def test_the_lists_name_assets_of_the_library_and_each_ticker_once() -> None:
    weights = [*counterparts.CLASSES.values(), counterparts.US_SHARES]
    named = {*counterparts.SERIES, *counterparts.SECTORS, *counterparts.COMPANIES, *counterparts.INDUSTRIES}
    assert named | set(chain(*weights)) | set(counterparts.INVERSE.values()) <= IDS
    assert [sum(one.values()) for one in weights] == pytest.approx([1.0] * len(weights))
    for table in (counterparts.SERIES, counterparts.COMPANIES, counterparts.INDUSTRIES):
        tickers = " ".join(table.values()).split()
        assert len(tickers) == len(set(tickers))
    assert {*" ".join(counterparts.INDUSTRIES.values()).split()} <= {*" ".join(counterparts.COMPANIES.values()).split()}


@pytest.mark.parametrize(
    ("name", "sector", "region", "expected"),
    [
        ("NVDA US Equity", "tech", "us", "semis"),  # what `init` assumes of it: the library has chips apart
        ("NVDA", "Information Technology", "", "semis"),
        ("NVDA", "", "", "semis"),
        ("NVDA", "energy", "us", "energy"),  # the file knows better
        ("BRK/B", "", "", "financials"),
        ("MSFT", "something else", "us", ""),
        ("MSFT", "", "asia", ""),
        ("0700 HK", "Semiconductors", "asia", "semis"),
    ],
)
def test_what_a_share_goes_with(name: str, sector: str, region: str, expected: str) -> None:
    assert counterparts.of_share(name, sector, region, IDS) == expected
    assert counterparts.of_share(name, sector, region, {"gold"}) == ""


def test_the_sector_where_the_industry_is_not_there() -> None:
    assert counterparts.of_share("NVDA", "tech", "us", {"tech", "energy"}) == "tech"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SPY US", counterparts.US_SHARES),
        ("CL1 Comdty", {"wti": 1.0}),
        ("JPYUSD", {"usdjpy": -1.0}),
        ("iwm", {"small_caps": 1.0}),
        ("0700 HK", {}),
    ],
)
def test_series(name: str, expected: dict[str, float]) -> None:
    assert counterparts.of_series(name) == expected
