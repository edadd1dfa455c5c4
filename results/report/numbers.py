"""Numbers as people read them: as many digits as the error deserves, the unit in the heading."""

from __future__ import annotations

import math

from stress.results.report.elements import MOST_SHADE, Cell
from stress.results.terminal.cells import decimals, error_text, fixed, money_unit

SYSTEM = "system"
WHOLE = "whole system"
ROUNDING = 1e-6  # of a number in single precision
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def called(fund: str) -> str:
    """A fund as it is written: `system` is all of them."""
    return WHOLE if fund == SYSTEM else fund


def unbroken(text: str) -> str:
    """A text that stays on one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def cell(value: float, error: float = math.nan, scale: float = 1.0, most: int = 2) -> Cell:
    """A number and its standard error, with at most `most` decimals."""
    places = decimals(value * scale, error * scale, most)
    # No spread beyond that of rounding, as where nothing is drawn at random, is no estimate of an error.
    known = math.isfinite(value) and not abs(error) <= ROUNDING * abs(value)
    if math.isinf(error):
        return Cell(_number(value * scale, places), "too few paths" if value else "")
    return Cell(_number(value * scale, places), error_text(error * scale, places) if known else "")


def spoken(value: float, error: float, unit: str, scale: float = 1.0, most: int = 2) -> str:
    """The same for a sentence: `3.41 ± 0.01 %`."""
    places = decimals(value * scale, error * scale, most)
    text, spread = _number(value * scale, places), error * scale
    space = " " if unit else ""
    if math.isinf(spread) and math.isfinite(value) and value:
        return f"{text}{space}{unit} (too few paths for an error)"
    if not math.isfinite(spread) or spread == 0 or not math.isfinite(value):
        return f"{text}{space}{unit}"
    if spread < 10.0**-places / 2:
        return f"{text}{space}{unit} (standard error under {10.0**-places:.{places}f})"
    return f"{text} ± {fixed(spread, places)}{space}{unit}"


def amount(usd: float, error: float) -> str:
    """An amount in its own unit, for a sentence: `2.53 ± 0.04 m USD`."""
    return spoken(usd, error, *money_unit([usd]))


def shown(value: float, scale: float = 1.0, places: int = 2) -> str:
    """A number with so many decimals."""
    return _number(value * scale, places)


def plain(value: float, digits: int = 4) -> str:
    """A setting or a share, with so many digits that count; in powers of ten only where it is very small."""
    if not math.isfinite(value):
        return _number(value, 0)
    if value and not 1e-4 <= abs(value) < 1e15:
        digits_of, _, power = f"{value:.{digits - 1}e}".partition("e")
        mantissa = digits_of.rstrip("0").rstrip(".") if "." in digits_of else digits_of
        return f"{mantissa} × 10{str(int(power)).translate(RAISED)}".replace("-", "−")
    rounded = float(f"{value:.{digits}g}") if abs(value) < 1e4 else round(value)
    return f"{rounded:,.10f}".rstrip("0").rstrip(".") if rounded % 1 else f"{rounded:,.0f}"


def shade(value: float, largest: float) -> int:
    """How dark the cell of `value` is beside that of `largest`: in equal steps, and never white where it is not 0."""
    if not largest or not math.isfinite(value) or not value:
        return 0
    return int(math.copysign(min(max(math.ceil(MOST_SHADE * abs(value) / largest), 1), MOST_SHADE), value))


def _number(value: float, places: int) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return fixed(value, places).replace("-", "−") if math.isfinite(value) else "-"
