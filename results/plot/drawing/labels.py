"""Words and numbers on a figure: names made harmless, units from a variable's attributes."""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

LONGEST_NAME = 22  # characters
LINE = 42  # characters of a line of text
SYSTEM = "system"
AMOUNTS = {1e12: "tn", 1e9: "bn", 1e6: "m", 1e3: "k"}
FRACTION = re.compile(r",? (?:as )?(?:a )?fraction of (?P<whole>.+)$")
SHARES = ("share of", "probability of")


@dataclass(frozen=True)
class Scale:
    """What a variable is and how it is written: `factor` turns its values into `unit`, the text after a number."""

    what: str
    unit: str
    factor: float

    @property
    def heading(self) -> str:
        """What is drawn, as the beginning of a title."""
        return self.what[:1].upper() + self.what[1:]

    def text(self, value: float) -> str:
        """A value of the dataset with its unit."""
        return f"{number(value * self.factor)} {self.unit}".rstrip()


def scale_of(variable: xr.DataArray, values: npt.ArrayLike | None = None) -> Scale:
    """How to write `variable`, from its `long_name` and `units`; amounts in k, m, bn or tn by the largest of `values`.

    Fractions and shares are written in %. `values` are those of the variable if not given.
    """
    what, units = str(variable.attrs.get("long_name", variable.name)), str(variable.attrs.get("units", "1"))
    if units in {"1", ""}:
        fraction = FRACTION.search(what)
        if fraction:
            return Scale(literal(what[: fraction.start()]), literal(f"% of {fraction['whole']}"), 100.0)
        return Scale(literal(what), "%", 100.0) if what.startswith(SHARES) else Scale(literal(what), "", 1.0)
    if units == "d":
        return Scale(literal(what), "days", 1.0)
    shown = np.abs(np.asarray(variable.values if values is None else values, np.float64))
    largest = float(np.max(shown, where=np.isfinite(shown), initial=0.0))
    size = next((size for size in AMOUNTS if largest >= size), 1.0)
    return Scale(literal(what), f"{AMOUNTS.get(size, '')} {literal(units)}".strip(), 1.0 / size)


def literal(text: str) -> str:
    """`text` on one line as matplotlib draws it: `$` starts no mathematics, control characters are left out."""
    kept = "".join(" " if letter.isspace() else letter for letter in text)
    kept = "".join(letter for letter in kept if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Cn", "Co"})
    return " ".join(kept.split()).replace("$", r"\$")


def name(label: object, longest: int = LONGEST_NAME) -> str:
    """The name of a fund, asset or broker: harmless, and shortened in its middle where it is long."""
    plain = "whole system" if label == SYSTEM else literal(str(label)).replace(r"\$", "$")
    if len(plain) > longest:
        tail = longest // 3
        plain = f"{plain[: longest - tail - 1]}…{plain[-tail:]}"
    # A legend leaves out labels that start with an underscore: a thin space keeps them in.
    return ("\u2009" + plain if plain.startswith("_") else plain or "?").replace("$", r"\$")


def number(value: float, digits: int = 3) -> str:
    """`digits` significant digits without exponent where that is short; "–" for NaN."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    if value == 0:
        return "0"
    whole = math.floor(math.log10(abs(value))) + 1
    text = f"{value:.{digits - 1}e}" if whole > 6 or whole < -3 else f"{value:.{max(digits - whole, 0)}f}"
    return text.replace("-", "−")


def numbers(values: Iterable[float]) -> list[str]:
    """Numbers of one column: as many decimals as give the largest three significant digits."""
    listed = [float(value) for value in values]
    largest = max((abs(value) for value in listed if math.isfinite(value)), default=0.0)
    decimals = 0 if largest == 0 else min(max(2 - math.floor(math.log10(largest)), 0), 6)
    return [fixed(value, decimals) for value in listed]


def fixed(value: float, decimals: int) -> str:
    """`value` with so many decimals, never a negative zero; NaN and infinite values as `number` writes them."""
    if not math.isfinite(value):
        return number(value)
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def ranges(steps: Iterable[int]) -> str:
    """Ascending whole numbers, neighbours drawn together: "1, 3 to 7"."""
    runs: list[list[int]] = []
    for step in steps:
        if runs and step == runs[-1][-1] + 1:
            runs[-1].append(step)
        else:
            runs.append([step])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def percent(value: float, digits: int = 1) -> str:
    """A fraction in %, never a negative zero."""
    return f"{fixed(100 * value, digits)} %"


def level_name(level: float) -> str:
    """A level of VaR and ES in %; 0 stands for the mean."""
    return "mean" if level == 0 else f"{100 * level:g} %"


def wrapped(text: str, line: int = LINE) -> str:
    """`text` in lines of at most `line` characters."""
    return "\n".join(textwrap.wrap(text, line, break_long_words=False))
