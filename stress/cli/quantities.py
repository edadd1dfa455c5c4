"""Counts and sizes as people write them on a command line, and back."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from stress.options import LARGEST, LARGEST_TILE, SMALLEST_TILE, is_tile, parse_count

UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
BINARY_UNITS = {"KI": 1024, "MI": 1024**2, "GI": 1024**3, "TI": 1024**4}
SIZE = re.compile(r"\s*([0-9_.]+(?:[eE][0-9]+)?)\s*([KMGT]?I?)B?\s*", re.IGNORECASE)


def parse_positive(text: str) -> int:
    """A count of at least one."""
    number = parse_count(text)
    if number < 1:
        raise ValueError(f"{text!r} is less than 1")
    return number


def parse_tile(text: str) -> int:
    """Paths of a tile."""
    number = parse_count(text) if not str(text).lstrip().startswith("-") else 0
    if not is_tile(number):
        raise ValueError(f"{text!r} is not a power of two from {SMALLEST_TILE:,} to {LARGEST_TILE:,}")
    return number


def parse_size(text: str) -> int:
    """Bytes from `8 GB` (powers of 1000), `8 GiB` (powers of 1024) or a bare number of bytes."""
    match = SIZE.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a size such as '8 GB', '512 MiB' or a number of bytes")
    unit = match.group(2).upper()
    factor = BINARY_UNITS.get(unit) or UNITS.get(unit)
    if factor is None:
        raise ValueError(f"{text!r} has an unknown unit; known: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB")
    try:
        size = Decimal(match.group(1)) * factor
    except InvalidOperation:
        raise ValueError(f"{text!r} does not start with a number") from None
    if not 1 <= size <= LARGEST:
        raise ValueError(f"{text!r} is not between 1 byte and {LARGEST} bytes")
    return int(size)


def format_size(size: float) -> str:
    """Bytes for a reader: `1.5 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 999.5:  # else three digits round to the next unit
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def format_seconds(seconds: float) -> str:
    """A duration for a reader: `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
