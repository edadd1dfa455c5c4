"""`--over KEY=LO:HI[:STEP]`: what a sweep goes over, and the points of its grid or Latin hypercube."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from stress.questions.numbers import keys_matching, numbers_matching
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read import units
from stress.scenarios.read.fields import UNKNOWN_KEY
from stress.scenarios.read.overrides import parse_value
from stress.scenarios.schema.scenario import Scenario

OVER = "--over"
POINTS = 11  # of a range without a step
MOST_POINTS = 10_000
DIGITS = 12  # that count of a value of a range
TAKEN = ("fund", "level", "prime_broker", "point")  # dimensions of the dataset
FORM = "KEY=LO:HI[:STEP], KEY=A,B,C, or KEY*=LO:HI[:STEP] to multiply what stands there"
Value = float | str | bool
Point = dict[str, Value]  # by the name of the axis


@dataclass(frozen=True)
class Axis:
    """One thing that changes.

    Attributes:
        name: of the dimension.
        pattern: a key, `*` in it for every entry.
        values: in order.
        multiplies: whether they multiply what stands there.
        low, high: of a range, else NaN.
    """

    name: str
    pattern: str
    values: tuple[Value, ...]
    multiplies: bool
    low: float = math.nan
    high: float = math.nan

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(isinstance(value, float) for value in self.values)

    def document(self) -> dict[str, Any]:
        """For the spec and the attributes."""
        return {"name": self.name, "key": self.pattern, "multiplies": self.multiplies, "values": list(self.values)}


def parse_axes(texts: Sequence[str]) -> tuple[Axis, ...]:
    """The axes of a sweep, with names of their own.

    Raises:
        ScenarioError: another form, a range of nothing, a key twice, too many values.
    """
    axes = [_parse(text) for text in (() if texts is None else texts)]
    if not axes:
        raise ScenarioError("is missing", file=OVER, key="", allowed=FORM)
    for axis in axes:
        if sum(other.pattern == axis.pattern for other in axes) > 1:
            raise ScenarioError("stands there twice", file=OVER, key=axis.pattern, allowed="one axis for each key")
    names: list[str] = []
    for axis in axes:
        parts = [part for part in axis.pattern.replace('"', "").split(".") if part != "*"] or ["all"]
        choices = ["_".join(parts[-n:]) for n in range(1, len(parts) + 1)]
        clear = [name for name in choices if name not in (*names, *TAKEN)]
        names.append(clear[0] if clear else f"{choices[-1]}_{len(names)}")
    axes = [replace(axis, name=name) for axis, name in zip(axes, names, strict=True)]
    return tuple(axes)


def _parse(text: str) -> Axis:
    if not isinstance(text, str):
        raise ScenarioError("is no axis", file=OVER, key=str(text), value=text, allowed=f"text: {FORM}")
    key, equals, values = (part.strip() for part in text.partition("="))
    if not (key and equals and values):
        raise ScenarioError("is no axis", file=OVER, key=key, value=text, allowed=FORM)
    multiplies = key.endswith("*") and not key.endswith(".*")
    key = key.removesuffix("*") if multiplies else key
    if ":" in values and "," not in values:
        low, high, step = _range(key, values)
        last = POINTS - 1.0 if step is None else (high - low) / step * (1 + 1e-9)  # may be infinite
        step = (high - low) / (POINTS - 1) if step is None else step
        if last >= MOST_POINTS:
            raise ScenarioError(
                "has too many points", file=OVER, key=key, value=values, allowed=f"up to {MOST_POINTS:,}"
            )
        every = tuple(float(f"{low + number * step:.{DIGITS}g}") for number in range(math.floor(last) + 1))
        if len(set(every)) < len(every):
            raise ScenarioError(
                "has steps that are too fine", file=OVER, key=key, value=values, allowed=f"different in {DIGITS} digits"
            )
        return Axis("", key, every, multiplies, low, high)
    found = tuple(_value(part.strip()) for part in values.split(","))
    if len(set(found)) < len(found):
        raise ScenarioError("has a value twice", file=OVER, key=key, value=values, allowed="different values")
    numbers = sorted(value for value in found if isinstance(value, float))
    found = tuple(numbers) if len(numbers) == len(found) else found  # numbers in their own order, words as written
    if multiplies and not all(isinstance(value, float) for value in found):
        raise ScenarioError("is no factor", file=OVER, key=key, value=values, allowed="numbers to multiply by")
    return Axis("", key, found, multiplies)


def _range(key: str, text: str) -> tuple[float, float, float | None]:
    parts = text.split(":")
    numbers = [_number(part) for part in parts]
    known = [number for number in numbers if number is not None]
    fine = (
        len(parts) in (2, 3)
        and len(known) == len(parts)
        and 0 < known[1] - known[0] < math.inf
        and all(x > 0 for x in known[2:])
    )
    if not fine:
        raise ScenarioError(
            "is no range", file=OVER, key=key, value=text, allowed="LO:HI or LO:HI:STEP, as 0.5:1.5:0.1"
        )
    return known[0], known[1], known[2] if len(known) == 3 else None


def _number(text: str) -> float | None:
    for read in (units.fraction, units.money):
        try:
            return float(read(text.strip()))
        except units.UnitError:
            continue
    return None


def _value(text: str) -> Value:
    number = _number(text)
    if number is not None:
        return number
    parsed = parse_value(text)
    return parsed if isinstance(parsed, bool | str) else text


def grid(axes: Sequence[Axis]) -> list[Point]:
    """Every combination, the last axis changing first.

    Raises:
        ScenarioError: they are too many.
    """
    many = math.prod(len(axis.values) for axis in axes)
    if many > MOST_POINTS:
        raise ScenarioError(
            f"come to {many:,} points",
            file=OVER,
            key=", ".join(axis.pattern for axis in axes),
            allowed=f"{MOST_POINTS:,} at most; or --latin N",
        )
    names = [axis.name for axis in axes]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(axis.values for axis in axes))]


def latin_hypercube(axes: Sequence[Axis], count: int, seed: int) -> list[Point]:
    """So many points, one in each of as many equal parts of every range (McKay, Beckman and Conover 1979)."""
    from scipy.stats import qmc

    points = qmc.LatinHypercube(len(axes), rng=seed).random(count)
    found = []
    for row in points:
        point: Point = {}
        for axis, share in zip(axes, map(float, row), strict=True):
            if math.isnan(axis.low):
                point[axis.name] = axis.values[int(share * len(axis.values))]
            else:
                point[axis.name] = float(f"{axis.low + share * (axis.high - axis.low):.{DIGITS}g}")
        found.append(point)
    return found


class Moved:
    """A scenario that is moved to points of some axes.

    Raises:
        ScenarioError: a key that is none, a number to multiply that is not there, or a value of a list that no scenario
            can have there.
    """

    def __init__(self, scenario: Scenario, axes: Sequence[Axis]) -> None:
        self.scenario, self._axes = scenario, axes
        self._start: dict[str, dict[str, float] | tuple[str, ...]] = {
            axis.name: (numbers_matching if axis.multiplies else keys_matching)(scenario, axis.pattern, OVER)
            for axis in axes
        }
        for number, axis in enumerate(axes):
            for other in axes[:number]:
                if both := [key for key in self.keys(axis) if key in self.keys(other)]:
                    raise ScenarioError(
                        f"changes what {other.pattern} changes: {both[0]}",
                        file=OVER,
                        key=axis.pattern,
                        allowed="axes without a number in common",
                    )
            if math.isnan(axis.low) and not axis.multiplies:
                self._check_list(axis)

    def _check_list(self, axis: Axis) -> None:
        """A value that was written down and is not allowed at its key is a mistake, no point that cannot start."""
        for value in axis.values:
            try:
                self.scenario.with_values(dict.fromkeys(self.keys(axis), _written(value)))
            except ScenarioError as error:
                if error.key in self.keys(axis):
                    shown = f"{value:.12g}" if isinstance(value, float) else value
                    raise ScenarioError(
                        f"cannot stand there: {error.problem}",
                        file=OVER,
                        key=axis.pattern,
                        value=shown,
                        allowed=error.allowed,
                    ) from error

    def keys(self, axis: Axis) -> tuple[str, ...]:
        """What an axis changes."""
        return tuple(self._start[axis.name])

    def at(self, point: Point) -> Scenario:
        """The scenario at a point.

        Raises:
            ScenarioError: a number that it cannot have.
        """
        values: dict[str, object] = {}
        for axis in self._axes:
            start, value = self._start[axis.name], point[axis.name]
            if isinstance(start, dict):
                values |= {key: _written(number * float(value)) for key, number in start.items()}
            else:
                values |= dict.fromkeys(start, _written(value))
        try:
            return self.scenario.with_values(values)
        except ScenarioError as error:
            by_key = {key: axis for axis in self._axes for key in self.keys(axis)}
            if error.problem == UNKNOWN_KEY and error.key in by_key:  # no value helps: the key of the axis is none
                axis = by_key[error.key]
                raise ScenarioError(error.problem, file=OVER, key=axis.pattern, allowed=error.allowed) from error
            if error.file == "--set":
                error.file = OVER
            raise


def _written(value: Value) -> Value | int:
    """A value as a file has it: `2`, not `2.0`, which steps and counts would refuse."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
