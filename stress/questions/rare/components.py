"""Shifts fitted to paths on which something rare happened: expectation maximisation of a mixture of normal laws.

The law of such paths that is nearest in cross-entropy among the mixtures of `mixture.Mixture` maximises the weighted
likelihood of their normals (Rubinstein and Kroese 2004), which Dempster, Laird and Rubin's (1977) steps find. All steps
share one shift. All components with a large shock at one step share two, that of this step and that of the others; all
with a large scale at one step share one, of the normals that common scales are made of. So few paths determine them.
Those with a large scale are there for what the fitted direction misses: a fund that fails by another move, or by the
opposite one.
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
    """What is added to the normals: of every step alike, or of one step and of the others beside it."""

    every: Floats  # (row,)
    once: Floats  # (row,)
    others: Floats  # (row,)
    scale: Floats  # (row,), 0 where a row makes no common scale
    shares: tuple[float, float]  # of a large shock, and of a large scale, at one step


def fit(normals: npt.NDArray[np.float32], weights: Floats, scales: int, any_way: float) -> Shifts:
    """The shifts of paths that matter.

    Args:
        normals: (step, row, path).
        weights: (path,).
        scales: how many rows, the last ones, make common scales; 0: no single step is a component.
        any_way: of the paths with one large step at least so many have a large scale alone.
    """
    z = normals.astype(np.float64)
    steps, rows, paths = z.shape
    weights = weights / weights.sum()
    whole = z.sum(axis=0)
    mean = every = whole @ weights / steps
    nothing = np.zeros(rows)
    alike = Shifts(mean, nothing, nothing, nothing, (0.0, 0.0))
    if not scales:
        return alike
    widens = np.arange(rows) >= rows - scales
    largest = np.argmax(np.einsum("srp,r->sp", z, every), axis=0)
    once = z[largest, :, np.arange(paths)].T @ weights
    others, scale, shares, before = nothing, once * widens, (0.25, 0.25), -math.inf
    flat = np.ascontiguousarray(z.transpose(1, 0, 2)).reshape(rows, steps * paths)
    for _ in range(TURNS):
        along, beside, wide = (np.stack([once, others, scale]) @ flat).reshape(3, steps, paths)
        of_every = every @ whole - 0.5 * steps * every @ every
        of_step = along - beside + beside.sum(axis=0) - 0.5 * (once @ once + (steps - 1) * others @ others)
        of_scale = wide - 0.5 * scale @ scale
        logs = np.vstack([of_every, of_step, of_scale])
        logs += np.log(np.repeat([1 - sum(shares), *(x / steps for x in shares)], [1, steps, steps]))[:, None]
        highest = logs.max(axis=0)
        each = np.exp(logs - highest)
        likelihood = each.sum(axis=0)
        reached = float((highest + np.log(likelihood)) @ weights)
        if reached - before < CLOSE:
            break
        before, each = reached, each / likelihood * weights
        shock, wider = each[1 : steps + 1], each[steps + 1 :]
        large, wide_ones = float(shock.sum()), float(wider.sum())
        if large + wide_ones < SMALLEST:
            return alike
        in_step = flat @ shock.ravel()
        once = in_step / large
        others = (whole @ shock.sum(axis=0) - in_step) / (large * max(steps - 1, 1))
        scale = flat @ wider.ravel() / wide_ones * widens
        shares = _kept(large, wide_ones, any_way)
        if each[0].sum() > 0:
            every = whole @ each[0] / each[0].sum() / steps
    return Shifts(every, once, others, scale, shares)


def _kept(large: float, wide: float, least: float) -> tuple[float, float]:
    """Shares of both families, so that paths remain for each other one; `least` of the second one in both."""
    both = min(large + wide, 1 - SMALLEST)
    second = min(max(wide / (large + wide), least), 1 - SMALLEST)
    return both * (1 - second), both * second
