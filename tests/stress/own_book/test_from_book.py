"""From tables to a scenario: values in dollars, currencies as assets, and what is assumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import stress
from own_book_example import foreign, positions, prices
from stress.own_book.book import OwnBook
from stress.own_book.currencies import legs_to_base, pair_of
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError

PRICES = prices()
LAST = PRICES.iloc[-1]
EUR, JPY = LAST["EURUSD"], 1 / LAST["USDJPY"]


def held(book: OwnBook, fund: str = "pods") -> dict[str, float]:
    return next(row["positions"] for row in book.funds if row["id"] == fund)


def test_a_plain_book() -> None:
    book = stress.from_book(positions(), PRICES)
    assert [row["id"] for row in book.assets] == ["AAPL", "BRK.B", "WTI CL1", "COP"]
    assert held(book) == {"AAPL": 30e6, "BRK.B": -20e6}
    problem = build_problem(book.scenario)
    assert problem.assets.ids == ("AAPL", "BRK.B", "COP", "WTI CL1")
    assert problem.shocks.dof == 4
    assert list(book.returns.columns) == [row["id"] for row in book.assets]
    assert "all is taken to be in USD" in str(book.report.lines["read"])
    assert "BMW GY, 7203 JP, EURUSD, USDJPY" in str(book.report.lines["left_out"])


def test_nav_is_the_larger_of_two_rules() -> None:
    """Shares: gross / 4 (12.5) against 1.25 x 15 % (9.4); volatility futures at 40 %: 1.25 x 0.4 = half of gross."""
    book = stress.from_book(positions(), PRICES)
    assert {row["id"]: row["nav"] for row in book.funds} == {"pods": 12.5e6, "macro": 3.75e6}
    vix = PRICES.rename(columns={"AAPL": "VIX UX1"})
    frame = pd.DataFrame([("a", "VIX UX1", -10e6)], columns=["fund", "ticker", "value"])
    assert stress.from_book(frame, vix).funds[0]["nav"] == 5e6


def test_foreign_positions_are_two() -> None:
    book = stress.from_book(foreign(), PRICES)
    bmw, toyota = 1000 * LAST["BMW GY"] * EUR, -2000 * LAST["7203 JP"] * JPY
    assert held(book) == pytest.approx(
        {"BMW GY": bmw, "EURUSD": bmw, "7203 JP": toyota, "JPYUSD": toyota, "AAPL": 100 * LAST["AAPL"]}, abs=0.01
    )
    np.testing.assert_allclose(book.returns["JPYUSD"], -np.log(PRICES["USDJPY"]).diff().iloc[1:], atol=1e-12)
    np.testing.assert_allclose(book.returns["BMW GY"], np.log(PRICES["BMW GY"]).diff().iloc[1:], atol=1e-12)
    assert not next(row for row in book.assets if row["id"] == "JPYUSD")["in_net"]
    gross = bmw - toyota + 100 * LAST["AAPL"]  # the currencies of foreign positions are no leverage of their own
    assert book.funds[0]["nav"] == pytest.approx(gross / 4, abs=0.01)


def test_the_loss_of_a_foreign_position_is_that_of_both_moves_but_their_product() -> None:
    usd = 1000 * (PRICES["BMW GY"] * PRICES["EURUSD"])
    book = stress.from_book(foreign(), PRICES)
    moves = np.expm1(book.returns.iloc[-1])
    start = 1000 * PRICES["BMW GY"].iloc[-2] * PRICES["EURUSD"].iloc[-2]
    both = start * (moves["BMW GY"] + moves["EURUSD"] + moves["BMW GY"] * moves["EURUSD"])
    assert usd.iloc[-1] - usd.iloc[-2] == pytest.approx(both, rel=1e-9)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("EURUSD", 1e6, None), {"EURUSD": 1e6}),
        (("USDJPY", 1e6, None), {"JPYUSD": -1e6}),
        (("EUR/JPY", 1e6, None), {"EURUSD": 1e6, "JPYUSD": -1e6}),
        (("USDJPY", None, 1e6), {"JPYUSD": -1e6}),
        (("EUR", None, 1e6), {"EURUSD": 1e6 * EUR}),
        (("COP", None, 10), {"COP": 10 * LAST["COP"]}),
    ],
)
def test_pairs_and_cash(row: tuple[Any, ...], expected: dict[str, float]) -> None:
    frame = pd.DataFrame([row], columns=["ticker", "market value usd", "quantity"])
    assert held(stress.from_book(frame, PRICES), "book") == pytest.approx(expected, abs=0.01)


def test_pence_multipliers_and_stated_prices() -> None:
    frame = pd.DataFrame(
        [("AAPL", 10, 2.0, 5.0, "USD"), ("BMW GY", 100, 1.0, 7200.0, "EUR"), ("COP", 10, 1.0, None, "GBX")],
        columns=["ticker", "quantity", "multiplier", "price", "currency"],
    )
    book = stress.from_book(frame, PRICES.assign(**{"GBP/USD": PRICES["EURUSD"]}))
    assert held(book, "book") == pytest.approx(
        {
            "AAPL": 100.0,
            "BMW GY": 720_000 * EUR,
            "EURUSD": 720_000 * EUR,
            "COP": 0.1 * LAST["COP"] * EUR,
            "GBPUSD": 0.1 * LAST["COP"] * EUR,
        },
        abs=0.01,
    )


def test_a_missing_rate_is_named_and_a_second_file_has_it() -> None:
    without = PRICES.drop(columns="USDJPY")
    with pytest.raises(ScenarioError, match="has no exchange rate, and 7203 JP") as raised:
        stress.from_book(foreign(), without)
    assert raised.value.value == "JPY"
    assert "JPYUSD or USDJPY" in raised.value.allowed
    cross = (PRICES[["EURUSD"]] * PRICES[["USDJPY"]].to_numpy()).rename(columns={"EURUSD": "EURJPY"})
    one, other = stress.from_book(foreign(), PRICES), stress.from_book(foreign(), without, fx=cross)
    assert held(one) == pytest.approx(held(other), abs=0.01)
    np.testing.assert_allclose(one.returns, other.returns, atol=1e-12)


def test_all_missing_rates_and_prices_are_named_at_once() -> None:
    frame = pd.concat([foreign(), pd.DataFrame([("pods", "NEW", 1, "KRW")], columns=foreign().columns)])
    with pytest.raises(ScenarioError) as raised:
        stress.from_book(frame, PRICES.drop(columns=["USDJPY", "EURUSD", "BMW GY"]))
    faults = (raised.value, *raised.value.further)
    assert [fault.value for fault in faults if "exchange rate" in fault.problem] == ["EUR", "JPY", "KRW"]
    assert [fault.key for fault in faults if fault.problem == "has no prices"] == ["BMW GY", "NEW"]


def test_ways_from_a_currency_to_the_dollar() -> None:
    assert [pair_of(x) for x in ("EURUSD", "EUR/USD Curncy", "EURUSD=X", "ABCDEF", "USDUSD")] == [
        ("EUR", "USD"),
        ("EUR", "USD"),
        ("EUR", "USD"),
        None,
        None,
    ]
    assert [tuple(leg) for leg in legs_to_base("JPY", ["EURJPY", "EURUSD"], "p", "x")] == [
        ("EURJPY", -1),
        ("EURUSD", 1),
    ]
    assert [tuple(leg) for leg in legs_to_base("JPY", ["EURJPY", "EURUSD", "USDJPY"], "p", "x")] == [("USDJPY", -1)]


def test_returns_value_no_quantity() -> None:
    returns = PRICES.pct_change().iloc[1:]
    with pytest.raises(ScenarioError, match="is a quantity without a price"):
        stress.from_book(foreign(), returns)
    values = foreign().rename(columns={"quantity": "market value"})
    with pytest.raises(ScenarioError, match="is known by its returns alone"):
        stress.from_book(values, returns)
    book = stress.from_book(positions(), returns)
    np.testing.assert_allclose(book.returns["AAPL"], np.log1p(returns["AAPL"]), atol=1e-12)


def test_given_volumes_and_navs_are_taken(tmp_path: Path) -> None:
    volumes = pd.DataFrame({"ticker": ["AAPL", "COP", "ELSE"], "volume": [1e6, 2e6, 1.0]})
    navs = pd.DataFrame({"fund": ["pods", "macro"], "nav": [20e6, 10e6], "currency": ["USD", "EUR"]})
    book = stress.from_book(positions(), PRICES, volumes, navs)
    rows = {row["id"]: row for row in book.assets}
    assert rows["AAPL"]["adv"] == 1e6 * LAST["AAPL"]
    assert {row["id"]: row["nav"] for row in book.funds} == {"pods": 20e6, "macro": pytest.approx(10e6 * EUR)}
    keys = {row.key for row in book.report.assumed}
    assert "assets.BRK.B.adv" in keys
    assert not {"assets.AAPL.adv", "funds.pods.nav"} & keys
    assert "ELSE" in str(book.report.lines["left_out"])
    adv = pd.DataFrame({"ticker": ["AAPL"], "adv": ["3 bn USD"]})
    assert stress.from_book(positions(), PRICES, adv).assets[0]["adv"] == 3e9
    daily = PRICES[["AAPL"]] * 0 + np.arange(160)[:, None]
    mean = stress.from_book(positions(), PRICES, daily).assets[0]["adv"] / LAST["AAPL"]
    assert mean == pytest.approx(np.arange(97, 160).mean())


def test_a_fund_in_a_call_and_one_without_positions_are_refused() -> None:
    for navs, says in (
        ({"fund": ["pods"], "nav": [7e6]}, "is in a margin call from the start"),
        ({"fund": ["nobody"], "nav": [7e6]}, "has no position"),
    ):
        with pytest.raises(ScenarioError, match=says):
            stress.from_book(positions(), PRICES, funds=pd.DataFrame(navs))


def test_nothing_goes_without_a_line() -> None:
    rows = [("AAPL", 5.0), ("AAPL", -5.0), ("COP", 1e6), ("WTI CL1", 0.0), ("USD", 7.0)]
    book = stress.from_book(pd.DataFrame(rows, columns=["ticker", "value"]), PRICES)
    assert held(book, "book") == {"COP": 1e6}
    told = {line.what: line.text for line in book.report.lines["left_out"]}
    assert told["book, AAPL"] == "positions that add up to 0"
    assert told["book, WTI CL1"] == "a position of 0 (row 4)"
    assert told["book, USD"] == "cash in USD bears no risk (row 5)"


def test_names_of_one_column_and_proxies() -> None:
    frame = pd.DataFrame([("AAPL", 1e6), ("AAPL US Equity", 1e6), ("NEW", 1e6)], columns=["ticker", "value"])
    book = stress.from_book(frame, PRICES, proxies={"NEW": "COP"})
    assert "is the price of AAPL, AAPL US Equity" in str(book.report.lines["limits"])
    np.testing.assert_array_equal(book.returns["NEW"], np.log(PRICES["COP"]).diff().iloc[1:])
    with pytest.raises(ScenarioError, match="OLD: is no position"):
        stress.from_book(frame, PRICES, proxies={"OLD": "COP"})


def test_a_margin_rate_in_percent_is_taken() -> None:
    frame = pd.DataFrame([("AAPL", 1e6, "22 %")], columns=["ticker", "value", "margin"])
    book = stress.from_book(frame, PRICES)
    assert book.assets[0]["margin"] == 0.22
    assert book.funds[0]["nav"] == 275_000


def test_a_value_in_dollars_is_one_whatever_the_currency() -> None:
    frame = pd.DataFrame([("BMW GY", 1e6, "EUR")], columns=["ticker", "market value usd", "currency"])
    assert held(stress.from_book(frame, PRICES), "book") == {"BMW GY": 1e6, "EURUSD": 1e6}
    local = frame.rename(columns={"market value usd": "market value"})
    assert held(stress.from_book(local, PRICES), "book")["BMW GY"] == pytest.approx(1e6 * EUR, abs=0.01)


def test_rates_in_both_files_are_taken_from_that_of_rates() -> None:
    book = stress.from_book(foreign(), PRICES, fx=PRICES[["EURUSD"]] * 2)
    assert held(book)["EURUSD"] == pytest.approx(2000 * LAST["BMW GY"] * EUR, abs=0.01)
    assert "rates in both files are taken from here: EURUSD" in str(book.report.lines["read"])


def test_what_the_file_says_of_an_instrument_is_kept() -> None:
    columns = ["ticker", "value", "class", "sector", "country", "market cap", "multiplier"]
    rows = [("AAPL", 1e6, "", "tech", "United States", "3 tn", 50), ("7203 JP", 1e6, "Future", "autos", "", "", 1)]
    volumes = pd.DataFrame({"ticker": ["7203 JP"], "volume": [10]})
    book = stress.from_book(pd.DataFrame(rows, columns=columns).replace("", None), PRICES, volumes)
    apple, toyota = book.assets
    assert (apple["region"], apple["sector"], apple["adv"]) == ("us", "tech", 0.01 * 3e12)
    assert (toyota["region"], toyota["sector"], toyota["asset_class"]) == ("asia", "autos", "equity")
    assert toyota["adv"] == 10 * LAST["7203 JP"]
    scenario = book.scenario
    assert [asset.sector for asset in scenario.assets] == ["tech", "autos"]
    many = pd.DataFrame(rows, columns=columns).replace("", None).assign(multiplier=5)
    assert stress.from_book(many, PRICES, volumes).assets[1]["adv"] == 50 * LAST["7203 JP"]


def test_volume_of_currencies() -> None:
    frame = pd.DataFrame([("EURUSD", 1e6), ("USDTRY", 1e6)], columns=["ticker", "value"])
    book = stress.from_book(frame, PRICES.assign(USDTRY=PRICES["USDJPY"]))
    assert {row["id"]: row["adv"] for row in book.assets} == {"EURUSD": 100e9, "TRYUSD": 10e9}


@pytest.mark.parametrize(("usd", "adv"), [(9.9e6, 50e6), (10e6, 300e6), (100e6, 1e9), (999e6, 1e9), (1e9, 3e9)])
def test_volume_by_what_all_funds_hold(usd: float, adv: float) -> None:
    half = pd.DataFrame([("a", "BRK.B", usd / 2), ("b", "BRK.B", -usd / 2)], columns=["fund", "ticker", "value"])
    assert stress.from_book(half, PRICES).assets[0]["adv"] == adv


def test_two_navs_of_a_fund_are_refused() -> None:
    rows = [("a", "AAPL", 1e6, 1e6), ("a", "COP", 1e6, 2e6)]
    frame = pd.DataFrame(rows, columns=["fund", "ticker", "value", "nav"])
    with pytest.raises(ScenarioError, match="row 2: another NAV than 1,000,000"):
        stress.from_book(frame, PRICES)
    assert stress.from_book(frame.assign(nav=3e6), PRICES).funds[0]["nav"] == 3e6


def test_a_stated_value_beside_another_price_is_told() -> None:
    frame = pd.DataFrame([("AAPL", 10, 4000.0)], columns=["ticker", "quantity", "market value"])
    book = stress.from_book(frame, PRICES)
    assert held(book, "book") == {"AAPL": 4000.0}
    assert "the stated value 4,000" in book.report.lines["limits"][0].text


def test_without_prices_all_is_assumed_by_class() -> None:
    book = stress.from_book(positions())
    assert book.returns is None
    vols = {row.key: (row.value, row.grade) for row in book.report.assumed if row.key.endswith(".vol")}
    assert vols["assets.WTI CL1.vol"] == (0.30, "D")
    assert np.linalg.eigvalsh(book.together.values)[0] > 0
    build_problem(book.scenario)
