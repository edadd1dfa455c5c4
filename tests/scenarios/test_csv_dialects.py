"""CSV files as spreadsheets, brokers, pandas and R write them: one meaning, or refused with the reason and the line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stress.scenarios.csv.table import MATRIX, Form, read_table
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read import units

POSITIONS = Form(("asset", "position"), ("asset",))
OTHER = Form(("id", "asset", "vol", "other"), ("id", "asset"), ("positions.",))
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
    "a header in capitals": PLAIN.replace("asset,position", "ASSET,Position"),
    "a header with blanks": PLAIN.replace("asset,position", ' Asset ,"Position "'),
    "row numbers of pandas": ",asset,position\n0,semis,-1234567.5\n1,staples,250\n2,BRK/B,1000\n",
    "row numbers of R": '"","asset","position"\n"1","semis",-1234567.5\n"2","staples",250\n"3","BRK/B",1000\n',
    "write.csv2 of R": '"";"asset";"position"\n"1";"semis";-1234567,5\n"2";"staples";250\n"3";"BRK/B";1000\n',
    "columns the other way round": "position;asset\n-1.234.567,5;semis\n250,0;staples\n1.000;BRK/B\n",
    "excel's first line with a tab": "sep=\t\n" + PLAIN.replace(",", "\t"),
    "old macintosh": PLAIN.replace("\n", "\r"),
    "dollars behind the sign": "asset,position\nsemis,-$1234567.5\nstaples,+$250\nBRK/B,$1 k\n",
    "no end of the last line": PLAIN.rstrip("\n"),
    "all of german": 'sep=;\n"Asset";"Position";;\n"semis";"(1.234.567,50)";;\nstaples;250,00;;\nBRK/B;1.000;;\n;;;\n',
    "exponent": "asset,position\nsemis,-1.2345675E+06\nstaples,2.5e2\nBRK/B,1E3\n",
}
REFUSED = {
    "a missing value of excel": (PLAIN + "#N/A,5\n", "line 5, column asset"),
    "an error in a cell": (PLAIN.replace("250", "#REF!"), "line 3, column position"),
    "another error": (PLAIN.replace("250", "#DIV/0!"), "spreadsheet's error"),
    "too narrow a column": (PLAIN.replace("250", "#######"), "line 3"),
    "a row switched off": (PLAIN + "#tech,5\n", "line 5, column asset: begins with # below the header"),
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
    "a missing value of libreoffice": (PLAIN.replace("250", "Err:502"), "line 3, column position"),
    "an error of google sheets": (PLAIN.replace("250", "#ERROR!"), "line 3, column position"),
    "a comment in a quote": (PLAIN + '"#tech",5\n', "line 5, column asset: begins with # below the header"),
    "a missing value after a long cell": ('asset,position\n"a\r\nb",1\r\n\r\n#N/A,5\r\n', "line 5, column asset"),
    "a line that is none": ("# a\u2028b\nasset,position\n#N/A,5\n", "line 3, column asset"),
    "two separators": ("asset;position,\na;1,\n", "has commas and semicolons in its header"),
    "a very narrow column": (PLAIN.replace("250", "#"), "line 3, column position: holds a spreadsheet's error"),
    "UTF-16": ("a\0s\0s\0e\0t\0", "line 1: holds a NUL character"),
    "rows gone": ("asset,position\n", "has no rows"),
    "names that differ by case": ("asset,Asset\na,1\n", "names the column 'asset' twice"),
    "no row numbers": (",asset,position\n5,a,1\n", "line 2: holds something in a column without a name"),
    "row numbers with a gap": (",asset,position\n0,a,1\n2,b,1\n", "line 3: holds something"),
    "a column without a name": ("asset,,position\na,1,2\n", "without a name"),
    "nothing": ("# a comment alone\n", "is empty"),
}


def positions(text: str) -> dict[str, float]:
    rows = read_table(text, "book.csv", "funds.a.positions", POSITIONS).rows
    return {row["asset"]: units.money(row["position"]) for row in rows}


@pytest.mark.parametrize("name", SAME)
def test_a_dialect_is_read_as_it_is_meant(name: str) -> None:
    assert positions(SAME[name]) == TRUTH


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_line(name: str) -> None:
    text, message = REFUSED[name]
    with pytest.raises(ScenarioError, match=message):
        read_table(text, "book.csv", "funds.a.positions", POSITIONS)


def test_what_is_not_plain_is_said() -> None:
    said = {name: read_table(text, "b", "x", POSITIONS).understood for name, text in SAME.items()}
    assert said["plain"] == ""
    assert said["german"] == "semicolons between cells and a comma before decimals"
    assert said["tabs"] == "tabs between cells"
    assert said["parentheses"] == "numbers as a spreadsheet writes them"
    assert said["row numbers of R"] == "row numbers left out"
    assert said["a header in capitals"] == "ASSET as asset, Position as position"


def test_there_are_thirty_dialects_at_least() -> None:
    assert len(set(SAME.values())) >= 30


def test_numbers_in_names_stay_as_they_are() -> None:
    rows = read_table("asset;other\n600.519;1,5\n007;2,5\n1 000;3,5\n", "b", "x", OTHER).rows
    assert [row["asset"] for row in rows] == ["600.519", "007", "1 000"]


def test_the_ids_in_names_of_columns_stay_as_they_are() -> None:
    rows = read_table("ID,Positions.BRK B,Other Note,Positions\x85.c\na,1,x,2\n", "b", "x", OTHER).rows
    assert rows == [{"id": "a", "positions.BRK B": "1", "Other Note": "x", "Positions\x85.c": "2"}]


@pytest.mark.parametrize("text", ["2025.csv", "3x", "1.25 x start", "12 m", "10y", "130-30", "1e3", "007"])
def test_what_is_plain_already_stays_to_the_letter(text: str) -> None:
    assert read_table(f"id,other\na,{text}\n", "b", "x", OTHER).rows == [{"id": "a", "other": text}]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_correlation_of_pandas_has_its_labels_in_the_first_column(separator: str) -> None:
    text = "|a|b\na|1.0|0.25\nb|0.25|1.0\n".replace("|", separator)
    text = text.replace(".", ",") if separator == ";" else text  # to_csv(sep=";", decimal=",")
    rows = read_table(text, "c.csv", "correlation.matrix", MATRIX).rows
    assert rows == [{"": "a", "a": "1.0", "b": "0.25"}, {"": "b", "a": "0.25", "b": "1.0"}]


def test_a_correlation_of_r_is_read() -> None:
    rows = read_table('"","a","b"\n"a",1,0.25\n"b",0.25,1\n', "c.csv", "correlation.matrix", MATRIX).rows
    assert rows == [{"": "a", "a": "1", "b": "0.25"}, {"": "b", "a": "0.25", "b": "1"}]


def test_three_decimals_below_one_are_no_thousands() -> None:
    rows = read_table(";a;b\na;1;0.125\nb;0.125;1\n", "c.csv", "correlation.matrix", MATRIX).rows
    assert [row["b"] for row in rows] == ["0.125", "1"]


@pytest.mark.parametrize("text", ["12,5 %", "12.5 %", "12,5%", "12,5\u00a0%"])
def test_percents_keep_their_sign(text: str) -> None:
    rows = read_table(f"asset;vol\na;{text}\n", "b", "x", OTHER).rows
    assert units.fraction(rows[0]["vol"]) == 0.125


def test_dollars_are_no_fraction() -> None:
    rows = read_table("asset,vol\na,$0.39\n", "b", "x", OTHER).rows
    with pytest.raises(units.UnitError, match="unit 'USD'"):
        units.fraction(rows[0]["vol"])


@given(
    held=st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 99)), min_size=1, max_size=8),
    separator=st.sampled_from(";\t,"),
    comma=st.booleans(),
    apart=st.sampled_from(["", ".", ",", "'", " ", "\u00a0"]),
    junk=st.lists(st.sampled_from(["", " ", "|", "||", "#N/A|5", "# off", "x|1|2", "y"]), max_size=3),
    at=st.integers(0, 8),
)
@settings(max_examples=150)
def test_every_row_is_read_or_the_file_refused(
    held: list[tuple[int, int]], separator: str, comma: bool, apart: str, junk: list[str], at: int
) -> None:
    mark = "," if comma else "."
    lines = [f"a{n}|{f'{whole:,}'.replace(',', apart)}{mark}{cents:02}" for n, (whole, cents) in enumerate(held)]
    lines[at:at] = junk
    text = "\n".join(["asset|position", *lines]).replace("|", separator)
    try:
        found = positions(text)
    except (ScenarioError, units.UnitError):
        return
    assert not any(line.strip(" |") for line in junk)
    exact = [whole + (cents / 100 if whole >= 0 else -cents / 100) for whole, cents in held]
    assert list(found.values()) == pytest.approx(exact, rel=1e-12)
