"""Numbers as people read them in a terminal: as many decimals as the error deserves, in plain tables."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from stress.results.statistics.few_paths import FEWEST

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

BILLION = 1e9
UNITS = (("bn USD", BILLION), ("m USD", 1e6), ("k USD", 1e3), ("USD", 1.0))
TOO_FEW = "±?"  # too few paths for an error
LABEL_WIDTH = 22  # columns of the name of a fund or an asset


def decimals(value: float, error: float, most: int) -> int:
    """As many decimals as the first two digits of the error deserve; by the size of the number without an error."""
    size = error if math.isfinite(error) and error > 0 else value / 1000
    return most if not size or not math.isfinite(size) else min(max(1 - math.floor(math.log10(abs(size))), 0), most)


def fixed(value: float, places: int) -> str:
    """The number with `places` decimals, thousands without; "-" for NaN."""
    if math.isnan(value):
        return "-"
    value = round(value, places) + 0.0  # never a negative zero
    return f"{value:,.{places}f}" if abs(value) < 1000 else f"{value:,.0f}"


def error_text(error: float, places: int) -> str:
    """The error with as many decimals as its number; one that would read 0.00 is given as a bound."""
    if math.isnan(error):
        return ""
    if math.isinf(error):
        return TOO_FEW
    smallest = 10.0**-places
    if 0 < error < smallest / 2:
        return f"<{smallest:.{places}f}"
    return f"±{fixed(error, places)}"


def with_error(value: float, error: float, places: int) -> str:
    """The number with its error beside it, in a sentence or one cell: `5.90 ±0.03`, `5.90 ±<0.01`."""
    beside = error_text(error, places)
    return f"{fixed(value, places)} {'±' if beside.startswith('<') else ''}{beside}".rstrip()


def money_unit(amounts: Iterable[float]) -> tuple[str, float]:
    """The unit in which the largest of these amounts (USD) has a digit before the point, and the factor to it."""
    largest = max((abs(x) for x in amounts if math.isfinite(x)), default=0.0)
    name, size = next(((name, size) for name, size in UNITS if largest >= size), UNITS[-1 if largest else 0])
    return name, 1 / size


def money(usd: float) -> str:
    """An amount for a reader: `650 bn USD`, `2.5 m USD`."""
    unit, factor = money_unit([usd])
    return f"{usd * factor:,.0f} {unit}" if abs(usd * factor) >= 10 else f"{usd * factor:,.3g} {unit}"


def percent(fraction: float) -> str:
    """A level for a reader: 0.99 is `99 %`."""
    return f"{100 * fraction:g} %"


def printable(text: str) -> str:
    """A text from a file for a terminal: what would steer the terminal is written as an escape."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def paths_needed(level: float) -> int:
    """From how many paths VaR and ES at a level have an error: 1,000 at 0.99."""
    return math.ceil(FEWEST / (1 - Fraction(repr(level))))


def few_paths(level: float, paths: int) -> str:
    """A sentence where VaR and ES have no error, nor differences of them."""
    what = f"VaR and ES {percent(level)} and for what changes them"
    return f"{paths:,} paths are too few for {what}: --paths {paths_needed(level)} is the least."


def estimate(value: float, error: float, most: int = 2, few: bool = False) -> Text:
    """The number, and below it its standard error; none below a zero that was found on every path, or a dash.

    Where the paths are too few for any figure of its kind (`few`), a zero says nothing either, and has ±? below it.
    """
    from rich.text import Text

    places = decimals(value, error, most)
    if few and not math.isnan(value):
        return Text.assemble(fixed(value, places), "\n", (TOO_FEW, "dim"))
    nothing = math.isnan(value) or (value == 0 and math.isinf(error))
    return Text.assemble(fixed(value, places), "\n", ("" if nothing else error_text(error, places), "dim"))


def named(label: str, second: str = "") -> Text:
    """The bold name of a row, with what stands below it; a name from a file is text, never markup."""
    from rich.text import Text

    label = printable(label)
    return Text.assemble((label, "bold"), "\n", (second, "dim")) if second else Text(label, "bold")


def plain_table(title: str, gap: int = 1) -> Table:
    """A table without frames, its title to the left; `gap` blanks between columns."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    return Table(
        title=Text(printable(title)),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, gap, 0, 0),
        pad_edge=False,
    )


def add_label_column(table: Table, heading: str, width: int = LABEL_WIDTH) -> None:
    """A column of names, cut off at `width`."""
    table.add_column(heading, no_wrap=True, max_width=width)


def add_number_columns(table: Table, *headings: str) -> None:
    """Columns of numbers, aligned to the right and never wrapped."""
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
