"""The settings of two runs that differ, by dotted key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ABSENT = object()  # a setting that one of the two does not have
SECTIONS = ("scenario", "options", "resolved", "versions", "defaults")
DIGEST = "_sha256"  # ending of what follows from the rest
METHOD, CHOSEN = "method", ("wanted", "name", "paths")  # what was fitted for a rare figure follows, too


@dataclass(frozen=True)
class Setting:
    """One setting that differs: `a` and `b` are its values, ABSENT where a run does not have it."""

    section: str  # one of SECTIONS, or another top-level key of spec.json
    key: str  # dotted; entries of a list are named by their id, and one that a single run has is a setting as a whole
    a: Any
    b: Any


def compare_settings(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[tuple[Setting, ...], int]:
    """The settings of two `spec.json` that differ, and how many are the same; digests are left out."""
    different, equal = [], 0
    for section in dict.fromkeys((*SECTIONS, *sorted({*a, *b}))):
        if section.endswith(DIGEST):
            continue
        whole = [_of(spec, section) for spec in (a, b)]
        entities = [dict(_entities(value)) for value in whole]
        alone = {key for key in {*entities[0], *entities[1]} if (key in entities[0]) != (key in entities[1])}
        first, second = (dict(_flat(value, alone=alone)) for value in whole)
        for key in sorted({*first, *second}):
            one, other = first.get(key, ABSENT), second.get(key, ABSENT)
            if one is not ABSENT and other is not ABSENT and one == other:
                equal += 1
            else:
                different.append(Setting(section, key, one, other))
    return tuple(different), equal


def _of(spec: Mapping[str, Any], section: str) -> Any:
    """A section of a spec; of a method what was chosen, without the numbers that were fitted."""
    found = spec.get(section, {})
    if section != METHOD or not isinstance(found, dict):
        return found
    asked = found.get("for")
    chosen = {name: found[name] for name in CHOSEN if name in found}
    return {**chosen, "for": asked["text"]} if isinstance(asked, dict) and "text" in asked else chosen


def settings_json(settings: tuple[Setting, ...]) -> list[dict[str, Any]]:
    """Settings that differ; "a" or "b" is left out where a run does not have the setting."""
    documents = []
    for setting in settings:
        values = {name: value for name, value in (("a", setting.a), ("b", setting.b)) if value is not ABSENT}
        documents.append({"section": setting.section, "key": setting.key, **values})
    return documents


def _by_id(value: Any) -> dict[str, Any] | None:
    """The entries of a list by their id; None where it is no list of such."""
    if isinstance(value, list) and value and all(isinstance(x, dict) and isinstance(x.get("id"), str) for x in value):
        return {entry["id"]: {name: part for name, part in entry.items() if name != "id"} for entry in value}
    return None


def _entities(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys of all entries that have an id, and the entries."""
    entries = _by_id(value)
    for name, part in (entries or (value if isinstance(value, dict) else {})).items():
        path = f"{key}.{name}" if key else str(name)
        if entries is not None:
            yield path, part
        yield from _entities(part, path)


def _flat(value: Any, key: str = "", alone: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Dotted keys and values: entries of a list by their id, texts of a list by themselves, other lists whole.

    The entries `alone` are whole too; digests are left out.
    """
    entries = _by_id(value)
    if key in alone:
        yield key, value
        return
    if entries is not None:
        value = entries
    elif key == "" and isinstance(value, list) and all(isinstance(x, str) for x in value):
        value = dict.fromkeys(value, "set by default")
    if isinstance(value, dict) and value:
        for name, part in value.items():
            if not (isinstance(part, str) and str(name).endswith(DIGEST)):
                yield from _flat(part, f"{key}.{name}" if key else str(name), alone)
    elif key or not isinstance(value, dict | list):
        yield key, value
