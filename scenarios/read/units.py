"""Numbers with units, read once at the edge: everything behind it is in base units (fractions, USD)."""

from __future__ import annotations

import math
import re
from decimal import Decimal, DecimalException
from typing import NamedTuple

_DIGITS = r"\d+(?:_\d+)*"  # an underscore stands between digits
_NUMBER = rf"[+-]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?\d+)?"
_WITH_UNIT = re.compile(rf"^\s*({_NUMBER})\s*(.*?)\s*$", re.ASCII)
_RELATIVE = re.compile(rf"^\s*({_NUMBER})\s*x\s+start\s*$", re.ASCII)

_LONGEST = 100  # characters of a number with its unit
_MOST_DECIMALS = 15  # of a level

_FRACTION_UNITS = {"": 0, "%": -2, "bp": -4}
_MONEY_UNITS = {"": 0, "k": 3, "m": 6, "mn": 6, "bn": 9, "tn": 12}

NUMBER_ALLOWED = "a finite number"
FRACTION_ALLOWED = 'a finite number as a fraction (0.39), or text with a unit: "39 %", "25 bp"'
MONEY_ALLOWED = 'a finite number in USD (70e9), or text with a unit: "70 bn USD" (k, mn, bn, tn)'
LEVERAGE_ALLOWED = 'a positive multiple of NAV (6.5), "1.25 x start" (times the fund\'s own start gross) or "none"'

VOLATILITY_ALLOWED = (
    'an annual volatility of P&L over NAV (0.1, "10 %"), "start", "1.1 x start" (times the fund\'s own at the start) '
    'or "none"'
)


class UnitError(ValueError):
    """A value that is no number of the kind expected; `allowed` says what is."""

    def __init__(self, problem: str, allowed: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.allowed = allowed


class Leverage(NamedTuple):
    """A leverage level: `value` as a multiple of NAV, or of the fund's start gross where `relative`; inf = no limit."""

    value: float
    relative: bool

    def at(self, start_gross: float) -> float:
        """The level as a multiple of NAV for a fund that starts at `start_gross`."""
        return self.value * start_gross if self.relative else self.value


class Volatility(NamedTuple):
    """The volatility a fund keeps to: annual, or a multiple of the one at its start where `relative`; inf = none."""

    value: float
    relative: bool


def number(value: object) -> float:
    """A finite number without a unit; underscores and exponents are fine in text.

    Raises:
        UnitError: not a number, NaN or infinite.
    """
    return _quantity(value, {"": 0}, NUMBER_ALLOWED)


def fraction(value: object) -> float:
    """A fraction: 0.39, "39 %" and "3900 bp" are the same float.

    Raises:
        UnitError: not a number, NaN, infinite or another unit.
    """
    return _quantity(value, _FRACTION_UNITS, FRACTION_ALLOWED)


def loss(text: str) -> float:
    """A share of NAV as one types it: a fraction; above 1 with its unit, as "30" is rather 30 % than 3,000 %.

    Raises:
        UnitError: not a fraction, or one beyond 1 without a unit.
    """
    share = fraction(text)
    if abs(share) > 1 and share == _bare(text):
        shown = text.strip()
        raise UnitError(
            f"is {100 * share:,.10g} % of NAV", f'a fraction up to 1, or a percentage; did you mean "{shown} %"?'
        )
    return share


def money(value: object) -> float:
    """USD: 70e9, "70 bn USD" and "70bn" are the same float.

    Raises:
        UnitError: not a number, NaN, infinite, another unit or currency.
    """
    if isinstance(value, str):
        value = value.rstrip().removesuffix("USD").rstrip()
    return _quantity(value, _MONEY_UNITS, MONEY_ALLOWED)


def leverage(value: object) -> Leverage:
    """A leverage limit: a number, "1.25 x start", or "none" (no limit).

    Raises:
        UnitError: anything else, or a level that is not positive.
    """
    _check_length(value, LEVERAGE_ALLOWED)
    relative = False
    if isinstance(value, str):
        if value.strip() == "none":
            return Leverage(math.inf, False)
        match = _RELATIVE.match(value)
        if match:
            relative, value = True, match.group(1)
    level = _quantity(value, {"": 0}, LEVERAGE_ALLOWED)
    if level <= 0:
        raise UnitError("is not positive", LEVERAGE_ALLOWED)
    return Leverage(level, relative)


def fund_volatility(value: object) -> Volatility:
    """The volatility a fund keeps to: annual, "start", "1.1 x start", or "none".

    Raises:
        UnitError: anything else, or a level that is not positive.
    """
    _check_length(value, VOLATILITY_ALLOWED)
    relative = False
    if isinstance(value, str):
        if value.strip() == "none":
            return Volatility(math.inf, False)
        match = _RELATIVE.match("1 x start" if value.strip() == "start" else value)
        if match:
            relative, value = True, match.group(1)
    level = _quantity(value, {"": 0} if relative else _FRACTION_UNITS, VOLATILITY_ALLOWED)
    if level <= 0:
        raise UnitError("is not positive", VOLATILITY_ALLOWED)
    return Volatility(level, relative)


def level_text(value: object) -> str:
    """A confidence level as shortest decimal text ("99 %" and 0.99 give "0.99"), strictly between 0 and 1.

    Raises:
        UnitError: not a number strictly between 0 and 1.
    """
    allowed = 'a number strictly between 0 and 1, such as 0.99, "0.999" or "99.9 %"'
    exact = _decimal(value, _FRACTION_UNITS, allowed)
    if not 0 < exact < 1:
        raise UnitError("is outside (0, 1)", allowed)
    if exact != round(exact, _MOST_DECIMALS):
        raise UnitError(f"has more than {_MOST_DECIMALS} decimals", allowed)
    return format(exact.normalize(), "f")


def _bare(text: str) -> float | None:
    """The number of a text that has no unit."""
    try:
        return number(text)
    except UnitError:
        return None


def _check_length(value: object, allowed: str) -> None:
    """Before a pattern is matched: its time grows faster than the text."""
    if isinstance(value, str) and len(value) > _LONGEST:
        raise UnitError(f"has more than {_LONGEST} characters", allowed)


def _quantity(value: object, units: dict[str, int], allowed: str) -> float:
    try:
        result = float(_decimal(value, units, allowed))
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise UnitError("is too large", allowed)
    return result


def _decimal(value: object, units: dict[str, int], allowed: str) -> Decimal:
    """Exact decimal value: a percentage is shifted, not divided, so that "9.95 %" is the same float as 0.0995."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise UnitError("is not a number", allowed)
    if isinstance(value, int):
        if value.bit_length() > 1024:  # a float ends there, and Python writes no digits of much larger ones
            raise UnitError("is too large", allowed)
        return Decimal(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UnitError("is not finite", allowed)
        return Decimal(repr(value))
    _check_length(value, allowed)
    match = _WITH_UNIT.match(value)
    if match is None:
        problem = (
            "is not finite" if value.strip().lower().lstrip("+-") in {"nan", "inf", "infinity"} else "is no number"
        )
        raise UnitError(problem, allowed)
    digits, unit = match.groups()
    if unit not in units:
        raise UnitError(f"has the unknown unit {unit!r}", allowed)
    try:
        return Decimal(digits.replace("_", "")).scaleb(units[unit])
    except DecimalException as error:
        raise UnitError("is no number", allowed) from error


NO_LEVERAGE = Leverage(math.inf, False)


def written(level: Leverage | Volatility) -> float | str:
    """A level as a file has it: a number, `"1.1 x start"` or `"none"`."""
    if level.value == math.inf:
        return "none"
    return f"{level.value!r} x start" if level.relative else level.value
