"""How large, deep and odd a scenario may be: checked before anything else looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stress.scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from stress.scenarios.schema.scenario import Scenario

DEEPEST = 12  # tables and lists inside each other; the format itself needs 6
LONGEST_KEY = 1_000
LONGEST_TEXT = 100_000
MOST_IN_ONE = 20_000  # entries of one table or list
MOST_ENTRIES = 1_200_000  # of all tables and lists together
LARGEST_WHOLE = 2**63 - 1
LARGEST_ARRAY = 50_000_000  # numbers: 400 MB
MOST_PARTS = 32  # of a dotted key

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_LONG_DOTTED = re.compile(rf"(?<![A-Za-z0-9_-]){_PART}(?:[ \t]*\.[ \t]*{_PART}){{{MOST_PARTS}}}")


def check_dotted_keys(text: str, file: str) -> None:
    """Refuse TOML with keys of very many parts, whose reading takes a time that grows with their square.

    Raises:
        ScenarioError: a dotted key of more than `MOST_PARTS` parts.
    """
    found = _LONG_DOTTED.search(text)
    if found is not None:
        raise ScenarioError(
            "is too long a dotted key", file=file, key=found.group()[:40], allowed=f"{MOST_PARTS} parts at most"
        )


def check_limits(document: Mapping[str, Any], file: str) -> None:
    """Refuse a document that nests, repeats or counts beyond all sense.

    Raises:
        ScenarioError: too deep, too many entries, a text or key that is too long or cannot be written, a whole number
            of more than 64 bits.
    """
    left = MOST_ENTRIES
    waiting: list[tuple[str, int, Any]] = [("", 0, document)]
    while waiting:
        key, depth, value = waiting.pop()
        if isinstance(value, Mapping | list | tuple):
            left -= len(value)
            if len(value) > MOST_IN_ONE:
                problem = f"has {len(value):,} entries"
                raise ScenarioError(problem, file=file, key=key or "<document>", allowed=f"{MOST_IN_ONE:,} at most")
            if depth >= DEEPEST:
                raise ScenarioError("is nested too deeply", file=file, key=key, allowed=f"{DEEPEST} levels at most")
            if left < 0:
                raise ScenarioError(
                    "has too many entries", file=file, key=key, allowed=f"{MOST_ENTRIES:,} in the whole file"
                )
            waiting += ((f"{key}{part}", depth + 1, item) for part, item in _entries(value, key, file))
        elif isinstance(value, str):
            _check_text(value, LONGEST_TEXT, file, key, value)
        elif isinstance(value, int) and abs(value) > LARGEST_WHOLE:
            raise ScenarioError(
                "is too large a whole number",
                file=file,
                key=key,
                value=value,
                allowed="whole numbers of 64 bits; a larger number with a point or an exponent (1e20)",
            )


def check_size(scenario: Scenario) -> None:
    """Refuse a scenario whose arrays would not fit a machine of ordinary size.

    Raises:
        ScenarioError: too many steps, members, books or cases for its number of assets.
    """
    assets, crowds = len(scenario.assets), scenario.crowding
    members = {f.id: crowds[f.id].count if f.id in crowds else f.members for f in scenario.funds}
    styles = {f.id: crowds[f.id].distinct if f.id in crowds else 1 for f in scenario.funds}
    common = len(scenario.margin.scenarios) if scenario.margin is not None else 0
    cases = max([common, *(len(f.margin.scenarios) for f in scenario.funds if f.margin is not None)])
    lines = len({broker for f in scenario.funds for broker in f.prime_brokers}) + 1
    books = {f.id: len(f.books) if f.books is not None else 2 if f.id in crowds else 1 for f in scenario.funds}
    for key, what, count in (
        ("horizon.steps", "steps times assets", scenario.horizon.steps * assets),
        ("funds", "members times assets", sum(members.values()) * assets),
        ("funds", "members times prime brokers", sum(members.values()) * lines),
        ("funds", "books times members", sum(books[name] * members[name] for name in members)),
        ("funds", "books times assets", sum(books[name] * styles[name] for name in members) * assets),
        ("margin.scenarios", "members times cases times assets", sum(members.values()) * cases * assets),
    ):
        if count > LARGEST_ARRAY:
            raise ScenarioError(
                f"makes {count:,} numbers ({what})",
                file=scenario.source,
                key=key,
                value=scenario.horizon.steps if key == "horizon.steps" else None,
                allowed=f"{LARGEST_ARRAY:,} at most",
            )


def _entries(value: Mapping[Any, Any] | list[Any] | tuple[Any, ...], key: str, file: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        return ((f"[{n}]", item) for n, item in enumerate(value))
    for name in value:
        if not isinstance(name, str):
            raise ScenarioError(
                "has a key that is no text", file=file, key=key or "<document>", value=name, allowed="text"
            )
        if not name:
            raise ScenarioError("has a key without a name", file=file, key=key or '""', value=name, allowed="a name")
        _check_text(name, LONGEST_KEY, file, f"{key}.{name}".lstrip("."), None)
    dot = "." if key else ""
    return ((f"{dot}{name}", item) for name, item in value.items())


def _check_text(text: str, longest: int, file: str, key: str, value: str | None) -> None:
    if len(text) > longest:
        raise ScenarioError(
            f"has {len(text):,} characters", file=file, key=key, value=value, allowed=f"{longest:,} characters at most"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ScenarioError(
            "holds a character that UTF-8 cannot write", file=file, key=key, value=value, allowed="Unicode text"
        ) from error
