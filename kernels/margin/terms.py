"""Terms of brokers: how much the base rates of a step are multiplied by.

`m_i = factor (clip((sigma_i/sigma_0i)^gamma, 1, cap) + hike)`; the hike is on while the mean of `sigma/sigma_0` over
equities is above its level; a lock-up keeps `m = factor`. Distinct factors and laws of motion are *terms*; base rates
(`m = 1`) come first, and each fund has a weight on each.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stress.kernels.linear import product
from stress.kernels.structure import MarginStructure


class Terms(NamedTuple):
    """Numbers of all terms."""

    factor: Array  # (term,) multiplies the rates
    procyclicality: Array  # (term,) gamma / 2
    cap: Array  # (term,)
    hike_level: Array  # (term,)
    hike_size: Array  # (term,)
    weight: Array  # (1 + term, member, 1) share of the fund on base rates, then on each term
    weight_locked: Array  # (1 + term, member, 1) the same during a lock-up
    lockup_steps: Array  # (member, 1) int32
    equity_weights: Array  # (1, asset) of the mean that hikes look at


class StepTerms(NamedTuple):
    """What the terms come to in one step; fixed during its cascade."""

    multiplier: tuple[Array, ...]  # per term: (asset, path)
    weight: Array  # (1 + term, member, 1) of base rates and each term


def step_terms(structure: MarginStructure, terms: Terms, variance: Array, step: Array) -> StepTerms:
    """Terms of a step.

    Args:
        structure: what of margin is compiled.
        terms: numbers.
        variance: (asset, path) variance over its start, as of the end of the last step.
        step: () int32, 1-based.
    """
    locked = jnp.where(terms.lockup_steps >= step, terms.weight_locked, terms.weight)
    return StepTerms(_multipliers(structure, terms, variance), locked)


def _multipliers(structure: MarginStructure, terms: Terms, variance: Array) -> tuple[Array, ...]:
    if structure.terms == 0:
        return ()
    log_variance = jnp.log(variance)
    stress = product(terms.equity_weights, jnp.sqrt(variance)) if structure.hikes else None
    result = []
    for t in range(structure.terms):
        moved = jnp.clip(jnp.exp(terms.procyclicality[t] * log_variance), 1.0, terms.cap[t])
        if stress is not None:
            moved = moved + jnp.where(stress > terms.hike_level[t], terms.hike_size[t], 0.0)
        result.append(terms.factor[t] * moved)
    return tuple(result)
