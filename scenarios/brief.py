"""Records that tell what they hold in a line."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

MOST_SHOWN = 3  # entries of a tuple in a repr


class Brief:
    """A record whose repr tells arrays by kind and shape, and long tuples by their first entries."""

    def __repr__(self) -> str:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(f'{name}={_brief(value)}' for name, value in values)})"


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, tuple) and len(value) > MOST_SHOWN:
        return f"({', '.join(map(repr, value[:MOST_SHOWN]))}, ... {len(value)} in all)"
    return repr(value)
