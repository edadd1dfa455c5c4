"""CSV files as spreadsheets, brokers, pandas and R write them: one meaning, or refused with the reason and the line."""

from __future__ import annotations

import pytest

from stress.scenarios.errors import ScenarioError
from stress.scenarios.read import units
from stress.scenarios.read.csv_table import LABEL, read_table

TRUTH = {"semis": -1234567.5, "staples": 250.0, "BRK/B": 1000.0}
PLAIN = "asset,position\nsemis,-1234567.5\nstaples,250\nBRK/B,1e3\n"
SAME = {
    "plain": PLAIN,
    "windows": PLAIN.replace("\n", "\r\n"),
    "quoted": '"asset","position"\n"semis","-1234567.5"\n"staples","250"\n"BRK/B","1000"\n',
    "comments above": "# from the desk\n\n# of 3 April\n" + PLAIN,
    "empty rows": PLAIN.replace("\n", "\n\n") + "\n\n",
    "empty rows with commas": PLAIN + ",\n,\n",
    "empty columns": PLAIN.replace("\n", ",,\n"),
    "blanks": PLAIN.replace(",", " , "),
    "thousands": 'asset,position\nsemis,"-1,234,567.5"\nstaples,250\nBRK/B,"1,000"\n',
    "parentheses": 'asset,position\nsemis,"(1,234,567.50)"\nstaples,250\nBRK/B,"1,000"\n',
    "minus behind": "asset,position\nsemis,1234567.5-\nstaples,250\nBRK/B,1000\n",
    "printed minus": "asset,position\nsemis,\u22121234567.5\nstaples,250\nBRK/B,1000\n",
    "plus": "asset,position\nsemis,-1234567.5\nstaples,+250\nBRK/B,1000\n",
    "dollars": 'asset,position\nsemis,"-$1,234,567.5"\nstaples,$250\nBRK/B,"$1,000"\n',
    "dollars in parentheses": 'asset,position\nsemis,"($1,234,567.5)"\nstaples,$250\nBRK/B,US$1000\n',
    "no-break spaces": "asset,position\nsemis,-1\u00a0234\u00a0567.5\nstaples,\u00a0250\nBRK/B,1\u202f000\n",
    "apostrophes": "asset,position\nsemis,-1'234'567.5\nstaples,250\nBRK/B,1'000\n",
    "units": "asset,position\nsemis,-1.2345675 mn USD\nstaples,250 USD\nBRK/B,1 k\n",
    "semicolons": "asset;position\nsemis;-1234567,5\nstaples;250\nBRK/B;1000\n",
    "semicolons and points": "asset;position\nsemis;-1234567.5\nstaples;250\nBRK/B;1000\n",
    "german": "asset;position\nsemis;-1.234.567,50\nstaples;250,00\nBRK/B;1.000,00\n",
    "german parentheses": "asset;position\nsemis;(1.234.567,50)\nstaples;250\nBRK/B;1.000\n",
    "french": "asset;position\nsemis;-1 234 567,5\nstaples;250\nBRK/B;1 000\n",
    "excel's first line": "sep=;\nasset;position\nsemis;-1234567,5\nstaples;250\nBRK/B;1000\n",
    "tabs": PLAIN.replace(",", "\t"),
    "tabs and commas": "asset\tposition\nsemis\t-1234567,5\nstaples\t250\nBRK/B\t1000\n",
    "exponent": "asset,position\nsemis,-1.2345675E+06\nstaples,2.5e2\nBRK/B,1E3\n",
}
REFUSED = {
    "a missing value of excel": (PLAIN + "#N/A,5\n", "line 5, column asset"),
    "an error in a cell": (PLAIN.replace("250", "#REF!"), "line 3, column position"),
    "another error": (PLAIN.replace("250", "#DIV/0!"), "spreadsheet's error"),
    "too narrow a column": (PLAIN.replace("250", "#######"), "line 3"),
    "a row switched off": (PLAIN + "#tech,5\n", "line 5 begins with # below the header"),
    "a decimal comma among commas": ('asset,position\nsemis,"-1234567,5"\n', "line 2: has a comma before decimals"),
    "both marks": ("asset;position\na;1,25\nb;1.5\n", "writes '1.5' \\(line 3\\) and '1,25' \\(line 2\\)"),
    "thousands or decimals": ("asset;position\na;1.500\nb;2\n", "line 2: may be thousands or decimals"),
    "euros": ("asset,position\na,€250\n", "line 2: is in another currency"),
    "pounds": ("asset,position\na,250 GBP\n", "another currency"),
    "a separator nobody knows": ("sep=|\nasset|position\na|1\n", "separates cells by"),
    "a row too long": (PLAIN + "tech,1,2\n", "row 4 \\(line 5\\) has 3 cells"),
    "a row too short": (PLAIN + "tech\n", "has 1 cells"),
    "an open quote": (PLAIN + '"tech,1\n', "line 5"),
    "a column twice": ("asset,asset\na,1\n", "twice"),
    "a column without a name": ("asset,,position\na,1,2\n", "without a name"),
    "nothing": ("# a comment alone\n", "is empty"),
}


def positions(text: str) -> dict[str, float]:
    rows = read_table(text, "book.csv", "funds.a.positions").rows
    return {row["asset"]: units.money(row["position"]) for row in rows}


@pytest.mark.parametrize("name", SAME)
def test_a_dialect_is_read_as_it_is_meant(name: str) -> None:
    assert positions(SAME[name]) == TRUTH


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_line(name: str) -> None:
    text, message = REFUSED[name]
    with pytest.raises(ScenarioError, match=message):
        read_table(text, "book.csv", "funds.a.positions")


def test_what_is_not_plain_is_said() -> None:
    assert read_table(PLAIN, "book.csv", "x").understood == ""
    assert read_table(SAME["german"], "b", "x").understood == "semicolons between cells and a comma before decimals"
    assert read_table(SAME["tabs"], "b", "x").understood == "tabs between cells"
    assert read_table(SAME["parentheses"], "b", "x").understood == "numbers as a spreadsheet writes them"


def test_numbers_in_names_stay_as_they_are() -> None:
    rows = read_table("asset;position\n600.519;1,5\n007;2,5\n1 000;3,5\n", "b", "x").rows
    assert [row["asset"] for row in rows] == ["600.519", "007", "1 000"]


@pytest.mark.parametrize("text", ["2025.csv", "3x", "1.25 x start", "12 m", "10y", "130-30", "1e3", "007"])
def test_what_is_plain_already_stays_to_the_letter(text: str) -> None:
    assert read_table(f"id,other\na,{text}\n", "b", "x").rows == [{"id": "a", "other": text}]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_correlation_of_pandas_has_its_labels_in_the_first_column(separator: str) -> None:
    text = "|a|b\na|1.0|0.25\nb|0.25|1.0\n".replace("|", separator)
    text = text.replace(".", ",") if separator == ";" else text  # to_csv(sep=";", decimal=",")
    rows = read_table(text, "c.csv", "correlation.matrix").rows
    assert rows == [{LABEL: "a", "a": "1.0", "b": "0.25"}, {LABEL: "b", "a": "0.25", "b": "1.0"}]


def test_a_correlation_of_r_is_read() -> None:
    rows = read_table('"","a","b"\n"a",1,0.25\n"b",0.25,1\n', "c.csv", "correlation.matrix").rows
    assert rows == [{LABEL: "a", "a": "1", "b": "0.25"}, {LABEL: "b", "a": "0.25", "b": "1"}]


@pytest.mark.parametrize("text", ["12,5 %", "12.5 %", "12,5%"])
def test_percents_keep_their_sign(text: str) -> None:
    rows = read_table(f"asset;vol\na;{text}\n", "b", "x").rows
    assert units.fraction(rows[0]["vol"]) == 0.125
