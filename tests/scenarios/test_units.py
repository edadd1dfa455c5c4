from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stress.scenarios.read import units


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("39 %", 0.39),
        ("-9.95 %", -0.0995),
        ("25 bp", 0.0025),
        ("25bp", 0.0025),
        (0.39, 0.39),
        (1, 1.0),
        ("1_000 %", 10.0),
    ],
)
def test_fractions(text: object, value: float) -> None:
    assert units.fraction(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("70 bn USD", 70e9),
        ("70bn", 70e9),
        ("1.5 tn USD", 1.5e12),
        ("3 mn USD", 3e6),
        ("3 m", 3e6),
        ("250 k USD", 250e3),
        ("1_000_000", 1e6),
        ("7e10", 7e10),
        (70_000_000_000, 70e9),
        ("-2.5 bn USD", -2.5e9),
    ],
)
def test_money(text: object, value: float) -> None:
    assert units.money(text) == value


@given(st.decimals(min_value=-1000, max_value=1000, allow_nan=False, allow_infinity=False, places=6))
def test_a_percentage_is_the_same_float_as_its_fraction(value: object) -> None:
    assert units.fraction(f"{value} %") == units.fraction(f"{value}e-2")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_plain_numbers_pass_unchanged(value: float) -> None:
    assert units.number(value) == value
    assert units.number(repr(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        "nan",
        "inf",
        "-Infinity",
        "",
        "ten",
        "1e400",
        "1e999999999999",
        "1.2.3",
        True,
        None,
        [1],
        "1 x",
    ],
)
@pytest.mark.parametrize("parse", [units.number, units.fraction, units.money, units.leverage, units.level_text])
def test_no_number(parse: object, value: object) -> None:
    assert callable(parse)
    with pytest.raises(units.UnitError) as caught:
        parse(value)
    assert caught.value.allowed


@pytest.mark.parametrize(
    ("parse", "value"),
    [(units.number, "5 %"), (units.money, "5 %"), (units.money, "5 bn EUR"), (units.fraction, "5 USD")],
)
def test_another_unit(parse: object, value: str) -> None:
    assert callable(parse)
    with pytest.raises(units.UnitError):
        parse(value)


def test_a_loss_above_1_has_its_unit() -> None:
    for text, share in {"30 %": 0.3, "3000%": 30.0, "0.3": 0.3, "1": 1.0, "15000 bp": 1.5, "-0.5": -0.5}.items():
        assert units.loss(text) == share
    for text in ("30", "1.0001", "1e3", "-2"):
        with pytest.raises(units.UnitError, match="% of NAV") as refused:
            units.loss(text)
        assert f'did you mean "{text} %"?' in refused.value.allowed


def test_leverage() -> None:
    assert units.leverage(6.5) == units.Leverage(6.5, relative=False)
    assert units.leverage("1.25 x start") == units.Leverage(1.25, relative=True)
    assert units.leverage("none").value == math.inf
    assert units.leverage("1.25 x start").at(4.0) == 5.0
    assert units.leverage(6.5).at(4.0) == 6.5
    for wrong in (0, -1, "-1 x start", "1.25 x NAV"):
        with pytest.raises(units.UnitError):
            units.leverage(wrong)


@pytest.mark.parametrize(
    ("value", "text"), [(0.99, "0.99"), ("0.990", "0.99"), ("99.9 %", "0.999"), ("9.5e-1", "0.95"), (1e-7, "0.0000001")]
)
def test_levels_are_decimal_text(value: object, text: str) -> None:
    assert units.level_text(value) == text


@pytest.mark.parametrize("value", [0, 1, 1.5, "100 %", -0.1])
def test_levels_lie_between_0_and_1(value: object) -> None:
    with pytest.raises(units.UnitError):
        units.level_text(value)
