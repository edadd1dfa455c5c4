"""The numbers of a scenario by key: which ones a pattern names, what stands there, and several of them changed at once.

A key is that of `--set`: `shocks.scale`, `funds.quant.gross`, `assets.semis.margin`; `*` stands for every entry:
`funds.*.gross`. Values are in base units. A fund without `gross` has that of its positions, so that setting it scales
them, those of a file, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from stress.scenarios.build.fund_types import resolve_fund_types
from stress.scenarios.build.market import build_assets
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.schema.scenario import Scenario

_PART = re.compile(r"""(?:"[^"]*"|'[^']*'|[^."'][^."]*)""")
_INDEX = re.compile("[0-9]{1,9}")
ALL = "*"


def keys_matching(scenario: Scenario, pattern: str, source: str = "--over") -> tuple[str, ...]:
    """The keys that a pattern stands for, in the order of the file; each has one form, with the ids of its entries.

    Args:
        scenario: whose entries `*` runs over.
        pattern: a key with any number of `*`.
        source: named by messages, as the option that the pattern comes from.

    Raises:
        ScenarioError: no key, `*` where there are no entries, or as a part of a name without quotes.
    """
    raw = _PART.findall(pattern)
    parts = [part.strip("\"'") for part in raw]
    if not parts or not all(parts):
        raise ScenarioError("is no key", file=source, key=pattern, allowed="key.path, as shocks.scale or funds.*.gross")
    for part in raw:
        if ALL in part and part != ALL and part[0] not in "\"'":
            raise ScenarioError(
                f"{part}: * stands for a whole entry, not for a part of its name",
                file=source,
                key=pattern,
                allowed="one name, * for every entry, or a name with a * in quotes",
            )
    found = list(_expanded(scenario, parts))
    if not found:
        before = ".".join(parts[: parts.index(ALL)]) or "the scenario"
        raise ScenarioError(
            f"has no entries in {before}", file=source, key=pattern, allowed=suggest(parts[0], ("assets", "funds"))
        )
    return tuple(key_of(_by_id(scenario, key)) for key in found)


def parts_of(key: str) -> list[str]:
    """The parts of a key, without the quotes of those that hold a dot."""
    return [part.strip("\"'") for part in _PART.findall(key)]


def key_of(parts: Iterable[str]) -> str:
    """The key of these parts."""
    return ".".join(f'"{part}"' if "." in part or ALL in part else part for part in parts)


def entry_at(scenario: Scenario, parts: Iterable[str]) -> Any:
    """What stands at a key of these parts, an entry's id before its place; None where there is nothing."""
    here: Any = scenario
    for part in parts:
        here = _entry(here, part)
    return here


def number_at(scenario: Scenario, key: str) -> float | None:
    """The number at a key, in base units; None where there is none, or where something else stands.

    `funds.X.gross` of a fund without it is the gross of its positions.
    """
    parts = parts_of(key)
    here = entry_at(scenario, parts)
    if here is None and len(parts) == 3 and parts[0] == "funds" and parts[2] == "gross":
        return _start_gross(scenario, parts[1])
    return float(here) if isinstance(here, int | float) and not isinstance(here, bool) else None


def numbers_matching(scenario: Scenario, pattern: str, source: str = "--over") -> dict[str, float]:
    """The numbers at the keys that a pattern stands for; entries of `*` that have none are left out.

    Raises:
        ScenarioError: no number is there.
    """
    values = {key: number_at(scenario, key) for key in keys_matching(scenario, pattern, source)}
    found = {key: value for key, value in values.items() if value is not None}
    if not found:
        raise ScenarioError(
            "has no number to multiply", file=source, key=pattern, allowed="a key at which the scenario has a number"
        )
    return found


def multiplied(scenario: Scenario, factors: Mapping[str, float], source: str = "--over") -> Scenario:
    """A copy with the numbers at some patterns times a factor each; all are read before any is changed.

    Raises:
        ScenarioError: no number is there, or one that the scenario cannot have.
    """
    values: dict[str, object] = {}
    for pattern, factor in factors.items():
        values |= {key: value * factor for key, value in numbers_matching(scenario, pattern, source).items()}
    return scenario.with_values(values)


def _expanded(scenario: Scenario, parts: list[str]) -> Iterator[list[str]]:
    if ALL not in parts:
        yield parts
        return
    at = parts.index(ALL)
    for name in _names(entry_at(scenario, parts[:at])):
        yield from _expanded(scenario, [*parts[:at], name, *parts[at + 1 :]])


def _names(here: Any) -> list[str]:
    if isinstance(here, Mapping):
        return [str(name) for name in here]
    if isinstance(here, list):
        return [str(getattr(entry, "id", number)) for number, entry in enumerate(here)]
    return []


def _entry(here: Any, part: str) -> Any:
    """What stands under a name; None for nothing."""
    if isinstance(here, BaseModel):
        return getattr(here, part, None) if part in type(here).model_fields else None
    if isinstance(here, Mapping):
        return here.get(part)
    if isinstance(here, list):
        named = [entry for entry in here if getattr(entry, "id", None) == part]
        if not named and _INDEX.fullmatch(part):
            named = here[int(part) : int(part) + 1]
        return named[0] if named else None
    return None


def _by_id(scenario: Scenario, parts: list[str]) -> Iterator[str]:
    """The parts of a key; a place in a list is the id of what stands there."""
    here: Any = scenario
    for part in parts:
        entry = _entry(here, part)
        yield str(getattr(entry, "id", part)) if isinstance(here, list) else part
        here = entry


def _start_gross(scenario: Scenario, fund: str) -> float | None:
    """Long plus short over NAV of a type, from its positions."""
    types = resolve_fund_types(scenario, build_assets(scenario))
    return next((kind.gross for kind in types if kind.fund.id == fund), None)
