"""Scenario files whose bytes, lines, numbers and units are changed in ways that follow from a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from mutated_tables import cut, flip, lines
from mutations import to_toml
from scenario_example import example, full_example

VALUES = (
    *("0", "1", "-1", "1.5", "1,5", "1_000", "1_", "+1", "-0.0", "1e3", "1E-3", ".5", "5.", "0x1F", "0b11", "0o17"),
    *("nan", "inf", "true", "false", "1979-05-27", '"15 %"', '"15%"', '"15 bp"', '"1,5 %"', '"1.234,5"', '"1_0.5 %"'),
    *('"5 bn USD"', '"5 mn"', '"5bn USD"', '"5 bn EUR"', '"$5"', '"(5)"', '"5-"', '" 5 "', '"5 %%"', '"5 percent"'),
    *('"1.25 x start"', '"1.25x start"', '"none"', '"start"', '""', "[]", "{}", "[1.0]", "'15 %'", '"""15 %"""'),
    *('"15\\u00a0%"', '"１５ %"', '"\\u0031"', '"1e2 %"', '"martingale"', '"1 e3"', '"+5 %"', '"--5"', '"0.1 % "'),
)
TOKENS = (
    *("#", "\n", "\r\n", "\r", ",", "=", ".", '"', "'", "[", "]", "{", "}", " ", "\t", "\u00a0", "\0", "\ufeff", "0"),
    *("-", "_", "e", "%", "\n# a note\n", "\n[shocks]\n", "\\", "1", "x"),
)


def _sectioned(document: dict[str, object]) -> str:
    """A document as people write it: simple keys, then a section for each table, and lists of tables apart."""
    text = to_toml({key: value for key, value in document.items() if not isinstance(value, dict | list)})
    for key, value in document.items():
        if isinstance(value, dict):
            text += f"\n[{key}]  # of the file\n{to_toml(value)}"
        elif isinstance(value, list):
            tables = [item for item in value if isinstance(item, dict)]
            for item in tables:
                text += f"\n[[{key}]]\n{to_toml(item)}"
            if not tables:
                text = to_toml({key: value}) + text
    return text


def insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(TOKENS).encode() + data[at:]


def value(rng: random.Random, data: bytes) -> bytes:
    """One number or text of the file replaced."""
    found = list(re.finditer(rb'(?<=[=,\[] )(?:"[^"]*"|[-+0-9.e]+)|(?<=\[)[-+0-9.e]+', data))
    at = rng.choice(found)
    return data[: at.start()] + rng.choice(VALUES).encode() + data[at.end() :]


def digit(rng: random.Random, data: bytes) -> bytes:
    at = rng.choice(list(re.finditer(rb"[0-9]", data))).start()
    return data[:at] + rng.choice((b"", b"7", b"0", b"70", b"_1", b".1", b"1.", b"e1", b",1")) + data[at + 1 :]


def respell(rng: random.Random, data: bytes) -> bytes:
    """A fraction of the file in another form, which need not be of the same size."""
    at = rng.choice(list(re.finditer(rb"(?<= |\[)0\.[0-9]+(?=[,}\]\n])", data)))
    digits = at.group()[2:].decode()
    forms = (
        '"{0} %"',
        '"{0}.5 %"',
        '"{0}%"',
        '" {0} bp "',
        "0.{0}5",
        "{0}e-2",
        "0.0{0}",
        '"0.{0}"',
        '".{0}"',
        "0.{0}_0",
    )
    return data[: at.start()] + rng.choice(forms).format(digits).encode() + data[at.end() :]


def unit(rng: random.Random, data: bytes) -> bytes:
    found = list(re.finditer(rb"(?: ?%| bp| ?bn USD| ?tn USD| x start)(?=\")", data))
    at = rng.choice(found)
    other = rng.choice((b"", b" %", b"%", b" bp", b" bn USD", b" mn USD", b"k", b" USD", b" EUR", b" x start", b" M"))
    return data[: at.start()] + other + data[at.end() :]


CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(flip, cut, insert, lines, value, value, digit, digit, unit, respell, respell, respell),
)


def texts(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` times what was done, and the bytes of a scenario file; the same for the same seed."""
    known = [_sectioned(example()).encode(), _sectioned(full_example()).encode()]
    for n in range(count):
        rng = random.Random(f"{seed}/{n}")
        data, done = rng.choice(known), []
        for _ in range(rng.choice((1, 1, 1, 2))):
            change = rng.choice(CHANGES)
            data = change(rng, data)
            done.append(change.__name__)
        yield f"{seed}/{n} {'+'.join(done)}", data
