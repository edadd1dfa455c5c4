"""Values that Python's users have in hand, NumPy's among them, as a scenario file would hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_in_a_file(value: Any) -> Any:
    """A copy with plain numbers, texts, lists and dicts in place of NumPy's scalars and arrays, tuples and mappings."""
    if isinstance(value, Mapping):
        return {key: as_in_a_file(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # an array, or a scalar with its type
        value = value.tolist()
    return [as_in_a_file(item) for item in value] if isinstance(value, list | tuple) else value
