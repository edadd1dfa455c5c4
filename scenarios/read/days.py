"""Durations that count steps, and those given in days: with several steps a day a number of steps says too little."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stress.scenarios.errors import ScenarioError

DURATIONS = ("grace", "lockup", "cure")
_WHOLE = 1e-6  # of a step, that a number of days may be off by


def steps_of(
    name: str, tables: Iterable[tuple[str, Mapping[str, Any]]], per_day: int, default_days: float, source: str
) -> Any:
    """Steps of a duration that is written as `<name>_steps` or `<name>_days`; a list where a list is written.

    Args:
        name: one of `DURATIONS`.
        tables: place in the file and the keys that are set there, those that come first decide.
        per_day: steps a day; where there are several, only days say what is meant.
        default_days: where no table sets either key.
        source: name of the file.

    Raises:
        ScenarioError: both keys in one table, steps where there are several a day, days that are no number of steps.
    """
    in_steps, in_days = f"{name}_steps", f"{name}_days"
    for place, given in tables:
        steps, days = given.get(in_steps), given.get(in_days)
        if steps is not None and days is not None:
            raise ScenarioError(
                f"is given together with {in_steps}",
                file=source,
                key=f"{place}.{in_days}",
                value=days,
                allowed=f"one of: {in_steps}, {in_days}",
            )
        if days is not None:
            counts = [_whole(x, per_day, f"{place}.{in_days}", source) for x in _listed(days)]
            return counts if isinstance(days, list) else counts[0]
        if steps is not None:
            if per_day > 1 and any(_listed(steps)):
                raise ScenarioError(
                    f"counts steps, and a day has {per_day} of them (horizon.steps_per_day)",
                    file=source,
                    key=f"{place}.{in_steps}",
                    value=steps,
                    allowed=f"{in_days} in its place",
                )
            return steps
    return round(default_days * per_day)


def in_days(table: dict[str, Any], per_day: int, always: bool = False) -> dict[str, Any]:
    """The table with its durations in days where a day has several steps, or always."""
    if per_day == 1 and not always:
        return table
    written = {f"{name}_steps": f"{name}_days" for name in DURATIONS}

    def days(value: Any) -> Any:
        return [x / per_day for x in value] if isinstance(value, list) else value / per_day

    return {written.get(key, key): days(value) if key in written else value for key, value in table.items()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _whole(days: float, per_day: int, key: str, source: str) -> int:
    steps = round(days * per_day)
    if abs(steps - days * per_day) > _WHOLE:
        raise ScenarioError(
            f"is {days * per_day:.6g} steps of 1/{per_day} day",
            file=source,
            key=key,
            value=days,
            allowed="days that make a whole number of steps",
        )
    return steps
