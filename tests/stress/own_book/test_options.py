"""Options in a file of positions: deltas, gammas and thetas, their units, their margin, and lines in the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from own_book_example import prices
from stress.own_book.from_book import from_book
from stress.own_book.read.option_words import is_option_name
from stress.own_book.writer import write_book
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.loader import load_scenario
from stress.scenarios.start import start_table

TEXT = (
    "fund,ticker,underlying,type,market value,delta,gamma,theta\n"
    "vol,AAPL 250620C200,AAPL,option,-1.2e6,-20e6,-300e6,90e3\n"
    "vol,AAPL 250620P170,AAPL,option,-0.8e6,15e6,-100e6,40e3\n"
    "vol,AAPL,,stock,5e6,,,\n"
    "vol,COP,,stock,-2e6,,,\n"
    "pods,BRK.B,,stock,10e6,,,\n"
)


def write(folder: Path, text: str = TEXT) -> Path:
    path = folder / "positions.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_options_are_on_their_underlying_in_money(tmp_path: Path) -> None:
    book = from_book(write(tmp_path), prices(), name="mine")
    vol = next(fund for fund in book.funds if fund["id"] == "vol")
    assert vol["positions"] == {"AAPL": 0.0, "COP": -2e6}
    assert vol["gamma"] == {"AAPL": -400e6}
    assert vol["theta"] == {"AAPL": 130e3}
    told = " ".join(line.written(9) for lines in book.report.lines.values() for line in lines)
    assert "what delta changes by in a move of 100 %" in told
    assert "is exceeded with 1.22 %" in told
    assert "options, so portfolio margin" in told


def test_the_fund_is_margined_by_delta_and_gamma_and_its_nav_has_room(tmp_path: Path) -> None:
    """The worst of the cases is equity 15 % either way: gamma loses 400e6 0.15^2/2, and COP gains or loses 0.3 m."""
    book = from_book(write(tmp_path), prices(), name="mine")
    vol = next(fund for fund in book.funds if fund["id"] == "vol")
    needed = 200e6 * 0.15**2 + 2e6 * 0.15
    assert vol["nav"] == pytest.approx(1.25 * needed)
    problem = build_problem(book.scenario)
    start = start_table(problem)
    at = start.members.index("vol")
    assert start.requirement[at] * start.nav[at] == pytest.approx(needed)
    assert not problem.funds.portfolio[problem.funds.ids.index("pods")]


def test_the_folder_is_the_scenario_in_memory(tmp_path: Path) -> None:
    book = from_book(write(tmp_path), prices(), name="mine")
    write_book(book, tmp_path / "mine")
    assert build_problem(load_scenario(tmp_path / "mine")).canonical == build_problem(book.scenario).canonical
    held = pd.read_csv(tmp_path / "mine" / "positions.csv")
    assert list(held.columns) == ["fund", "asset", "position", "gamma", "theta"]


def test_other_forms_say_the_same(tmp_path: Path) -> None:
    book = from_book(write(tmp_path), prices())
    other = TEXT.replace("delta,gamma,theta", "delta usd,gamma usd,theta usd")
    again = from_book(write(tmp_path, other), prices())
    assert again.funds == book.funds
    frame = pd.read_csv(write(tmp_path))
    assert from_book(frame, prices()).funds == book.funds


def test_a_gamma_beside_a_value_and_foreign_options() -> None:
    rows = [
        ("a", "AAPL", 1e6, np.nan, 5e6, 0.0, "USD"),
        ("a", "BMW GY", np.nan, 1e6, 2e6, 1e3, "EUR"),
        ("a", "COP", 1e6, np.nan, np.nan, np.nan, "USD"),
    ]
    columns = ["fund", "ticker", "market value", "delta", "gamma", "theta", "currency"]
    table = prices()
    fund = from_book(pd.DataFrame(rows, columns=columns), table).funds[0]
    rate = float(table["EURUSD"].iloc[-1])
    assert fund["positions"]["AAPL"] == 1e6
    assert fund["positions"]["BMW GY"] == pytest.approx(1e6 * rate, abs=0.01)
    assert fund["gamma"] == {"AAPL": 5e6, "BMW GY": pytest.approx(2e6 * rate, abs=0.01)}
    assert "EURUSD" not in fund["positions"]  # an option has no value of its delta in the currency


def test_files_without_greeks_have_none(tmp_path: Path) -> None:
    text = "fund,ticker,market value\nvol,AAPL,5e6\nvol,COP,-2e6\n"
    book = from_book(write(tmp_path, text), prices())
    write_book(book, tmp_path / "mine")
    assert (tmp_path / "mine" / "positions.csv").read_text().startswith("fund,asset,position\n")
    assert "[funds.margin]" not in (tmp_path / "mine" / "scenario.toml").read_text()
    assert build_problem(book.scenario).books.gamma is None


REFUSED = {
    "deltas of single options": (TEXT.replace("-20e6", "-0.4").replace("15e6", "0.3"), "deltas in money"),
    "in USD in part": (TEXT.replace(",gamma,", ",gamma usd,"), "all three in USD"),
    "an option without a delta": (TEXT.replace("-1.2e6,-20e6,-300e6,90e3", "-1.2e6,,,"), "columns delta, gamma"),
    "no number": (TEXT.replace("-300e6", "much"), "number"),
    "no size": (TEXT.replace("5e6,,,\nvol,COP", ",,,\nvol,COP"), "a number in one of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    text, allowed = REFUSED[name]
    with pytest.raises(ScenarioError) as caught:
        from_book(write(tmp_path, text), prices())
    assert allowed in str(caught.value)
    assert caught.value.file == "positions.csv"


def test_options_on_a_cross_are_refused() -> None:
    row = ("a", "EURGBP", "fx", 1e6, 2e6)
    frame = pd.DataFrame([row], columns=["fund", "ticker", "class", "delta", "gamma"])
    table = prices().assign(GBPUSD=1.25 + 0.001 * np.arange(160))
    with pytest.raises(ScenarioError, match="options on EUR and GBP"):
        from_book(frame, table)


NAMES = (
    "NVDA 150 P Jan26|NVDA260116P00150000|NVDA  260116P00150000|.NVDA260116P150|O:SPY251219C00650000|NVDA 150 P|"
    "NVDA Put|NVDA US 01/16/26 P150 Equity|NVDA 16JAN26 150 C|NVDA 150 Put Jan26|SPX Call 4500|Put NVDA 150|"
    "BRK B 400 C Mar 26|BTC-27JUN25-100000-C|ESZ5P 5000|TYH6C 110 Comdty|AAPL 250620C200|"
    "7203 JP 2026-01-16 C2500|NVDA Warrant"
)
NO_OPTIONS = (
    "P|C|CALL|PUT|CALL US Equity|Putnam|Putnam 2030 Fund|CPRT|BRK B|Citigroup C|WTI CL1|VIX UX1|C 1 Comdty|"
    "600519 C1 Equity|Xtrackers MSCI World 1C|Global X Nasdaq 100 Covered Call ETF|7203 JP|Option Care Health|"
    "ESZ5 Index|T 4.5 05/15/30 Govt|BAC P|EURUSD|BTC-USD|PLTR US|3M|MARA|DEC 10"
)


@pytest.mark.parametrize("name", NAMES.split("|"))
def test_names_of_options(name: str, tmp_path: Path) -> None:
    assert is_option_name(name)
    text = f"fund;Ticker;Sector;Currency;Market Value\na;AAPL;tech;USD;1,000,000\na;{name};;USD;1,500,000\n"
    with pytest.raises(ScenarioError, match="columns delta, gamma and theta in money") as caught:
        from_book(write(tmp_path, text), prices(), proxies={name: "AAPL"})
    assert "--proxy" not in str(caught.value)
    assert "line 3" in str(caught.value)


@pytest.mark.parametrize("name", NO_OPTIONS.split("|"))
def test_names_that_are_none_of_options(name: str) -> None:
    assert not is_option_name(name)


@pytest.mark.parametrize(
    ("head", "cell", "refused"),
    [
        ("Sector", "option", True),
        ("Type", "Equity Option", True),
        ("Instrument", "Call", True),
        ("Asset class", "Warrant", True),
        ("Put/Call", "P", True),
        ("Strike", "150", True),
        ("Description", "NVDA Jan 26 150 Put", True),
        ("Sector", "Call centres", False),
        ("Strike", "0.00", False),
        ("Description", "Callable Systems", False),
        ("Class", "stock", False),
    ],
)
def test_cells_that_say_option(head: str, cell: str, refused: bool) -> None:
    frame = pd.DataFrame([("AAPL", cell, 1e6), ("COP", "", 1e6)], columns=["ticker", head, "market value"])
    if not refused:
        assert from_book(frame, prices()).funds[0]["positions"]["AAPL"] == 1e6
        return
    with pytest.raises(ScenarioError, match=r"AAPL.*row 1: is an option") as caught:
        from_book(frame, prices())
    assert caught.value.value == f"{head}: {cell}"


def test_all_options_are_named_at_once_in_a_table_of_funds_too() -> None:
    frame = pd.DataFrame([("AAPL", 1e6), ("NVDA Put", 1e6), ("COP Call", 1e6)], columns=["ticker", "tmt"])
    for table in (frame, frame.set_index("ticker").T.rename_axis("fund").reset_index()):
        with pytest.raises(ScenarioError) as caught:
            from_book(table, prices())
        assert [error.key for error in (caught.value, *caught.value.further)] == ["NVDA Put", "COP Call"]


def test_an_option_by_its_sector_with_a_delta_is_one() -> None:
    rows = [("AAPL 150 P Jan26", "AAPL", "option", np.nan, -1e6), ("AAPL", "", "tech", 2e6, np.nan)]
    frame = pd.DataFrame(rows, columns=["ticker", "underlying", "sector", "market value", "delta"])
    book = from_book(frame, prices())
    assert book.funds[0]["positions"] == {"AAPL": 1e6}
    assert book.assets[0]["sector"] == "tech"
