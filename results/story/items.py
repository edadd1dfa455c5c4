"""Lists of a story as people read them: the largest first, and how many others there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import xarray as xr

BILLION = 1e9
NEGLIGIBLE = 5e5  # USD: reads as 0.000 bn
FLAT = 5e-5  # of a price or of NAV: reads as 0.00 %
Item = tuple[str, float]


def largest_first(values: xr.DataArray, dim: str, least: float, first: Sequence[str] = ()) -> list[Item]:
    """(label, value) of a variable by `dim` alone whose size is at least `least`, ties in the order of their labels.

    Those named in `first` go before the others; the system is left out.
    """
    pairs = zip(values[dim].values.tolist(), values.values.tolist(), strict=True)
    found = [(str(label), float(x)) for label, x in pairs if (dim, label) != ("fund", "system") and abs(x) >= least]
    return sorted(found, key=lambda item: (item[0] not in first, -abs(item[1]), item[0]))


def listed(
    items: Sequence[Item],
    write: Callable[[float], str],
    top: int,
    total: bool = True,
    beside: Mapping[str, str] | None = None,
) -> str:
    """`semis 2.10, tech 1.90 and 3 others (0.80)`: the first `top` and, with `total`, the sum of the others.

    Args:
        items: in the order in which they are named.
        write: a value as text.
        top: how many are named; one more is named rather than counted.
        total: whether the sum of the others means something.
        beside: what stands after the value of a label.
    """
    shown = items if len(items) <= top + 1 else items[:top]
    text = ", ".join(f"{label} {write(value)}{(beside or {}).get(label, '')}" for label, value in shown)
    left = items[len(shown) :]
    if not left:
        return text
    rest = f" ({write(math.fsum(value for _, value in left))})" if total else ""
    return f"{text} and {len(left)} others{rest}"


def billions(usd: float) -> str:
    """An amount in bn USD with three significant digits and no exponent: `0.012`, `1.20`, `187`, `1,240`."""
    value = usd / BILLION
    if abs(value) < NEGLIGIBLE / BILLION:
        return "0"
    places = min(max(2 - math.floor(math.log10(abs(value))), 0), 3)
    return f"{value:,.{places}f}"


def percent(fraction: float, places: int = 2) -> str:
    """`7.52 %`, never a negative zero."""
    return f"{round(100 * fraction, places) + 0.0:.{places}f} %"


def points(fraction: float) -> str:
    """`+0.42`, `-9.1`: a change in %, with a second decimal where it is small."""
    places = 1 if abs(fraction) >= 0.0095 else 2
    return f"{round(100 * fraction, places) + 0.0:+.{places}f}"


def counted(count: int, one: str) -> str:
    """`1 member`, `3 members`."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def joined(parts: Iterable[str]) -> str:
    """`a, b and c`."""
    every = list(parts)
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}" if every else ""
