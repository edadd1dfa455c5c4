"""Shifts fitted to paths on which something rare happened: expectation maximisation of a mixture of normal laws.

The law of such paths that is nearest in cross-entropy among the mixtures of `mixture.Mixture` maximises the weighted
likelihood of their normals (Rubinstein and Kroese 2004), which Dempster, Laird and Rubin's (1977) steps find. All steps
share one shift, and all components of one large step each share two, that of the large step and that of the others, so
few paths determine them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
TURNS = 40
CLOSE = 1e-4  # mean log likelihood that a turn adds, below which they end
SMALLEST = 0.05  # share of a family that is kept


class Shifts(NamedTuple):
    """What is added to the normals: of every step alike, or of one large step and of the others beside it."""

    every: Floats  # (row,)
    once: Floats  # (row,)
    others: Floats  # (row,)
    share: float  # of the family with one large step


def fit(normals: npt.NDArray[np.float32], weights: Floats, one_step: bool) -> Shifts:
    """The shifts of paths that matter.

    Args:
        normals: (step, row, path).
        weights: (path,).
        one_step: whether a large shock at one step is a component.
    """
    z = normals.astype(np.float64)
    steps, rows, paths = z.shape
    weights = weights / weights.sum()
    whole = z.sum(axis=0)
    mean = every = whole @ weights / steps
    nothing = np.zeros(rows)
    if not one_step:
        return Shifts(mean, nothing, nothing, 0.0)
    largest = np.argmax(np.einsum("srp,r->sp", z, every), axis=0)
    once = z[largest, :, np.arange(paths)].T @ weights
    others, share, before = nothing, 0.5, -math.inf
    flat = np.ascontiguousarray(z.transpose(1, 0, 2)).reshape(rows, steps * paths)
    for _ in range(TURNS):
        along, beside = (np.stack([once, others]) @ flat).reshape(2, steps, paths)
        of_every = every @ whole - 0.5 * steps * every @ every
        of_step = along - beside + beside.sum(axis=0) - 0.5 * (once @ once + (steps - 1) * others @ others)
        logs = np.vstack([np.log(1 - share) + of_every, np.log(share / steps) + of_step])
        highest = logs.max(axis=0)
        each = np.exp(logs - highest)
        likelihood = each.sum(axis=0)
        reached = float((highest + np.log(likelihood)) @ weights)
        if reached - before < CLOSE:
            break
        before, each = reached, each / likelihood * weights
        large = float(each[1:].sum())
        if large < SMALLEST:
            return Shifts(mean, nothing, nothing, 0.0)
        share = min(large, 1 - SMALLEST)
        in_step = flat @ each[1:].ravel()
        once = in_step / large
        others = (whole @ each[1:].sum(axis=0) - in_step) / (large * max(steps - 1, 1))
        if each[0].sum() > 0:
            every = whole @ each[0] / each[0].sum() / steps
    return Shifts(every, once, others, share)
