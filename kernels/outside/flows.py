"""All outside flows together: what they trade in a step, and whose part of the price moves that makes."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from stress.kernels.outside.protocol import AfterShock
from stress.kernels.outside.registry import FLOWS
from stress.kernels.structure import Structure


class OutsideState(NamedTuple):
    """How they stand between two steps."""

    own: dict[str, Any]  # state of each flow that is on
    recent: tuple[Array, ...]  # (asset, path) recent flow of each, decayed; () where there is one at most


class OutsideFlows(NamedTuple):
    """What enters the market in round 1 of a step from outside, in units as a fraction of ADV."""

    parts: tuple[Array, ...]  # (asset, path) of each flow, in the order of the structure
    total: Array  # (asset, path); no rows without outside flows
    shares: tuple[Array, ...]  # (asset, path) part of each in what all of them do to prices; () where there is one


def no_outside_flows(structure: Structure, records: dict[str, Any], paths: int, dtype: DTypeLike) -> OutsideState:
    """Before the first step."""
    nothing = jnp.zeros((structure.assets, paths), dtype)
    own = {name: FLOWS[name].start(records[name], paths, dtype) for name in structure.outside}
    return OutsideState(own, tuple(nothing for _ in structure.outside) if len(structure.outside) > 1 else ())


def told(structure: Structure, records: dict[str, Any], before: OutsideState, after: OutsideState) -> dict[str, Array]:
    """What a timeline tells of every flow that is on, each (path,), by name of the flow and of the figure."""
    return {
        f"{name}_{figure}": values
        for name in structure.outside
        for figure, values in FLOWS[name].told(records[name], before.own[name], after.own[name]).items()
    }


def scaled(flows: OutsideFlows, by: Array) -> OutsideFlows:
    """The flows by a factor (), in which their shares stay."""
    return flows._replace(parts=tuple(by * part for part in flows.parts), total=by * flows.total)


def outside_flows(
    structure: Structure, records: dict[str, Any], state: OutsideState, now: AfterShock, decay: Array | None
) -> tuple[OutsideFlows, OutsideState]:
    """What all of them trade in this step, and how they stand then.

    Earlier flow goes on to move prices while it decays, so shares are those of the recent flow, by size.

    Args:
        structure: what is compiled.
        records: numbers of each flow that is on.
        state: after the last step.
        now: the market after the step's outside shock.
        decay: factor of the recent flow over one step; None = 1.
    """
    if not structure.outside:
        return OutsideFlows((), now.price[:0], ()), state
    traded = [FLOWS[name].trade(records[name], state.own[name], now) for name in structure.outside]
    parts = tuple(flow for flow, _ in traded)
    own = {name: after for name, (_, after) in zip(structure.outside, traded, strict=True)}
    total = reduce(add, parts)
    if len(parts) == 1:
        return OutsideFlows(parts, total, ()), OutsideState(own, ())
    before = state.recent if decay is None else tuple(decay * flow for flow in state.recent)
    recent = tuple(flow + part for flow, part in zip(before, parts, strict=True))
    size = reduce(add, (jnp.abs(flow) for flow in recent))
    shares = tuple(
        jnp.where(size > 0, jnp.abs(flow) / jnp.where(size > 0, size, 1.0), 1.0 / len(recent)) for flow in recent
    )
    return OutsideFlows(parts, total, shares), OutsideState(own, recent)
