"""The smallest and largest value that the schema allows for each number of a scenario, one at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from stress.scenarios.read.quantities import BOUNDED, Quantity

LARGEST, LARGEST_WHOLE = 1e308, 2**63 - 1
SIZES = ("steps", "steps_per_day", "count", "styles", "seed", "detail_paths")  # what changes the size of a run


def extremes(table: BaseModel, place: str = "") -> Iterator[tuple[str, float | int]]:
    """Dotted key and value of every number that `table` and the tables in it can hold, given there or not."""
    for name, field in type(table).model_fields.items():
        key, value = f"{place}{field.alias or name}", getattr(table, name)
        yield from ((key, end) for end in _ends(field.annotation, field.metadata))
        yield from _inside(key, value, field.annotation)


def _inside(key: str, value: Any, annotation: Any) -> Iterator[tuple[str, float | int]]:
    if isinstance(value, BaseModel):
        yield from extremes(value, f"{key}.")
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _inside(f"{key}.{getattr(item, 'id', n)}", item, annotation)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, int | float):
                yield from ((f"{key}.{name}", end) for end in _ends_of_entries(annotation))
            else:
                yield from _inside(f"{key}.{name}", item, annotation)


def _parts(annotation: Any, metadata: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    if get_origin(annotation) is Annotated:
        base, *extra = get_args(annotation)
        flat = [x for one in extra for x in getattr(one, "metadata", [one])]
        yield from _parts(base, flat + metadata)
    elif get_origin(annotation) in (Union, UnionType):
        for choice in get_args(annotation):
            yield from _parts(choice, metadata)
    else:
        yield annotation, metadata


def _ends(annotation: Any, metadata: list[Any]) -> Iterator[float | int]:
    for kind, marks in _parts(annotation, metadata):
        if kind not in (float, int):
            continue
        quantity = next((x for x in marks if isinstance(x, Quantity) and x in BOUNDED), None)
        bounds = {name: getattr(x, name) for x in marks for name in ("gt", "ge", "lt", "le") if hasattr(x, name)}
        step = 1 if kind is int else 0
        least = quantity.least if quantity is not None else -LARGEST if kind is float else -LARGEST_WHOLE
        most = quantity.most if quantity is not None else LARGEST if kind is float else LARGEST_WHOLE
        if "gt" in bounds:
            least = bounds["gt"] + step if step else math.nextafter(bounds["gt"], math.inf)
        if "lt" in bounds:
            most = bounds["lt"] - step if step else math.nextafter(bounds["lt"], -math.inf)
        yield kind(bounds.get("ge", least))
        yield kind(bounds.get("le", most))


def _ends_of_entries(annotation: Any) -> Iterator[float | int]:
    """Of the numbers in a table of a field, `dict[id, number]`, in a list of tables too."""
    for kind, _ in _parts(annotation, []):
        if get_origin(kind) is dict:
            yield from _ends(get_args(kind)[-1], [])
        elif get_origin(kind) is list:
            yield from _ends_of_entries(get_args(kind)[0])
