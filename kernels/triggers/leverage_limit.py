"""The broker's leverage limit: gross over equity above the limit is brought down to the target.

Threshold deleveraging of Cont and Schaanning (2017).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.linear import any_row
from stress.kernels.triggers.protocol import QuietView, RoundView, Trigger


class LeverageLimit(NamedTuple):
    """Numbers of the trigger."""

    limit: Array  # (member, 1) inf: none
    target: Array  # (member, 1)


class _LeverageLimit(Trigger[LeverageLimit, tuple[()]]):
    name = "leverage_limit"
    asked_by = "brokers"

    def fraction(self, record: LeverageLimit, own: tuple[()], seen: RoundView) -> Array:
        """`1 - target E/gross` where gross is above the limit."""
        gross = seen.gross
        breach = seen.live & (gross > record.limit * seen.equity)
        share = jnp.maximum(1.0 - record.target * seen.equity / jnp.where(breach, gross, 1.0), 0.0)
        return jnp.where(breach, share, 0.0)

    def alarm(self, record: LeverageLimit, own: tuple[()], still: QuietView) -> Array:
        """Gross above the limit."""
        return any_row(still.gross > record.limit * still.equity)


TRIGGER = _LeverageLimit()
