"""What each fund goes through at step ends: running peak, largest drawdown from it, largest loss since the start."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike


class Course(NamedTuple):
    """What a book has been through; the last row is the system."""

    peak: Array  # (row, path) highest equity, the start included, over NAV_0
    drawdown: Array  # (row, path) largest fall from the peak so far, fraction of the peak
    trough: Array  # (row, path) largest loss since the start, the start excluded: may be negative; fraction of NAV_0


def no_course(rows: int, paths: int, dtype: DTypeLike) -> Course:
    """Before the first step."""
    shape = (rows, paths)
    return Course(jnp.ones(shape, dtype), jnp.zeros(shape, dtype), jnp.full(shape, -jnp.inf, dtype))


def after_step(course: Course, profit: Array) -> Course:
    """One step further, given each row's equity less NAV_0 over NAV_0, (row, path)."""
    equity = 1.0 + profit
    peak = jnp.maximum(course.peak, equity)
    return Course(
        peak=peak,
        drawdown=jnp.maximum(course.drawdown, (peak - equity) / peak),
        trough=jnp.maximum(course.trough, -profit),
    )
