"""Counts and sizes as typed on a command line."""

from __future__ import annotations

import pytest

from stress.cli.quantities import format_seconds, format_size, parse_positive, parse_size
from stress.options import parse_count


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("1e6", 10**6), ("1_000_000", 10**6), ("2.5e3", 2500), (" 7 ", 7), ("18446744073709551615", 2**64 - 1)],
)
def test_counts(text: str, number: int) -> None:
    assert parse_count(text) == number


@pytest.mark.parametrize(
    "text", ["", "ten", "1.5", "-1", "nan", "inf", "1e-3", "1,000", "18446744073709551616", "1e999999999"]
)
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        parse_count(text)


def test_a_positive_count_is_at_least_one() -> None:
    assert parse_positive("1") == 1
    with pytest.raises(ValueError, match="less than 1"):
        parse_positive("0")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8 GB", 8 * 10**9),
        ("8GiB", 8 * 2**30),
        ("512 MiB", 512 * 2**20),
        ("1.5 kB", 1500),
        ("2e9", 2 * 10**9),
        ("64 k", 64_000),
        ("1 TB", 10**12),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "8 XB", "-1 GB", "0", "1.2.3 GB", "8 i", "1e30 GB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"size|unit|number|between"):
        parse_size(text)


def test_numbers_for_a_reader() -> None:
    assert [format_size(n) for n in (999, 999_499, 999_999, 999.9e9)] == ["999 B", "999 kB", "1 MB", "1 TB"]
    assert [format_size(n) for n in (12, 1500, 2.5e9, 3e12, 5e15)] == ["12 B", "1.5 kB", "2.5 GB", "3 TB", "5e+03 TB"]
    assert [format_seconds(s) for s in (0.25, 12.4, 200, 7500)] == ["0.2 s", "12 s", "3 min 20 s", "2 h 5 min"]
