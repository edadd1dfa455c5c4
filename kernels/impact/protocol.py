"""What an impact law is: what the recent signed flow `J` has moved the log price by.

Trading moves prices by differences of a law: concave impact is not charged afresh on slices. A law is odd in the flow
and 0 without one. Flows are fractions of ADV.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import jax.numpy as jnp
from jax import Array

Record = TypeVar("Record")


class Law(Generic[Record]):
    """One law; registered in `kernels.impact.registry` under its name, which is `impact.law` in scenario files.

    `record` holds the law's own numbers, a NamedTuple at the top of its file.
    """

    name: str

    def log_change(self, record: Record, flow: Array, depth: Array | None) -> Array:
        """Displacement of the log price, (asset, path).

        Args:
            record: the law's numbers.
            flow: (asset, path) signed flow J as a fraction of ADV.
            depth: (asset, path) depth multiplier g; None = 1.
        """
        raise NotImplementedError

    def small(self, record: Record) -> Array:
        """() participation |J|/(g ADV) below which the law is as good as linear; far below it flow and displacement
        decay alike."""
        return jnp.asarray(1e-4)

    def lowest(self, record: Record) -> Array | None:
        """() log price change that all displacement together never exceeds downwards; None: it has no bound."""
        return None

    def floored(self, record: Record, flow: Array, depth: Array | None) -> Array | None:
        """(asset, path) bool where the law was cut at a floor, which runs count; None: it has none."""
        return None
