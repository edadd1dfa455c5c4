"""Numbers of a report as a reader sees them."""

from __future__ import annotations

import math

import pytest

from stress.results.report.elements import Cell, Row, Table
from stress.results.report.numbers import cell, plain, shade, shown, spoken
from stress.results.terminal.cells import money_unit


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (0.0342, 0.0001, "3.42 ± 0.01 %"),
        (0.0342, 0.00001, "3.42 % (standard error under 0.01)"),
        (0.0342, 0.0, "3.42 %"),
        (0.0342, math.inf, "3.42 % (too few paths for an error)"),
        (0.0, math.inf, "0.00 %"),
        (-0.0111, 0.0002, "−1.11 ± 0.02 %"),
        (math.nan, math.nan, "- %"),
    ],
)
def test_a_number_in_a_sentence(value: float, error: float, expected: str) -> None:
    assert spoken(value, error, "%", 100) == expected


def test_a_number_in_a_table_has_the_digits_its_error_deserves() -> None:
    assert cell(0.0342, 0.0001, 100) == Cell("3.42", "±0.01")
    assert cell(0.345, 0.12, 100) == Cell("34", "±12")
    assert cell(0.03, math.inf, 100).error == "too few paths"
    assert cell(0.0, math.inf, 100).error == ""  # nothing happened on any path
    assert cell(math.nan, 0.1, 100) == Cell("-", "")
    assert cell(0.0, 0.0, 100) == Cell("0.00", "")  # no spread is no estimate of one


def test_infinite_and_negative_numbers() -> None:
    assert shown(math.inf) == "∞"
    assert shown(-math.inf) == "−∞"
    assert shown(-0.001) == "0.00"  # never a negative zero
    assert shown(-12.345) == "−12.35"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (131072.0, "131,072"),
        (0.333333, "0.3333"),
        (1.0, "1"),
        (3.4e-6, "3.4 × 10⁻⁶"),
        (-2e-5, "−2 × 10⁻⁵"),
        (-0.05, "-0.05"),
    ],
)
def test_a_setting(value: float, expected: str) -> None:
    assert plain(value) == expected


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [([2e9, -5e10], "bn USD"), ([3e6], "m USD"), ([12.0], "USD"), ([], "bn USD"), ([math.nan, 0.0], "bn USD")],
)
def test_the_unit_fits_the_largest_amount(amounts: list[float], expected: str) -> None:
    name, scale = money_unit(amounts)
    assert name == expected
    assert scale == {"bn USD": 1e-9, "m USD": 1e-6, "USD": 1.0}[expected]


def test_shades_rise_with_the_amount_and_tell_the_side() -> None:
    levels = [shade(amount, 10.0) for amount in (-10.0, -5.0, -0.001, 0.0, 0.001, 5.0, 10.0)]
    assert levels == [-9, -5, -1, 0, 1, 5, 9]
    assert shade(1.0, 0.0) == 0


def test_a_row_that_does_not_fit_its_table_is_refused() -> None:
    with pytest.raises(ValueError, match="row 'x' has 2 columns"):
        Table("caption", ("a", "b", "c"), (Row("x", (Cell("1"),)),))
