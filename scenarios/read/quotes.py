"""Names that need quotes in TOML: `BRK.B = 0.5` is a table BRK with the key B, `S&P 500 = 0.5` is nothing at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_MOST_LISTED = 3
_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_UNQUOTED = re.compile(r"""\s*([^="'#\[\]{},]*[^="'#\[\]{},\s])\s*=\s*([^#]*)(?:#.*)?""")
NEED = "a name with other signs than A-Z a-z 0-9 _ - stands in quotes"


def of_a_table(name: str, value: Mapping[str, Any], text: str) -> str:
    """How to write what stands as a table `name` where a value is asked for: `"BRK.B" = 0.5 (line 12)`.

    Args:
        name: of the key that holds the table.
        value: the table.
        text: of the scenario file, "" if there is none.
    """
    meant = [f'"{dotted}" = {_short(leaf)}{_line_of(dotted, text)}' for dotted, leaf in _leaves(name, value)]
    more = f" ... ({len(meant)} in all)" if len(meant) > _MOST_LISTED else ""
    return f"{NEED}: {', '.join(meant[:_MOST_LISTED])}{more}" if meant else ""


def of_a_line(problem: str, text: str) -> str:
    """What to write instead of a line that is no TOML because its name has no quotes; "" if that is not why.

    Args:
        problem: what tomllib says, with the line.
        text: of the file.
    """
    found = _LINE.search(problem)
    line = text.split("\n")[int(found[1]) - 1] if found else ""
    match = _UNQUOTED.fullmatch(line.rstrip())
    if match is None or (re.fullmatch(r"[A-Za-z0-9_. \t-]*", match[1]) and " " not in match[1].strip()):
        return ""
    return f'{NEED}: "{match[1]}" = {match[2].strip()}'


def _leaves(name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from _leaves(f"{name}.{key}", item)
        else:
            yield f"{name}.{key}", item


def _line_of(dotted: str, text: str) -> str:
    """Where the name stands without quotes."""
    parts = r"[ \t]*\.[ \t]*".join(re.escape(part) for part in dotted.split("."))
    found = re.search(rf"""(?<![A-Za-z0-9_"'.-]){parts}[ \t]*=""", text)
    return "" if found is None else f" (line {text.count(chr(10), 0, found.start()) + 1})"


def _short(value: object) -> str:
    return f'"{value[:40]}"' if isinstance(value, str) else repr(value)[:40]
