"""Words and numbers on figures, and what is chosen for them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from stress.results.plot.drawing import labels
from stress.results.plot.drawing.cells import texts
from stress.results.plot.drawing.choice import largest, rows


def variable(long_name: str, units: str, *values: float) -> xr.DataArray:
    return xr.DataArray(list(values), dims="fund", attrs={"long_name": long_name, "units": units})


@pytest.mark.parametrize(
    ("long_name", "units", "values", "what", "unit", "factor"),
    [
        ("mean loss, as a fraction of start NAV", "1", (0.1,), "mean loss", "% of start NAV", 100),
        ("share of paths with a call", "1", (0.1,), "share of paths with a call", "%", 100),
        ("quantile of gross leverage", "1", (7.0,), "quantile of gross leverage", "", 1),
        ("amount called", "USD", (3e9, 4e6), "amount called", "bn USD", 1e-9),
        ("amount called", "USD", (-3e12, math.nan), "amount called", "tn USD", 1e-12),
        ("amount called", "USD", (20.0, math.inf), "amount called", "USD", 1),
        ("amount called", "USD", (0.0,), "amount called", "USD", 1),
        ("held in days", "d", (2.0,), "held in days", "days", 1),
        ("cost of $x", "U$D", (2e3,), r"cost of \$x", r"k U\$D", 1e-3),
    ],
)
def test_units_come_from_the_attributes(
    long_name: str, units: str, values: tuple[float, ...], what: str, unit: str, factor: float
) -> None:
    scale = labels.scale_of(variable(long_name, units, *values))
    assert (scale.what, scale.unit) == (what, unit)
    assert scale.factor == pytest.approx(factor)


def test_a_variable_without_attributes_has_its_name() -> None:
    scale = labels.scale_of(xr.DataArray([1.0], name="depth"))
    assert (scale.what, scale.unit, scale.factor) == ("depth", "", 1.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
        (1234567.0, "1.23e+06"),
        (123456.0, "123456"),
        (-12.34, "−12.3"),
        (0.012345, "0.0123"),
        (0.00001, "1.00e−05"),
        (9.999, "10.00"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert labels.number(value) == text


def test_numbers_of_a_column_have_the_same_decimals() -> None:
    assert labels.numbers([-0.786, 0.0129, -0.0001, math.nan]) == ["−0.786", "0.013", "0.000", "–"]
    assert labels.numbers([1234.5, 2.0]) == ["1,234", "2"]
    assert labels.numbers([0.0]) == ["0"]


def test_numbers_of_a_map_have_the_same_decimals() -> None:
    table = np.array([[-21.63, 0.0, 0.004], [0.81, -0.25, math.nan]])
    assert texts(table) == [["−21.6", "0.0", "0.0"], ["0.8", "−0.2", ""]]
    assert texts(np.array([[0.5, -0.004]]), 2) == [["0.50", "0.00"]]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("system", "whole system"),
        ("", "?"),
        ("a\tb\n c\x00\u202e", "a b c"),
        ("$x$", r"\$x\$"),
        ("_x", "\u2009_x"),
        ("z" * 10 + "a" * 10 + "b" * 10, "z" * 10 + "aaaa…" + "b" * 7),
        ("\ud800x", "x"),
    ],
)
def test_names_are_harmless(label: str, text: str) -> None:
    assert labels.name(label) == text


def test_ranges() -> None:
    assert labels.ranges([1, 3, 4, 5, 9]) == "1, 3 to 5, 9"
    assert labels.ranges([]) == ""


def test_the_largest_are_chosen_by_label_when_equal() -> None:
    values = xr.DataArray([[1.0, -3.0, 3.0, math.nan, math.inf]], {"fund": list("abcde")}, ("step", "fund"))
    assert largest(values, "fund", 3) == (["e", "b", "c"], ["a", "d"])
    assert largest(values.isel(fund=[2, 4, 1, 3, 0]), "fund", 3) == (["e", "b", "c"], ["a", "d"])


def test_rows_are_found_by_label() -> None:
    values = xr.DataArray([[1.0, 2.0, 3.0]], {"fund": ["c", "a", "b"]}, ("step", "fund"))
    np.testing.assert_array_equal(rows(values, "fund", ["a", "c"]), [[2.0], [1.0]])
    with pytest.raises(ValueError, match="no fund 'd'; there are c, a, b"):
        rows(values, "fund", ["d"])
