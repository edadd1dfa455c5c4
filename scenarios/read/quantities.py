"""Bounds of numbers that cannot be meant, and what a number without a unit may have meant instead.

A field of the scenario file is marked with a quantity, as `Annotated[Fraction, RATE]`. Beyond its usual values a number
is warned about, beyond its possible ones the scenario is refused. All are fractions (0.15 is 15 %).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.read import units
from stress.scenarios.read.files import InputFiles

MOST_WARNINGS = 10
_WHOLE_PERCENT = 0.01  # a refused number of 1 or less is no percentage that lacks its sign


@dataclass(frozen=True)
class Quantity:
    """What a fraction is, and between which bounds."""

    what: str
    usual: tuple[float, float]
    possible: tuple[float, float]
    in_percent: bool = True

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Any:
        """The bounds, as a comment of the JSON Schema."""
        schema = handler(core_schema)
        comment = f"{self.what}: possible are {self.text(*self.possible)}, usual {self.text(*self.usual)}"
        return schema | ({"$comment": comment} if self in BOUNDED else {})

    def text(self, *values: float) -> str:
        """A value, or the two ends of a range, in the unit in which the quantity is thought of."""
        return " to ".join(percent(value) if self.in_percent else f"{value:.6g}" for value in values)

    @property
    def least(self) -> float:
        """Below it a scenario is refused."""
        return self.possible[0]

    @property
    def most(self) -> float:
        """Above it a scenario is refused."""
        return self.possible[1]


_ALL = (-math.inf, math.inf)
FRACTION = Quantity("a fraction", _ALL, _ALL)
SHARE = Quantity("a share", (0.0, 1.0), (0.0, 1.0))
MOVE = Quantity("the move of one step", (-0.6, 0.6), (-0.9999, 5.0))  # -0.9999: below it float32 loses the price
VOLATILITY = Quantity("an annual volatility", (0.0, 2.5), (0.0, 20.0))
DRIFT = Quantity("an annual drift", (-2.5, 2.5), (-1000.0, 1000.0))
RATE = Quantity("a rate of margin", (0.0, 1.0), (0.0, 5.0))  # above 1 a short option may need it
PARTICIPATION = Quantity("a share of volume", (0.0, 3.0), (0.0, 100.0))
LADDER = Quantity("a drawdown or a cut", (0.0, 1.0), (0.0, 100.0))  # a book of a small share may lose all of it twice
BAND = Quantity("a relative distance", (0.0, 2.0), (0.0, 100.0))
SCALE = Quantity("a multiple of the draw", (0.0, 10.0), (0.0, 100.0), in_percent=False)
LEVERAGE = Quantity("a multiple of NAV", (-100.0, 100.0), (-1000.0, 1000.0), in_percent=False)
BOUNDED = (MOVE, VOLATILITY, DRIFT, RATE, PARTICIPATION, LADDER, BAND, SCALE, LEVERAGE)


def check_quantities(model: type[BaseModel], document: Mapping[str, Any], files: InputFiles) -> None:
    """Warn (`ScenarioWarning`) of numbers of a valid document that can hardly be meant.

    Raises:
        ScenarioError: a number that cannot be meant at all.
    """
    strange = []
    for key, raw, quantity in _numbers(model, document, "", ()):
        value = _fraction(raw)
        if value is None:
            continue
        other = f"; did you mean {offer(raw)}?" if offer(raw) else ""
        if not quantity.least <= value <= quantity.most:
            allowed = f"{quantity.what} of {quantity.text(*quantity.possible)}{other}"
            raise ScenarioError(
                f"is {quantity.text(value)}", file=files.file_of(key), key=key, value=raw, allowed=allowed
            )
        if not quantity.usual[0] <= value <= quantity.usual[1]:
            usual = f"{quantity.what} is usually {quantity.text(*quantity.usual)}"
            strange.append(f"{files.file_of(key)}: {key} = {raw!r} is {quantity.text(value)}, and {usual}{other}")
    left = len(strange) - MOST_WARNINGS
    strange[MOST_WARNINGS:] = [f"{files.scenario_file}: {left} more numbers are as unusual"] if left > 0 else []
    for text in strange:
        warnings.warn(text, ScenarioWarning, stacklevel=2)


def offer(raw: object) -> str:
    """A number without a unit as text with a percent sign; "" for anything else."""
    if isinstance(raw, str):
        return f'"{raw.strip()} %"' if _fraction(f"{raw} %") is not None else ""
    return f'"{raw:.10g} %"' if isinstance(raw, int | float) else ""


def meant(model: type[BaseModel], document: Mapping[str, Any], key: str, bounds: Mapping[str, float]) -> str:
    """What a refused number under `key` may have meant, `"15 %"`; "" if nothing offers itself.

    Args:
        model: of the document.
        document: as written.
        key: of the number, or of a list that holds it.
        bounds: of the field, as pydantic names them (gt, ge, lt, le).
    """
    first = key.partition(".")[0].partition("[")[0]
    for name, annotation, marks in _fields(model, False):
        if name == first and name in document:
            for found, raw, quantity in _numbers(annotation, document[name], name, marks, bounded=False):
                inside = quantity in BOUNDED and found.startswith(f"{key}[")
                if (found == key or inside) and offer(raw):
                    value = (_fraction(raw) or 0.0) / 100
                    if abs(value) <= _WHOLE_PERCENT:
                        continue
                    least, most = (-1.0, 1.0) if quantity == FRACTION else quantity.possible
                    least = max(least, bounds.get("ge", -math.inf), bounds.get("gt", -math.inf))
                    most = min(most, bounds.get("le", math.inf), bounds.get("lt", math.inf))
                    if least <= value <= most:
                        return offer(raw)
    return ""


def percent(value: float) -> str:
    """A fraction as text: 15 %."""
    return f"{100 * value:.6g} %"


def _fraction(raw: object) -> float | None:
    try:
        return units.fraction(raw)
    except units.UnitError:  # "1.1 x start", "martingale"
        return None


def _forms(annotation: Any, marks: tuple[Quantity, ...]) -> Iterator[tuple[Any, tuple[Quantity, ...]]]:
    """The types that an annotation allows, each with the quantities it is marked with, the inner first."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *extra = get_args(annotation)
        yield from _forms(base, (*(x for x in extra if isinstance(x, Quantity)), *marks))
    elif origin in (Union, UnionType):
        for choice in get_args(annotation):
            yield from _forms(choice, marks)
    else:
        yield annotation, marks


@lru_cache(maxsize=128)
def _fields(model: type[BaseModel], bounded: bool) -> tuple[tuple[str, Any, tuple[Quantity, ...]], ...]:
    """Keys of a table with their types and quantities; `bounded`: of those that have some with bounds."""
    found = (
        (f.alias or name, f.annotation, tuple(x for x in f.metadata if isinstance(x, Quantity)))
        for name, f in model.model_fields.items()
    )
    return tuple(field for field in found if not bounded or _has_bounds(field[1], field[2]))


def _has_bounds(annotation: Any, marks: tuple[Quantity, ...]) -> bool:
    for kind, own in _forms(annotation, marks):
        inner = get_args(kind)[-1:] if get_origin(kind) in (dict, list) else ()
        table = isinstance(kind, type) and issubclass(kind, BaseModel) and _fields(kind, True)
        if table or any(x in BOUNDED for x in own) or any(_has_bounds(x, ()) for x in inner):
            return True
    return False


def _numbers(
    annotation: Any, value: Any, key: str, marks: tuple[Quantity, ...], bounded: bool = True
) -> Iterator[tuple[str, Any, Quantity]]:
    """Dotted key, value as written and quantity of every fraction in a part of a document."""
    for kind, own in _forms(annotation, marks):
        if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, inner, inner_marks in _fields(kind, bounded):
                if name in value:
                    yield from _numbers(inner, value[name], f"{key}.{name}".lstrip("."), inner_marks, bounded)
        elif get_origin(kind) in (dict, list) and (not bounded or _has_bounds(kind, ())):
            inner = get_args(kind)[-1]
            for name, item in _entries(value, kind):
                yield from _numbers(inner, item, f"{key}{name}", (), bounded)
        elif kind is float and own and isinstance(value, int | float | str):
            yield key, value, own[-1]


def _entries(value: Any, kind: Any) -> Iterator[tuple[str, Any]]:
    """Parts of keys, as messages name them, and entries of a table or list of the kind that is asked for."""
    if isinstance(value, dict) and get_origin(kind) is dict:
        yield from ((f".{name}", item) for name, item in value.items())
    elif isinstance(value, list) and get_origin(kind) is list:
        for n, item in enumerate(value):
            named = isinstance(item, dict) and isinstance(item.get("id"), str)
            yield (f".{item['id']}" if named else f"[{n}]"), item
