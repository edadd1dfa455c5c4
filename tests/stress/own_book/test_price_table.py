"""The same prices in every form of file give the same table; what may be read in two ways is refused with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from own_book_example import prices
from stress.own_book.data_report import DataReport
from stress.own_book.read.price_table import PriceTable, read_price_table
from stress.scenarios.errors import ScenarioError

FRAME = prices().iloc[:30, :4].round(4)


def read(source: Any, kind: Any = "auto") -> PriceTable:
    return read_price_table(source, "prices", DataReport(), kind)


def german(frame: Any) -> str:
    rows = [";".join(["Datum", *frame.columns])]
    for day, row in frame.iterrows():
        rows.append(";".join([f"{day:%d.%m.%Y}", *(f"{x:,.4f}".translate(str.maketrans(",.", ".,")) for x in row)]))
    return "\r\n".join(rows)


def long(frame: Any) -> Any:
    return frame.reset_index().melt("date", var_name="Ticker", value_name="Close")


FORMS: dict[str, Any] = {
    "plain.csv": lambda p: FRAME.to_csv(p),
    "no-name.csv": lambda p: FRAME.rename_axis(None).to_csv(p),
    "quoted.csv": lambda p: FRAME.to_csv(p, quoting=1),
    "tabs.tsv": lambda p: FRAME.to_csv(p, sep="\t"),
    "german.csv": lambda p: p.write_text(german(FRAME), encoding="utf-8"),
    "titles.csv": lambda p: p.write_text("Kurse, Stand: 28.02.2025\n\n" + german(FRAME), encoding="utf-8"),
    "us-days.csv": lambda p: FRAME.to_csv(p, date_format="%m/%d/%Y"),
    "backwards.csv": lambda p: FRAME[::-1].to_csv(p),
    "long.csv": lambda p: long(FRAME).sample(frac=1, random_state=1).to_csv(p, index=False),
    "turned.csv": lambda p: FRAME.rename(index=lambda d: f"{d:%Y-%m-%d}").T.to_csv(p, index_label="ticker"),
    "wide.parquet": lambda p: FRAME.to_parquet(p),
    "long.parquet": lambda p: long(FRAME).to_parquet(p),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_table(name: str, tmp_path: Path) -> None:
    FORMS[name](tmp_path / name)
    table = read(tmp_path / name)
    assert table.levels
    found = table.frame[list(FRAME.columns)]
    np.testing.assert_array_equal(found.to_numpy(), FRAME.to_numpy())
    assert list(found.index) == list(FRAME.index)


def test_returns_are_chained_and_none_is_lost() -> None:
    simple = FRAME.pct_change().iloc[1:]
    for frame, kind in ((simple, "auto"), (simple, "returns"), (np.log1p(simple), "log-returns")):
        table = read(frame, kind)
        assert not table.levels
        np.testing.assert_allclose(table.frame.pct_change().iloc[1:], simple, atol=1e-12)
        assert list(table.frame.index[1:]) == list(FRAME.index[1:])
        assert table.frame.index[0] == FRAME.index[0]  # a business day before the first return
    said = simple.reset_index().melt("date", var_name="ticker", value_name="return")
    assert not read(said).levels


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("date,A\n2024-01-02,1\n2024-01-03,x\n", "line 3, column A: is no number"),
        ("date,A\n2024-01-02,1\n2024-13-03,2\n", "line 3, column date: is no day of the calendar"),
        ("date,A\n2024-01-02,1\nMonday,2\n", "line 3, column date: is no day"),
        ("date,A\n03/04/2024,1\n05/04/2024,2\n", "may begin with the day or the month"),
        ("date,A\n2024-01-02,1\n2024-01-02,2\n", "is there twice with different numbers"),
        ("date,A\n2024-01-02,#N/A\n", "a spreadsheet's error"),
        ("date,A,A\n2024-01-02,1,2\n", "names the column 'A' twice"),
        ("date,ticker,close\n2024-01-02,A,1\n2024-01-02,A,1\n", "line 3, column ticker: is there twice"),
        ("A,B\n1,2\n", "has no column of days"),
        ("date,A\n", "has no rows"),
    ],
)
def test_faults_name_file_line_and_column(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(ScenarioError) as raised:
        read(tmp_path / "p.csv")
    assert says in raised.value.problem
    assert str(raised.value).startswith("p.csv: prices")
    assert raised.value.allowed


def test_a_return_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ScenarioError, match="A falls by 100 % or more on 2024-01-03"):
        read(pd.DataFrame({"A": [0.1, -1.0]}, index=pd.to_datetime(["2024-01-02", "2024-01-03"])), "returns")


def test_days_with_points_begin_with_the_day(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("date,A\n03.04.2024,1\n04.04.2024,2\n")
    assert [f"{day:%m-%d}" for day in read(tmp_path / "p.csv").frame.index] == ["04-03", "04-04"]


def test_what_is_not_daily_is_refused() -> None:
    for days, says in (("ME", "31 days apart"), ("W", "7 days apart")):
        with pytest.raises(ScenarioError, match=says):
            read(FRAME.set_axis(pd.date_range("2020-01-31", periods=30, freq=days)))


def test_frames_that_are_no_table_are_refused() -> None:
    for source, says in (
        ({"A": 1}, "is a dict"),
        (pd.concat([FRAME, FRAME], axis=1), "names a column twice"),
        (pd.concat({"x": FRAME}, axis=1), "columns of several levels"),
    ):
        with pytest.raises(ScenarioError, match=says):
            read(source)


def test_no_file_and_a_spreadsheet_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p.xlsx").write_bytes(b"PK")
    for name, says in (
        ("none.csv", "cannot be read"),
        ("p.xlsx", "is a spreadsheet"),
        ("none.parquet", "cannot be read"),
    ):
        with pytest.raises(ScenarioError, match=says):
            read(tmp_path / name)
