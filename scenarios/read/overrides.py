"""`--set key.path=value`: change one value of a scenario document before it is validated."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.origin import Change
from stress.scenarios.read.files import InputFiles
from stress.scenarios.read.inline import inline_table
from stress.scenarios.read.python_values import as_in_a_file
from stress.scenarios.read.size_limits import MOST_PARTS, check_dotted_keys, check_limits

Overrides = Sequence[str] | Mapping[str, object]


_PART = r"""(?:"[^"]*"|'[^']*'|[^."'][^."]*)"""
_PARTS, _WHOLE_PATH = re.compile(_PART), re.compile(rf"{_PART}(?:\.{_PART})*")


def assignments(overrides: Overrides) -> list[str]:
    """Overrides as texts `key.path=value`, of a mapping from key to value too: {"shocks.scale": 1.5}."""
    if isinstance(overrides, Mapping):
        return [f"{key}={_in_toml(str(key), value)}" for key, value in overrides.items()]
    texts: list[Any] = list(overrides) if isinstance(overrides, Iterable) else [overrides]
    texts = [overrides] if isinstance(overrides, str) else texts
    for text in texts:
        if not isinstance(text, str):
            raise ScenarioError(
                "is no text", file="--set", key=str(text), value=text, allowed="key.path=value, as shocks.scale=0.5"
            )
    return texts


def _in_toml(key: str, value: object) -> str:
    try:
        return toml_value(value)
    except TypeError as error:
        allowed = "a number, text, True or False, or a list or mapping of these"
        raise ScenarioError(
            f"cannot be of the type {type(value).__name__}", file="--set", key=key, value=value, allowed=allowed
        ) from error


def toml_value(value: object) -> str:
    """A value as TOML has it; NumPy's numbers are plain ones.

    Raises:
        TypeError: TOML has no such value.
    """
    plain = as_in_a_file(value)
    if plain is None:
        raise TypeError("TOML has no null")
    if isinstance(plain, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {toml_value(item)}" for key, item in plain.items()) + "}"
    if isinstance(plain, list):
        return "[" + ", ".join(map(toml_value, plain)) + "]"
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def apply_override(document: dict[str, Any], assignment: str, files: InputFiles) -> Change:
    """Set one value in place and say what it replaced.

    Tables that the file left out are made, and entries of a list are found by id or index.

    A part of the key in quotes is one name, dots and all: `funds.a.positions."BRK.B"=0.5`.

    The value is read as TOML (`0.5`, `false`, `"39 %"`, `[0.95, 0.99]`), as plain text where it is none (`39 %`).

    Raises:
        ScenarioError: no `=`, an entry that does not exist, or a path that leads into a plain value.
    """
    path, equals, text = assignment.partition("=")
    parts = [_unquoted(part) for part in _PARTS.findall(path.strip())] if _WHOLE_PATH.fullmatch(path.strip()) else []
    check_limits({"--set": assignment}, "--set")
    if len(parts) > MOST_PARTS:
        raise ScenarioError(
            f"has {len(parts)} parts", file="--set", key=path.strip(), allowed=f"{MOST_PARTS} parts at most"
        )
    if not equals or not parts or not all(parts):
        raise ScenarioError(
            "is no assignment",
            file="--set",
            key=path.strip(),
            value=assignment,
            allowed="key.path=value, as shocks.scale=0.5",
        )
    value = parse_value(text.strip())
    replaced = _assign(document, parts, copy.deepcopy(value), path.strip(), files)
    return Change(assignment, path.strip(), value, replaced)


def _unquoted(part: str) -> str:
    return part[1:-1] if part[0] in "\"'" else part


def parse_value(text: str) -> object:
    """A TOML value, or the text itself.

    Raises:
        ScenarioError: a value with keys of very many parts.
    """
    check_dotted_keys(text, "--set")
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # no TOML, or of thousands of digits or levels: no value is a text like that
        return text
    return parsed["value"] if set(parsed) == {"value"} else text


def _assign(here: Any, parts: list[str], value: object, path: str, files: InputFiles) -> Any:
    """Walk down to the last part and set it; returns what was there, None for nothing.

    An id may contain dots: the longest run of parts that names an entry is taken.
    """
    root = here
    while True:
        name: Any
        if isinstance(here, list):
            name, used = _entry(here, parts, path)
        elif isinstance(here, dict):
            used = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in here), 1)
            name = ".".join(parts[:used])
            if here is root and used < len(parts) and isinstance(here.get(name), str):
                inline_table(here, name, files)
            if used < len(parts):
                here.setdefault(name, {})
        else:
            raise ScenarioError(
                f"leads into the plain value {here!r}",
                file="--set",
                key=path,
                value=value,
                allowed="the path of a value",
            )
        if used == len(parts):
            replaced = here.get(name) if isinstance(here, dict) else here[name]
            here[name] = value
            return replaced
        here, parts = here[name], parts[used:]


def _entry(entries: list[Any], parts: list[str], path: str) -> tuple[int, int]:
    ids = [entry.get("id") if isinstance(entry, dict) else None for entry in entries]
    for used in range(len(parts), 0, -1):
        name = ".".join(parts[:used])
        if name in ids:
            return ids.index(name), used
    if re.fullmatch("[0-9]{1,9}", parts[0]) and int(parts[0]) < len(entries):
        return int(parts[0]), 1
    known = [str(x) for x in ids if x is not None] or [str(n) for n in range(len(entries))]
    raise ScenarioError(f"has no entry {parts[0]!r}", file="--set", key=path, allowed=suggest(parts[0], known))
