"""Shifts fitted to paths on which something rare happened: expectation maximisation of a mixture of normal laws.

The law of such paths that is nearest in cross-entropy among the mixtures of `mixture.Mixture` maximises the weighted
likelihood of their normals (Rubinstein and Kroese 2004), which Dempster, Laird and Rubin's (1977) steps find. Either
all steps are shifted in one direction, each as far as it was, as a fall in the first days may do most. Or one step is:
all components with a large shock at one share two shifts, that of this step and that of the others; all with a large
scale at one share the shift of the normals that common scales are made of. So few paths determine them, and what those
cannot tell from noise is left out. Components with a large scale are there for what the fitted direction misses: a fund
that fails by another move, or by the opposite one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
TURNS = 40
CLOSE = 1e-4  # mean log likelihood that a turn adds, below which they end
CLEAR = 2.0  # standard errors from which on a shift is one, and no noise of few paths
TURNS_OF_DIRECTION, TINY = 3, 1e-300
SMALLEST = 0.05  # share of a family from which on paths tell its shifts
WIDE_AT_LEAST = 2.0  # standard deviations, of the shift of common scales
DEFENSIVE = 0.1  # share of the components of single steps, at least


class Shifts(NamedTuple):
    """What is added to the normals: of every step in one direction, or of one step and of the others beside it."""

    every: Floats  # (row,) times
    course: Floats  # (step,)
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
    whole, nothing = z.sum(axis=0), np.zeros(rows)
    every, course = _one_direction(z, weights)
    if not scales:
        return Shifts(every, course, nothing, nothing, nothing, (0.0, 0.0))
    widens = np.arange(rows) >= rows - scales
    largest = np.argmax(np.einsum("srp,r->sp", z, every), axis=0)
    once = z[largest, :, np.arange(paths)].T @ weights
    scale = _widening(once * widens, effective(weights), widens)
    others, shares, before = nothing, (0.25, 0.25), -math.inf
    flat = np.ascontiguousarray(z.transpose(1, 0, 2)).reshape(rows, steps * paths)
    for _ in range(TURNS):
        toward, along, beside, wide = (np.stack([every, once, others, scale]) @ flat).reshape(4, steps, paths)
        of_every = course @ toward - 0.5 * (course @ course) * (every @ every)
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
        shares = _kept(large, wide_ones, any_way)
        if large + wide_ones < SMALLEST:
            break  # too few to say more of single steps
        in_step, of_paths = flat @ shock.ravel(), shock.sum(axis=0)
        once = _clear(in_step / large, effective(of_paths))
        others = _clear((whole @ of_paths - in_step) / (large * max(steps - 1, 1)), (steps - 1) * effective(of_paths))
        scale = _widening(flat @ wider.ravel() / wide_ones * widens, effective(wider.sum(axis=0)), widens)
        if each[0].sum() > 0:
            every, course = _one_direction(z, each[0])
    return Shifts(every, course, once, others, scale, shares)


def _one_direction(z: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The direction, (row,), and how far each step, (step,), goes in it: next to the mean of (step, row, path)."""
    mean, paths = z @ (weights / weights.sum()), effective(weights)
    every, course = mean.mean(axis=0), np.ones(len(mean))
    for _ in range(TURNS_OF_DIRECTION):
        course = _clear(mean @ every / max(every @ every, TINY), paths * float(every @ every))
        every = _clear(course @ mean / max(course @ course, TINY), paths * float(course @ course))
    return every, course


def effective(weights: Floats) -> float:
    """How many paths of one weight tell as much (Kong 1992)."""
    return float(weights.sum() ** 2 / max((weights**2).sum(), TINY))


def _clear(mean: Floats, paths: float) -> Floats:
    """Without what is less than CLEAR errors of itself, the mean of so many standard normals."""
    return np.where(mean**2 * paths > CLEAR**2, mean, 0.0)


def _widening(mean: Floats, paths: float, widens: Bools) -> Floats:
    """Such a shift that all assets move more (the scale falls with its normal), by WIDE_AT_LEAST in all at least."""
    down = np.minimum(_clear(mean, paths), 0.0)
    least = -WIDE_AT_LEAST / math.sqrt(np.count_nonzero(widens)) * widens
    return np.where(down @ down < WIDE_AT_LEAST**2, least, down)


def _kept(large: float, wide: float, least: float) -> tuple[float, float]:
    """Shares of both families, so that paths remain for each other one; `least` of the second one in both.

    A mixture without single steps has now and then a path of a weight of several, which no pilot has seen.
    """
    both = min(max(large + wide, DEFENSIVE), 1 - SMALLEST)
    second = min(max(wide / max(large + wide, TINY), least), 1 - SMALLEST)
    return both * (1 - second), both * second
