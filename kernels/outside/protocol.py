"""What an outside flow is: somebody beyond the funds who trades on what the outside shock did to prices.

It joins the forced flow in round 1 of every step, moves prices by the same law, and what it makes of the funds' losses
is a component of the attribution.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from jax import Array
from jax.typing import DTypeLike

Record = TypeVar("Record")
Own = TypeVar("Own")


class AfterShock(NamedTuple):
    """The market right after a step's outside shock."""

    growth: Array  # (asset, path) simple return of the outside shock
    price: Array  # (asset, path) after it


class OutsideFlow(Generic[Record, Own]):
    """One kind of buyer or seller; registered in `kernels.outside.registry` under the name of its table in files.

    `record` holds its numbers, a NamedTuple at the top of its file; `own` is its state, any tree of (..., path) arrays.
    """

    name: str

    def start(self, record: Record, paths: int, dtype: DTypeLike) -> Own:
        """Its state before the first step."""
        raise NotImplementedError

    def trade(self, record: Record, own: Own, now: AfterShock) -> tuple[Array, Own]:
        """(asset, path) signed flow of this step in units, as a fraction of ADV, and its new state."""
        raise NotImplementedError

    def told(self, record: Record, before: Own, after: Own) -> dict[str, Array]:
        """What a timeline tells of a step besides what was bought, each (path,); names that end in _usd are bn USD.

        Args:
            record: its numbers.
            before: its state before the step.
            after: its state after it.
        """
        return {}
