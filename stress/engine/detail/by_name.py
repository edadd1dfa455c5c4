"""From what the kernels of a scenario give to all that results list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def by_name(
    values: npt.NDArray[Any], given: Sequence[str], wanted: Sequence[str], axis: int
) -> npt.NDArray[np.floating[Any]]:
    """Values along an axis of `given` names in the order of `wanted` ones; zeros for those that are not given."""
    moved = np.moveaxis(values, axis, 0)
    nothing = np.zeros(moved.shape[1:], moved.dtype)
    rows = [moved[given.index(name)] if name in given else nothing for name in wanted]
    return np.moveaxis(np.stack(rows), 0, axis)
