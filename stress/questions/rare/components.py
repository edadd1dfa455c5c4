"""Shifts fitted to paths on which something rare happened: expectation maximisation of a mixture of normal laws.

The law of such paths that is nearest in cross-entropy among the mixtures of `mixture.Mixture` maximises the weighted
likelihood of their normals (Rubinstein and Kroese 2004), which Dempster, Laird and Rubin's (1977) steps find. All steps
share one shift, as do all components of one large step each, so few paths determine them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
TURNS = 40
SMALLEST = 0.05  # share of a family that is kept


class Shifts(NamedTuple):
    """What is added to the normals of every step, or of one; `share` is that of the latter family."""

    every: Floats  # (row,)
    once: Floats  # (row,)
    share: float


def fit(normals: npt.NDArray[np.float32], weights: Floats, one_step: bool) -> Shifts:
    """The shifts of paths that matter.

    Args:
        normals: (step, row, path).
        weights: (path,).
        one_step: whether a large shock at one step is a component.
    """
    z = normals.astype(np.float64)
    steps = z.shape[0]
    weights = weights / weights.sum()
    every = z.mean(axis=0) @ weights
    nothing = np.zeros_like(every)
    if not one_step:
        return Shifts(every, nothing, 0.0)
    largest = np.argmax(np.einsum("srp,r->sp", z, every), axis=0)
    once = z[largest, :, np.arange(z.shape[2])].T @ weights
    share = 0.5
    for _ in range(TURNS):
        of_every = np.einsum("srp,r->p", z, every) - 0.5 * steps * every @ every
        of_step = np.einsum("srp,r->sp", z, once) - 0.5 * once @ once
        logs = np.vstack([np.log(1 - share) + of_every, np.log(share / steps) + of_step])
        each = np.exp(logs - logs.max(axis=0))
        each = each / each.sum(axis=0) * weights
        share = float(each[1:].sum())
        if share < SMALLEST:
            return Shifts(z.mean(axis=0) @ weights, nothing, 0.0)
        once = np.einsum("srp,sp->r", z, each[1:]) / share
        if share > 1 - SMALLEST:
            share, every = 1 - SMALLEST, nothing
            continue
        every = z.mean(axis=0) @ each[0] / each[0].sum()
    return Shifts(every, once, share)
