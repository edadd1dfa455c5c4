"""The same positions in the forms in which brokers and risk systems write them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from stress.errors import MissingExtra
from stress.own_book.classes import class_of, region_of
from stress.own_book.data_report import DataReport
from stress.own_book.instruments import facts_of, with_ids
from stress.own_book.matching import match
from stress.own_book.read.positions import Position, read_positions
from stress.scenarios.errors import ScenarioError

HELD = {("tmt", "AAPL"): 1_500_000.0, ("tmt", "BRK.B"): -250_000.5, ("macro", "AAPL"): -1_000.0}
FORMS = {
    "plain": "fund,ticker,position_usd\ntmt,AAPL,1500000\ntmt,BRK.B,-250000.5\nmacro,AAPL,-1000\n",
    "german": "Fund;Symbol;Marktwert\ntmt;AAPL;1.500.000,00\ntmt;BRK.B;-250.000,50\nmacro;AAPL;(1.000,00)\n",
    "german words": "Fonds;Wertpapier;Marktwert\ntmt;AAPL;1.500.000,00\ntmt;BRK.B;-250.000,50\nmacro;AAPL;(1.000,00)\n",
    "titles": "Account: 12\nAs of 2024-12-31\n\nPortfolio,Ticker,Market Value (USD)\ntmt,AAPL,$1.5 m\n,BRK.B,-250000.5"
    "\nTotal,,999\nmacro,AAPL,-1000\nTotal,,999\n",
    "sides": "pod\tname\tside\tMV\ntmt\tAAPL\tLong\t1500000\ntmt\tBRK.B\tShort\t250000.5\nmacro\tAAPL\tshort\t-1000\n",
    "by instrument": ",tmt,macro,Total\nAAPL,1500000,-1000,1499000\nBRK.B,-250000.5,,-250000.5\nTotal,1,2,3\n",
    "by fund": "fund,AAPL,BRK.B\ntmt,1500000,-250000.5\nmacro,-1000,\n",
    "lots": "fund,ticker,value\ntmt,AAPL,1000000\ntmt,AAPL,500000\ntmt,BRK.B,-250000.5\nmacro,AAPL,-1000\n",
}


def read(folder: Path, text: str) -> tuple[list[Position], DataReport]:
    (folder / "positions.csv").write_text(text, encoding="utf-8")
    report = DataReport()
    return read_positions(folder / "positions.csv", report)[1], report


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_positions(form: str, tmp_path: Path) -> None:
    positions, report = read(tmp_path, FORMS[form])
    held: dict[tuple[str, str], float] = {}
    for position in positions:
        assert position.value is not None
        held[position.fund, position.instrument] = held.get((position.fund, position.instrument), 0) + position.value
    assert held == HELD
    left = " ".join(line.written(9) for line in report.lines["left_out"])
    assert ("sum" in left) == (form in ("titles", "by instrument"))
    assert ("lines above the header" in left) == (form == "titles")


def test_a_parquet_file_and_a_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame([(f, i, v) for (f, i), v in HELD.items()], columns=["fund", "ticker", "value"])
    frame.to_parquet(tmp_path / "p.parquet")
    for source in (frame, tmp_path / "p.parquet", frame.set_index(["fund", "ticker"])["value"]):
        assert {(p.fund, p.instrument): p.value for p in read_positions(source, DataReport())[1]} == HELD
    monkeypatch.setattr(pd, "read_parquet", lambda path: (_ for _ in ()).throw(ImportError("pyarrow")))
    with pytest.raises(MissingExtra, match=r"levstress\[export\]"):
        read_positions(tmp_path / "p.parquet", DataReport())


def test_a_column_position_is_a_quantity_beside_a_price(tmp_path: Path) -> None:
    assert read(tmp_path, "ticker,position,last\nAAPL,10,180\n")[0][0].quantity == 10
    positions, report = read(tmp_path, "ticker,position\nAAPL,10\n")
    assert (positions[0].value, positions[0].fund) == (10, "book")
    told = [line.text for line in report.lines["read"]]
    assert "the column position holds values" in told
    assert "no column names funds: all is one fund, 'book'" in told


def test_columns_without_a_meaning_are_named(tmp_path: Path) -> None:
    _, report = read(tmp_path, "fund,ticker,value,Trader,P&L\na,AAPL,1,Jim,2\n")
    assert report.lines["left_out"][0].text == "columns that are not read: Trader, P&L"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fund,ticker,value\na,AAPL,1\na,,2\n", "line 3, column ticker: names no instrument"),
        ("fund,ticker,value\na,AAPL,12 %\n", "line 2, column value: has the unknown unit"),
        ("fund,ticker,value\na,AAPL,many\n", "line 2, column value: is no number"),
        ("fund,ticker,value\na,AAPL,\n", "line 2, column AAPL: has no size"),
        ("fund,ticker,value\n,AAPL,1\n", "line 2, column fund: names no fund"),
        ("fund,ticker,value,side\na,AAPL,1,up\n", "line 2, column side: is no side"),
        ("fund,value\na,1\n", "has no column of instruments"),
        ("fund,ticker,value\n", "has no rows"),
        ("fund,ticker,value\nTotal,,1\n", "holds no position"),
    ],
)
def test_faults_name_line_and_column(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as raised:
        read(tmp_path, text)
    assert says in raised.value.problem
    assert (raised.value.file, raised.value.key) == ("positions.csv", "positions")


def test_all_faults_of_rows_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as raised:
        read(tmp_path, "fund,ticker,value\na,,1\na,AAPL,many\na,,2\nb,COP,12 %\n")
    told = [error.problem for error in (raised.value, *raised.value.further)]
    assert told[0] == "line 2, line 4, column ticker: names no instrument"
    assert [text.partition(":")[0] for text in told[1:]] == ["line 3, column value", "line 5, column value"]
    positions, report = read(tmp_path, HEAD + "a,X,1,thing,\na,Y,1,,XYZ\n")
    sheet = read_positions(tmp_path / "positions.csv", report)[0]
    with pytest.raises(ScenarioError) as raised:
        facts_of(sheet, positions, report)
    assert [error.key for error in (raised.value, *raised.value.further)] == ["X.asset_class", "Y.currency"]


HEAD = "fund,ticker,value,class,currency\n"


@pytest.mark.parametrize(
    ("text", "says", "key"),
    [
        ("a,X,1,option,\n", "is an option", "X"),
        ("a,X,1,thing,\n", "is no class", "X.asset_class"),
        ("a,X,1,,XYZ\n", "is no currency", "X.currency"),
        ("a,X,1,stock,\nb,X,1,bond,\n", "line 3: 'bond', and 'stock' in line 2", "X.asset_class"),
    ],
)
def test_facts_of_an_instrument(text: str, says: str, key: str, tmp_path: Path) -> None:
    positions, report = read(tmp_path, HEAD + text)
    sheet = read_positions(tmp_path / "positions.csv", report)[0]
    with pytest.raises(ScenarioError, match=says) as raised:
        facts_of(sheet, positions, report)
    assert raised.value.key == key


def test_names_become_ids_that_a_scenario_can_have() -> None:
    def position(fund: str, name: str) -> Position:
        return Position(fund, name, "row 1", 1.0, None, False, {})

    report = DataReport()
    (found,) = with_ids([position("A, B", "^GSPC")], report)
    assert (found.fund, found.instrument) == ("A B", "_^GSPC")
    assert len(report.lines["read"]) == 2
    for positions in ([position("system", "X")], [position("a,b", "X"), position("a b", "X")]):
        with pytest.raises(ScenarioError):
            with_ids(positions, report)


@pytest.mark.parametrize(
    ("name", "called", "kind", "grade"),
    [
        ("AAPL", "", "equity", "D"),
        ("7203 JP", "", "equity", "C"),
        ("7203 JP", "Aktie", "equity", "A"),
        ("WTI CL1", "", "commodity", "C"),
        ("GCZ4 Comdty", "Future", "commodity", "C"),
        ("TYH5 Comdty", "", "rates", "C"),
        ("VIX UX1", "", "other", "C"),
        ("EUR/USD", "", "fx", "C"),
        ("EUR", "", "fx", "C"),
        ("COP", "", "equity", "D"),  # a share, not Colombia's peso
        ("HYG US", "", "credit", "C"),
        ("BTC-USD", "", "crypto", "C"),
        ("X", "Govt", "rates", "A"),
    ],
)
def test_the_class_by_word_and_by_ticker(name: str, called: str, kind: str, grade: str) -> None:
    found = class_of(name, called)
    assert found is not None
    assert (found.asset_class, found.grade) == (kind, grade)


def test_the_region_by_exchange() -> None:
    names = ("7203 JP", "VOD.L", "BRK.B", "AAPL US Equity", "AAPL")
    assert [region_of(name) for name in names] == ["asia", "europe", "", "us", ""]


def test_names_find_their_columns() -> None:
    report = DataReport()
    columns = ["AAPL US Equity", "BRK/B", "ABC", "abc", "SPY"]
    found = match(["AAPL", "BRK.B", "ABC", "NEW"], columns, {"NEW": "SPY"}, "p.csv", report)
    assert found == {"AAPL": "AAPL US Equity", "BRK.B": "BRK/B", "ABC": "ABC", "NEW": "SPY"}
    assert [line.what for line in report.lines["read"]] == ["AAPL", "BRK.B", "NEW"]
    with pytest.raises(ScenarioError) as raised:
        match(["Abc", "MISSING", "SPY"], columns, {}, "p.csv", report)
    assert "Abc: has 2 columns: ABC, abc" in str(raised.value)
    assert "MISSING: has no prices" in str(raised.value)
    with pytest.raises(ScenarioError) as raised:
        match([f"N{n}" for n in range(30)], columns * 2, {}, "p.csv", report)
    assert f"30 instruments: {', '.join(f'N{n}' for n in range(30))}\n" in str(raised.value)
    assert raised.value.allowed.endswith("BRK/B, ABC, …")
    with pytest.raises(ScenarioError, match=r"is no column of p\.csv"):
        match(["A"], columns, {"A": "SPX"}, "p.csv", report)
