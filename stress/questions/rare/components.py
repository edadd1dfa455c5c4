"""Shifts fitted to paths on which something rare happened: expectation maximisation of a mixture of normal laws.

The law of such paths that is nearest in cross-entropy among the mixtures of `mixture.Mixture` maximises the weighted
likelihood of their normals (Rubinstein and Kroese 2004), which Dempster, Laird and Rubin's (1977) steps find. All steps
share one shift. A large step is of one of a few kinds, as funds fail by different moves; its components, one for each
step, share two shifts, that of the large step and that of the others. So few paths determine them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
TURNS = 40
CLOSE = 1e-4  # mean log likelihood that a turn adds, below which they end
NONE = 1e-12  # share of a kind that no path is of
SMALLEST = 0.05  # share of a family that is kept


class Shifts(NamedTuple):
    """What is added to the normals: of every step alike, or, for each kind, of one large step and of the others."""

    every: Floats  # (row,)
    once: Floats  # (kind, row)
    others: Floats  # (kind, row)
    shares: Floats  # (kind,) of the families with one large step


def fit(normals: npt.NDArray[np.float32], weights: Floats, kinds: int) -> Shifts:
    """The shifts of paths that matter.

    Args:
        normals: (step, row, path).
        weights: (path,).
        kinds: of large steps that are told apart; 0: none is a component.
    """
    z = normals.astype(np.float64)
    steps, rows, paths = z.shape
    weights = weights / weights.sum()
    whole = z.sum(axis=0)
    mean = every = whole @ weights / steps
    nothing = np.zeros((kinds, rows))
    if not kinds:
        return Shifts(mean, nothing, nothing, np.zeros(0))
    largest = np.argmax(np.einsum("srp,r->sp", z, every), axis=0)
    once = _centres(z[largest, :, np.arange(paths)], weights, kinds)
    others, shares, before = nothing, np.full(kinds, 0.5 / kinds), -math.inf
    flat = np.ascontiguousarray(z.transpose(1, 0, 2)).reshape(rows, steps * paths)
    for _ in range(TURNS):
        along, beside = (np.concatenate([once, others]) @ flat).reshape(2, kinds, steps, paths)
        of_every = every @ whole - 0.5 * steps * every @ every
        square = (once**2).sum(axis=1) + (steps - 1) * (others**2).sum(axis=1)
        of_step = along - beside + beside.sum(axis=1, keepdims=True) - 0.5 * square[:, None, None]
        of_step += np.log(np.maximum(shares, NONE) / steps)[:, None, None]
        logs = np.vstack([np.log(1 - shares.sum()) + of_every, of_step.reshape(kinds * steps, paths)])
        highest = logs.max(axis=0)
        each = np.exp(logs - highest)
        likelihood = each.sum(axis=0)
        reached = float((highest + np.log(likelihood)) @ weights)
        if reached - before < CLOSE:
            break
        before, each = reached, each / likelihood * weights
        large = each[1:].reshape(kinds, steps * paths)
        shares = large.sum(axis=1)
        if shares.sum() < SMALLEST:
            return Shifts(mean, nothing, nothing, np.zeros(kinds))
        in_step = large @ flat.T
        all_steps = large.reshape(kinds, steps, paths).sum(axis=1) @ whole.T
        sizes = np.maximum(shares, NONE)[:, None]
        once = in_step / sizes
        others = (all_steps - in_step) / (sizes * max(steps - 1, 1))
        shares *= min(1.0, (1 - SMALLEST) / shares.sum())
        if each[0].sum() > 0:
            every = whole @ each[0] / each[0].sum() / steps
    return Shifts(every, once, others, shares)


def _centres(points: Floats, weights: Floats, kinds: int) -> Floats:
    """Where the kinds of points, (path, row), begin: their mean, then points far from what was chosen (Arthur and
    Vassilvitskii 2007)."""
    rng = np.random.default_rng(0)
    chosen = [weights @ points]
    for _ in range(kinds - 1):
        far = np.min([((points - one) ** 2).sum(axis=1) for one in chosen], axis=0) * weights
        if not far.sum() > 0:
            chosen.append(chosen[0])
            continue
        chosen.append(points[rng.choice(len(points), p=far / far.sum())])
    return np.array(chosen)
