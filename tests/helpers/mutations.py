"""Hostile inputs: scenario files, documents, data files and assignments, broken in ways that follow from a seed."""

from __future__ import annotations

import copy
import json
import random
import tomllib
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from scenario_example import full_example
from stress.scenarios.library import library_path, list_names

MAIN = "scenario.toml"
HUGE = 10**400
HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 64, 1000, 10**9, 2**63, 2**64, HUGE, -HUGE, 16**5000, -(10**18)),
    *(0.0, -0.0, 1e308, -1e308, 1e-308, 5e-324, 1e39, 1e-46, 0.5, 1.5, float("nan"), float("inf"), float("-inf")),
    *("", " ", "nan", "inf", "-Infinity", "1e400", "1e-400", "1e999999999", "1e-999999999", "0x10", "1_", "_1", "1__0"),
    *("39 %%", "٣ %", "²", "1 bn EUR", "1e400 %", "none", "start", "1 x start", "1e308 x start", "1e-320 x start"),
    *("\0", "a\0b", "../../etc/passwd", "/etc/passwd", "/dev/zero", "/", ".", "..", "~", "nowhere.csv", "a\nb"),
    *("\x1b[31mred", "\u202eabc", "ѕemis", "é", "\u2028", "[bold]x[/bold]", "9" * 5000, "1" * 20_000 + "\nx"),
    *("1" + " " * 20_000 + "\nx", "x" * 200_000, "1e308 bn USD", "1e300 tn USD", "-5 %", "system", "quant", "semis"),
    *([], {}, [[]], [{}], [None], {"": 1}, {"id": "semis"}, {"semis": 1e308}, {"a" * 10_000: 1}, {"x\x1b[1m": 2}),
    *([1.0] * 3, [[1.0, 1.0]], [0.5] * 5000, [["5 %", 0.1]], [[1e308, 1.0]], [[1e-320, 1.0]], [5e-324], ["1e-999999"]),
    *(date(2024, 2, 29), datetime(1979, 5, 27, 7, 32), time(7, 32)),
)
TOKENS = (
    *("nan", "inf", "-inf", "1e400", "-0.0", "1e308", "1e-308", "0xffff", "0b1", "1" * 400, "9" * 5000),
    *('""', "''", "[]", "{}", "true", "1979-05-27", "07:32:00", '"\\u0000"', '"' + "x" * 100_000 + '"', "[" * 2000),
    *("[" * 300 + "]" * 300, "{a=" * 200 + "1" + "}" * 200, "a." * 3000 + "a = 1", '"\\ud800"', '"""', "[[assets]]"),
    *("0x" + "f" * 5000, "[horizon]", "[funds]", "[" + ",".join(["1"] * 20_000) + "]", "#", "\0", "\ufeff"),
    *("=", "\r", "\x1b[2J", "\u202e"),
)
CELLS = (
    *("", "nan", "inf", "-1", "2", "0", "1e308", "1e-320", "1e400", "²", "٣", "9" * 5000, "x" * 200_000, '"', '"a,b"'),
    *("a\0b", "39 %", "true", "semis", "../x", "\x1b[31m", "\u2028", "=1+1", "1" + " " * 20_000 + "\vx", "system"),
)
SIGNS = ("\0", "\ud800", "\ufeff", "\r", "\r\n", '"', "[", "]", "=", "\x1b", ",", "\n")
BYTES = (b"\xff", b"\xc3", *(sign.encode("utf-8", "surrogatepass") for sign in SIGNS))


@dataclass(frozen=True)
class Case:
    """One hostile input: files of a folder with `scenario.toml` among them, or a document, and assignments."""

    what: str
    files: dict[str, bytes] = field(default_factory=dict)
    document: dict[str, Any] | None = None
    overrides: tuple[str, ...] = ()


def sources() -> dict[str, dict[str, bytes]]:
    """The files of every library scenario, and of the example that has every key, by name."""
    folder = library_path("desk").parent
    tables = {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}
    found = {"example": {MAIN: to_toml(full_example()).encode()}}
    for name in sorted(list_names()):
        text = library_path(name).read_bytes()
        found[name] = {MAIN: text} | {table: data for table, data in tables.items() if table.encode() in text}
    return found


def to_toml(document: dict[str, Any]) -> str:
    """A document as TOML, its tables inline."""
    return "\n".join(f"{key} = {_inline(value)}" for key, value in document.items()) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)


def cases(seed: int, count: int) -> Iterator[Case]:
    """`count` inputs, the same for the same seed."""
    known = sources()
    kinds: tuple[Callable[[random.Random, str, dict[str, bytes]], Case], ...] = (
        _text,
        _document,
        _document,
        _table,
        _set,
    )
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        name = rng.choice(sorted(known))
        kind = kinds[number % len(kinds)]
        if kind is _table and len(known[name]) == 1:
            name = rng.choice([other for other in sorted(known) if len(known[other]) > 1])
        case = kind(rng, name, known[name])
        yield Case(f"{seed}/{number} {name}: {case.what}", case.files, case.document, case.overrides)


def _text(rng: random.Random, name: str, files: dict[str, bytes]) -> Case:
    """The bytes of the scenario file broken."""
    data, done = files[MAIN], []
    for _ in range(rng.choice((1, 1, 2, 4))):
        what = rng.choice((_flip, _cut, _insert, _line_twice, _value_of_line, _value_of_line, _endings, _lookalike))
        data = what(rng, data)
        done.append(what.__name__.strip("_"))
    return Case(", ".join(done), files | {MAIN: data})


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 3, 20))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(rng: random.Random, data: bytes) -> bytes:
    start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return rng.choice((data[:start], data[start:], data[:start] + data[end:], b""))


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.choice((0, rng.randrange(len(data) + 1), len(data)))
    return data[:at] + rng.choice((*BYTES, rng.choice(TOKENS).encode())) + data[at:]


def _line_twice(rng: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    first = rng.randrange(len(lines))
    some = lines[first : first + rng.choice((1, 1, 5, 40))]
    at = rng.choice((first, rng.randrange(len(lines) + 1)))
    return b"".join(lines[:at] + some + lines[at:])


def _value_of_line(rng: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    places = [n for n, line in enumerate(lines) if b"=" in line]
    if places:
        at = rng.choice(places)
        lines[at] = lines[at].split(b"=")[0] + b"= " + rng.choice(TOKENS).encode() + b"\n"
    return b"".join(lines)


def _endings(rng: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    return rng.choice(
        (
            data.replace(b"\n", b"\r\n"),
            data.replace(b"\n", b"\r"),
            b"\xef\xbb\xbf" + data,
            text.encode("utf-16"),
            data * 2,
        )
    )


def _lookalike(rng: random.Random, data: bytes) -> bytes:
    old, new = rng.choice((("a", "а"), ("=", "＝"), ("1", "１"), (".", "․"), ("-", "−"), ('"', "”"), (" ", "\u00a0")))
    return data.replace(old.encode(), new.encode(), rng.choice((1, 3, -1)))


def _places(here: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every entry of a document, the tables and lists among them too."""
    items = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _places(value, (*path, key))


def _document(rng: random.Random, name: str, files: dict[str, bytes]) -> Case:
    """Values of the document replaced, its keys removed, renamed and repeated."""
    document: dict[str, Any] = tomllib.loads(files[MAIN].decode())
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        path = rng.choice(list(_places(document)) or [("name",)])
        here: MutableMapping[Any, Any] | MutableSequence[Any] = _at(document, path[:-1])
        done.append(f"{'.'.join(map(str, path))[:80]} {_change(rng, document, here, path[-1])}")
    data = {name: content for name, content in files.items() if name != MAIN}
    return Case("; ".join(done), data, document)


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        document = document[part]
    return document


def _change(rng: random.Random, document: Any, here: Any, key: Any) -> str:
    """One change of the entry `key` of a table or list; returns what was done."""
    what = rng.choice(("value", "value", "value", "value", "scale", "remove", "rename", "repeat", "swap", "nest"))
    old = here.get(key) if isinstance(here, dict) else here[key]
    if what == "scale" and isinstance(old, int | float) and not isinstance(old, bool) and abs(old) < 1e300:
        here[key] = old * rng.choice((-1, 0, 0.5, 2, 10, 1e3, 1e9, 1e30, 1e-9, 1e-30))
    elif what == "remove" and key in (here if isinstance(here, dict) else range(len(here))):
        del here[key]
    elif what == "rename" and isinstance(here, dict):
        here[rng.choice((f"{key}s", str(key).upper(), str(key)[1:], "id", "x\x1b[31m", "x" * 5000, ""))] = here.pop(
            key, 1
        )
    elif what == "repeat" and isinstance(here, list):
        here[key:key] = copy.deepcopy([old] * rng.choice((1, 2, 3000)))
    elif what == "swap":
        here[key] = copy.deepcopy(_at(document, rng.choice(list(_places(document)))))
    elif what == "nest":
        for _ in range(rng.choice((1, 3, 60))):
            old = rng.choice(([old], {"positions": old}))
        here[key] = old
    else:
        what, here[key] = "value", copy.deepcopy(rng.choice(HOSTILE))
        return f"= {_short(here[key])}"
    return what


def _short(value: object) -> str:
    return "an integer of many digits" if isinstance(value, int) and abs(value) > 2**64 else repr(value)[:40]


def _table(rng: random.Random, name: str, files: dict[str, bytes]) -> Case:
    """One data file broken: its bytes, rows, header or cells."""
    table = rng.choice([file for file in files if file != MAIN])
    data, done = files[table], []
    for _ in range(rng.choice((1, 1, 2))):
        what = rng.choice(
            (_flip, _cut, _insert, _endings, _lookalike, _line_twice, _cell, _cell, _cell, _cell, _header)
        )
        data = what(rng, data)
        done.append(what.__name__.strip("_"))
    return Case(f"{table}: {', '.join(done)}", files | {table: data})


def _cell(rng: random.Random, data: bytes) -> bytes:
    rows = [line.split(b",") for line in data.splitlines()] or [[b""]]
    row = rng.choice(rows)
    change = rng.choice(("cell", "cell", "cell", "longer", "shorter"))
    if change == "cell":
        row[rng.randrange(len(row))] = rng.choice(CELLS).encode()
    elif change == "longer":
        row.append(rng.choice(CELLS).encode())
    else:
        row.pop()
    return b"\n".join(b",".join(row) for row in rows) + b"\n"


def _header(rng: random.Random, data: bytes) -> bytes:
    lines = [line for line in data.splitlines() if not line.startswith(b"#")] or [b""]
    many = b",".join(b"c%d" % n for n in range(20_000))
    other = (lines[0].upper(), b"", lines[0] + b"," + lines[0], many, b"id\0", lines[-1], lines[0][::-1], b"a,b,a")
    return b"\n".join([rng.choice(other), *lines[rng.choice((0, 1)) :]])


def _set(rng: random.Random, name: str, files: dict[str, bytes]) -> Case:
    """Assignments with odd paths and odd values."""
    document = tomllib.loads(files[MAIN].decode())
    texts = []
    for _ in range(rng.choice((1, 1, 2))):
        path = [str(part) for part in rng.choice(list(_places(document)))]
        change = rng.randrange(8)
        if change == 0:
            path[rng.randrange(len(path))] = rng.choice(
                ("", " ", "²", "99", "-1", "x", "9" * 5000, "a" * 9999, "\0", "\udcff")
            )
        elif change == 1:
            path += rng.choice((["x"], ["0"], ["x"] * 3000, ["id"], [""]))
        value = rng.choice(HOSTILE)
        plain = isinstance(value, str) or _short(value).startswith("an integer")
        text = rng.choice((*TOKENS, "\udcff", "1\n[x]\ny = 2", "1 # x", value if isinstance(value, str) else "0"))
        texts.append(
            ".".join(path) + rng.choice(("=", "=", "=", " = ", "", "==")) + (text if plain else _text_of(value))
        )
    return Case(" & ".join(text[:80] for text in texts), files, None, tuple(texts))


def _text_of(value: Any) -> str:
    return "" if value is None or isinstance(value, date | time) else _inline(value).replace("None", "1")


def write(case: Case, folder: Path) -> Path:
    """The files of a case in `folder`; returns the path of its scenario file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
    return folder / MAIN
