"""Draws given some of their moves: `rows r = moves` holds and the rest follows the conditional law.

Of a normal `r` with covariance `C`, `r + G (moves - rows r)` with `G = C rows' (rows C rows')^-1` has the law given
the moves (Matheron's update of a draw, Journel and Huijbregts 1978). A Student-t draw has more degrees of freedom and
another scale first, see `scenarios.conditions.law`. A step without a condition has slot 0: there the draw is as it
was, to the bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jax import Array, lax

from stress.kernels.linear import product


class Pins(NamedTuple):
    """What is fixed, by slot; rows that a slot does not need are 0."""

    rows: Array  # (slot, row, asset) weights
    gain: Array  # (slot, asset, row)
    missing: Array  # (slot, row, 1) log moves less the mean of the draw
    spread: Array  # (slot,) what the draw is multiplied by first


class Conditions(NamedTuple):
    """Numbers of all conditions."""

    slot: Array  # (step,) int32, 0: the step has none
    pins: Pins
    own: Any  # of the model, by slot; None: it needs none


def pinned(pins: Pins, slot: Array, moves: Array) -> Array:
    """Moves (asset, path) that meet the condition of a slot, () int32."""

    def met(drawn: Array) -> Array:
        apart = drawn * pins.spread[slot]
        return apart + product(pins.gain[slot], pins.missing[slot] - product(pins.rows[slot], apart))

    found: Array = lax.cond(slot > 0, met, lambda drawn: drawn, moves)
    return found
