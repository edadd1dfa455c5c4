"""What is varied: groups, numbers alone, or chosen keys, each with the range that it may lie in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stress.questions.numbers import keys_matching, number_at, numbers_matching, parts_of
from stress.questions.sensitivity.moves import is_read, moved, start_of
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.ranges.groups import Group, groups
from stress.scenarios.schema.ranges import Range
from stress.scenarios.schema.scenario import Scenario

KEY = "--key"
OWN = "own"  # grade of a range that the scenario gives
MOST_FACTOR = 1000.0  # of what stands there, and its inverse: beyond that a range says nothing about the scenario


@dataclass(frozen=True)
class Parameter:
    """One or more numbers that move by one factor.

    Attributes:
        name: of the group, or the key.
        title: for people.
        kind: see `Group.kind`.
        start: what the scenario says, by key.
        low, high: factors of the range; NaN where none is known.
        law, grade, source: of the range.
    """

    name: str
    title: str
    kind: str
    start: dict[str, Any]
    low: float = math.nan
    high: float = math.nan
    law: str = ""
    grade: str = ""
    source: str = ""

    @property
    def has_range(self) -> bool:
        """Whether it has a part in the tornado and in the total."""
        return math.isfinite(self.low)

    @property
    def base(self) -> float:
        """What stands there, of a single number; else NaN."""
        only = next(iter(self.start.values())) if len(self.start) == 1 else None
        return float(only) if self.kind == "factor" and isinstance(only, int | float) else math.nan

    def values(self, factor: float) -> dict[str, object]:
        """Its numbers at a factor, by key."""
        return moved(self.kind, self.start, factor)

    def document(self) -> dict[str, Any]:
        """For the spec: what decides its numbers."""
        ends = [x if math.isfinite(x) else None for x in (self.low, self.high)]
        return {"name": self.name, "keys": sorted(self.start), "range": ends, "law": self.law}


def parameters_of(scenario: Scenario, by: str = "group", keys: Sequence[str] = ()) -> tuple[Parameter, ...]:
    """The parameters of a sensitivity analysis.

    Args:
        scenario: whose numbers vary; its `[[ranges]]` take the place of the groups' ranges.
        by: "group", or "number": each number of a group by itself.
        keys: names of groups, or patterns of keys whose numbers move together; none: every group there is, and every
            number of `[[ranges]]`.

    Raises:
        ScenarioError: a range or key without a number, a range that cannot be, a number that would vary twice.
    """
    own = [_of_range(scenario, number, one) for number, one in enumerate(scenario.ranges)]
    by_name: dict[str, Parameter] = {}
    for number, one in enumerate(own):
        if one.name in by_name:
            raise ScenarioError(
                "has a range already",
                file=scenario.source,
                key=f"ranges.{number}.key",
                value=scenario.ranges[number].key,
                allowed="one range for each key, and for each group",
            )
        by_name[one.name] = one
    taken = {key for one in own if one.name not in _names() for key in one.start}
    found = [parameter for one in groups() for parameter in _of_group(scenario, one, by_name, taken)]
    found += [one for one in own if one.name not in _names()]
    if keys:
        found = [_chosen(scenario, key, found) for key in keys]
    if by == "number":
        found = [alone for one in found for alone in _alone(one)]
    _check_once(scenario, found)
    if not found:
        raise ScenarioError(
            "has no number that could vary", file=scenario.source, key="", allowed="a scenario with funds that trade"
        )
    return tuple(found)


def _names() -> set[str]:
    return {one.name for one in groups()}


def _of_group(scenario: Scenario, group: Group, own: dict[str, Parameter], taken: set[str]) -> Iterator[Parameter]:
    """A group without the numbers that vary by ranges of their own."""
    start = {key: value for key, value in start_of(scenario, group).items() if key not in taken}
    if group.kind == "correlation" and any(parts_of(key)[0] == "correlation" for key in taken):
        return  # it takes the whole table's place, that number's too
    if start:
        default = Parameter(
            group.name, group.title, group.kind, start, group.low, group.high, group.law, group.grade, group.source
        )
        yield replace(own[group.name], start=start) if group.name in own else default


def _of_range(scenario: Scenario, number: int, given: Range) -> Parameter:
    where = f"ranges.{number}"
    common = {"law": given.law, "grade": OWN, "source": given.source}
    group = next((one for one in groups() if one.name == given.key), None)
    if group is not None:
        start = start_of(scenario, group)
        if not start:
            raise ScenarioError(
                "names a group of which the scenario has no number",
                file=scenario.source,
                key=f"{where}.key",
                value=given.key,
                allowed=", ".join(one.name for one in groups() if start_of(scenario, one)),
            )
        low, high = _factors(scenario, where, given)
        return Parameter(group.name, group.title, group.kind, start, low, high, **common)
    if given.key.endswith("*") and not given.key.endswith(".*"):
        pattern = given.key.removesuffix("*")
        low, high = _factors(scenario, where, given)
        try:
            numbers = numbers_matching(scenario, pattern, scenario.source)
        except ScenarioError as error:
            raise ScenarioError(
                "has no number to multiply",
                file=scenario.source,
                key=f"{where}.key",
                value=given.key,
                allowed=f"a key with numbers, and * at its end: {' '.join(str(error).split())}",
            ) from error
        _check_matrix(numbers, scenario.source, f"{where}.key", given.key)
        _check_continuous(scenario, where, given, numbers)
        return Parameter(pattern, pattern, "factor", dict(numbers), low, high, **common)
    if "*" in given.key:
        raise ScenarioError(
            "stands for many numbers, which have no range in common",
            file=scenario.source,
            key=f"{where}.key",
            value=given.key,
            allowed=f'one key, or "{given.key}*" with factors as low and high',
        )
    key = keys_matching(scenario, given.key, scenario.source)[0] if given.key.strip(".") else given.key
    base = number_at(scenario, key)
    if base is None or base <= 0:
        raise ScenarioError(
            "is no number above 0 that could have a range" if base is not None else "is no number of this scenario",
            file=scenario.source,
            key=f"{where}.key",
            value=given.key,
            allowed="the key of a number above 0, as impact.coefficient",
        )
    _check_matrix([key], scenario.source, f"{where}.key", given.key)
    _check_continuous(scenario, where, given, {key: base})
    low, high = (_end(scenario, where, name, given) for name in ("low", "high"))
    if not base / MOST_FACTOR <= low < high <= base * MOST_FACTOR:
        raise ScenarioError(
            "is no range",
            file=scenario.source,
            key=where,
            value=f"{given.low} to {given.high}",
            allowed=f"0 < low < high, in the unit of the number, a {MOST_FACTOR:,.0f}th to {MOST_FACTOR:,.0f} times it",
        )
    return Parameter(key, key, "factor", {key: base}, low / base, high / base, **common)


def _end(scenario: Scenario, where: str, name: str, given: Range) -> float:
    """One end in base units: as the scenario reads it at that key."""
    try:
        found = number_at(scenario.set(given.key, getattr(given, name)), given.key)
    except ScenarioError as error:
        problem = f"cannot stand at {given.key}: {' '.join(str(error).split())}"
        raise ScenarioError(
            problem,
            file=scenario.source,
            key=f"{where}.{name}",
            value=getattr(given, name),
            allowed="what that key may have",
        ) from error
    return math.nan if found is None else found


def _check_continuous(scenario: Scenario, where: str, given: Range, numbers: Mapping[str, float]) -> None:
    """Refuse numbers that count something: between two of them there is nothing to draw."""
    for key, value in numbers.items():
        try:
            scenario.with_values({key: math.floor(value) + 0.5})
        except ScenarioError as error:
            if error.key == key and "whole number" in error.allowed:
                raise ScenarioError(
                    "is a whole number, and ranges are of numbers that may lie anywhere in between",
                    file=scenario.source,
                    key=f"{where}.key",
                    value=given.key,
                    allowed=f"another key; for this one: levstress sweep --over {key}={value:g},{value + 1:g}",
                ) from error


def _factors(scenario: Scenario, where: str, given: Range) -> tuple[float, float]:
    low, high = given.low, given.high
    if isinstance(low, str) or isinstance(high, str) or not 1 / MOST_FACTOR <= low < high <= MOST_FACTOR:
        raise ScenarioError(
            "is no range of factors",
            file=scenario.source,
            key=where,
            value=f"{low} to {high}",
            allowed=f"numbers, 0 < low < high, {1 / MOST_FACTOR:g} to {MOST_FACTOR:,.0f}: 0.8 and 1.25 are from "
            "a fifth less to a quarter more",
        )
    return float(low), float(high)


def _chosen(scenario: Scenario, key: str, every: Sequence[Parameter]) -> Parameter:
    """A group by name, or the numbers of a pattern, with the range of the group that all of them are in."""
    named = next((one for one in every if one.name == key), None)
    if named is not None:
        return named
    if "." not in key:
        allowed = f"a key such as impact.coefficient, or a group: {', '.join(one.name for one in every)}"
        raise ScenarioError("is no group of this scenario", file=KEY, key=key, allowed=allowed)
    keys = keys_matching(scenario, key, KEY)
    _check_matrix(keys, KEY, key)
    for one in every:
        start = {name: one.start[name] for name in keys if name in one.start}
        if start:
            _check_all_of(scenario, key, [name for name in keys if name not in start], one, every)
            return replace(one, name=key, title=key, start=start)
    try:
        numbers = numbers_matching(scenario, key, KEY)
    except ScenarioError as error:
        known = sorted({name for one in every for name in one.start})
        raise ScenarioError("has no number to vary", file=KEY, key=key, allowed=suggest(key, known)) from error
    start = {name: value for name, value in numbers.items() if value != 0}
    if not start:
        raise ScenarioError("is 0, which no factor changes", file=KEY, key=key, allowed="a key of another number")
    return Parameter(key, key, "factor", dict(start))


def _check_all_of(
    scenario: Scenario, key: str, others: Sequence[str], one: Parameter, every: Sequence[Parameter]
) -> None:
    """Refuse a pattern of numbers with ranges that differ: they could not move by one factor."""
    for other in others:
        has_one = any(other in another.start for another in every)
        if has_one or (number_at(scenario, other) and is_read(scenario, other)):
            raise ScenarioError(
                f"stands for numbers that have not one range: {other} is not in that of {one.name}",
                file=KEY,
                key=key,
                allowed="a --key for each range",
            )


def _check_matrix(keys: Iterable[str], file: str, key: str, value: object = None) -> None:
    if any(parts_of(one)[:2] == ["correlation", "matrix"] for one in keys):
        why = "is one half of a pair in a symmetric matrix, and cannot move alone"
        allowed = "correlation, the group that moves all pairs; or another key"
        raise ScenarioError(why, file=file, key=key, value=value, allowed=allowed)


def _alone(one: Parameter) -> Iterator[Parameter]:
    """Each number by itself; a script and a matrix stay whole."""
    if one.kind in ("script", "correlation"):
        yield one
        return
    for key, value in one.start.items():
        yield replace(one, name=key, title=key, start={key: value})


def _check_once(scenario: Scenario, found: Sequence[Parameter]) -> None:
    owner: dict[str, str] = {}
    for one in found:
        for key in one.start:
            if key in owner:
                raise ScenarioError(
                    f"would vary twice, by {owner[key]} and by {one.name}",
                    file=scenario.source,
                    key=key,
                    allowed="one range, and one --key, for each number",
                )
            owner[key] = one.name
