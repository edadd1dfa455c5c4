"""Days of a history freed of its volatility, drawn anew and given that of today (Barone-Adesi et al. 1999).

The history holds residuals `r / sqrt(h)` of a GARCH filter, with mean 0 and variance 1; they are drawn in blocks as in
`bootstrap` and are the innovations of each asset's variance, as in `garch`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.shocks.bootstrap import Days
from stress.kernels.shocks.condition import Conditions, pinned
from stress.kernels.shocks.garch import Variance
from stress.kernels.shocks.protocol import Names, Numbers, ShockModel, Today


class FilteredHistorical(NamedTuple):
    """Numbers of the model."""

    days: Days  # residuals
    variance: Variance


Memory = tuple[Array, Array]  # the day of the history, (path,), and the variance, (asset, path)


class _FilteredHistorical(ShockModel[FilteredHistorical, Memory]):
    name = "filtered_historical"
    own = False
    dense = False

    def others(self, record: FilteredHistorical, names: Array) -> tuple[Names, ...]:
        return record.days.names()

    def start(self, record: FilteredHistorical, assets: int, paths: int, dtype: DTypeLike) -> Memory:
        return jnp.zeros((paths,), jnp.int32), record.variance.first(paths, dtype)

    def picked(self, record: FilteredHistorical, matrix: Any, numbers: Numbers) -> tuple[Array, Array]:
        return record.days.picked(numbers)

    def shaped(
        self, record: FilteredHistorical, picked: tuple[Array, Array], memory: Memory, today: Today
    ) -> tuple[Array, Memory]:
        day = record.days.next(picked, memory[0], today)
        moves, ratio = record.variance.day(memory[1], record.days.of(day))
        return moves, (day, ratio)

    def picked_given(self, record: FilteredHistorical, matrix: Any, numbers: Numbers) -> Any:
        return record.days.picked(numbers), numbers.chance(1, 2)[0]

    def conditioned(
        self,
        record: FilteredHistorical,
        conditions: Conditions,
        slot: Array,
        picked: Any,
        memory: Memory,
        today: Today,
    ) -> tuple[Array, Memory]:
        """A condition is on the first step, whose variance is known: its pins are those of residuals."""
        day = conditions.own.picked(slot, picked[1], record.days.next(picked[0], memory[0], today))
        moves, ratio = record.variance.day(memory[1], pinned(conditions.pins, slot, record.days.of(day)))
        return moves, (day, ratio)


MODEL = _FilteredHistorical()
