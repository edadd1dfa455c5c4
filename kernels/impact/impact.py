"""Price impact as the step and its cascade use it: the law of a structure, whatever it is."""

from __future__ import annotations

from typing import Any, NamedTuple

from jax import Array

from stress.kernels.impact.registry import LAWS
from stress.kernels.structure import Structure


class Impact(NamedTuple):
    """Numbers of impact; None in `Params` where trading moves no price."""

    law: Any  # record of the law
    permanent: Array  # () share of a price change that never decays
    decay: Array  # () factor of the recent flow over one step
    strength: Array  # () of the detailed program: 1, or 0 where funds are price takers


def log_displacement(structure: Structure, impact: Impact | None, flow: Array, depth: Array) -> Array:
    """What the recent flow has moved the log price by, (asset, path).

    Args:
        structure: what is compiled, with impact.
        impact: numbers.
        flow: (asset, path) signed flow J as a fraction of ADV.
        depth: (asset, path) depth multiplier g.
    """
    if structure.impact is None or impact is None:
        raise ValueError("a structure without impact has no law")
    change = LAWS[structure.impact.law].log_change(impact.law, flow, depth if structure.depth else None)
    return impact.strength * change if structure.attribution else change


def floored(structure: Structure, impact: Impact | None, flow: Array, depth: Array) -> Array | None:
    """(asset, path) bool where the law was cut at a floor, None where it has none."""
    if structure.impact is None or impact is None:
        return None
    return LAWS[structure.impact.law].floored(impact.law, flow, depth if structure.depth else None)
