"""Shifts fitted to paths on which something rare happened: expectation maximisation of a mixture of normal laws.

Dempster, Laird and Rubin's (1977) steps find a mixture of `mixture.Mixture` that is near in cross-entropy to the law of
such paths (Rubinstein and Kroese 2004). Nearest in cross-entropy is not of least variance: paths on which less than
usual was enough are drawn too seldom and weigh much. Variance itself, of few paths, is ruled by the heaviest of them.
What is made less here lies between both: the mean, over these paths, of what they weigh against the mixture, to the
power ORDER (the alpha divergence of 1 + ORDER, Minka 2005: cross-entropy at 0, of an event variance at 1). Its
derivatives are those of a cross-entropy with that power as a factor of each path's weight, so every turn weighs the
paths once more. The plain paths of the mixture count in that weight; nothing is fitted of them, and which component a
path is of is told among the others.

Either all steps are shifted in one direction, each as far as it was, as a fall in the first days may do most. Or one
step is: all components with a large shock at one share the shift of this step and that, in one direction, of the
others; all with a large scale at one share the shift of the normals that common scales are made of. So few paths
determine them, and what those cannot tell from noise is left out. Components with a large scale are there for what the
fitted direction misses: a fund that fails by another move, or by the opposite one.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from stress.engine.weighted.mixture import PLAIN, Shifts

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
ORDER = 0.5  # between cross-entropy and variance; 0 and 1 had more variance, see docs/rare-events.md
TURNS = 20
CLOSE = 1e-3  # change of the mean log likelihood, below which turns end
CLEAR = 2.0  # standard errors from which on a shift is one, and no noise of few paths
TURNS_OF_DIRECTION, TINY = 3, 1e-300
SMALLEST = 0.05  # share, of a family or of a step, from which on paths tell its shift; that all others have at least
WIDE_AT_LEAST = 2.0  # standard deviations, of the shift of common scales
DEFENSIVE = 0.1  # share of the components of single steps, at least
ANY_WAY = 0.1  # of them so many have a large scale alone, at least
ALIKE = 0.1  # part of the large shocks that is spread over all steps alike


def fit(normals: npt.NDArray[np.float32], weights: Floats, scales: int, order: float = ORDER) -> tuple[Shifts, Floats]:
    """The shifts of paths that matter, and the shares of the components, (1,) or (1 + 2 x step,).

    Args:
        normals: (step, row, path).
        weights: (path,) how much each matters, some above 0.
        scales: how many rows, the last ones, make common scales; 0: no single step is a component.
        order: 0 is cross-entropy, 1 the variance of an event's probability.
    """
    z = normals.astype(np.float64)
    steps, rows, paths = z.shape
    weights, widens = weights / weights.sum(), np.arange(rows) >= rows - scales
    every, course = _one_direction(z @ weights, np.ones(steps), effective(weights))
    nothing = np.zeros(rows)
    shifts, shares, before = Shifts(every, course, nothing, nothing, course, nothing), np.ones(1), math.inf
    if scales:
        largest = np.argmax(np.einsum("srp,r->sp", z, every), axis=0)
        once = z[largest, :, np.arange(paths)].T @ weights
        scale = _widening(once * widens, effective(weights), widens)
        shifts = Shifts(every, course, once, every / 2, course, scale)
        shares = _shares(np.full((2, steps), 0.25 / steps))
    for _ in range(TURNS):
        logs = _likelihoods(z, shifts)[: len(shares)] + np.log(shares)[:, None]
        highest = logs.max(axis=0)
        each = np.exp(logs - highest)
        tilted = each.sum(axis=0)
        ratio = np.logaddexp(math.log(PLAIN), math.log(1 - PLAIN) + highest + np.log(tilted))
        reached = float(weights @ ratio)
        if abs(before - reached) < CLOSE:
            break
        before, weighed = reached, truncated(weights * np.exp(-order * (ratio - ratio.min())))
        each *= weighed / weighed.sum() / tilted
        shock, wider = each[1:].reshape(2, -1, paths)
        shifts = _maximised(z, shifts, each[0], shock, wider, widens)
        if scales:
            shares = _shares(np.stack([shock.sum(axis=1), wider.sum(axis=1)]))
    return shifts, shares


def _likelihoods(z: Floats, shifts: Shifts) -> Floats:
    """Logarithms of the components' likelihoods over the plain one, (1 + 2 x step, path), see `mixture.Mixture`."""
    directions = np.stack([shifts.every, shifts.once, shifts.others, shifts.scale])
    toward, along, beside, wide = np.moveaxis(directions @ z, 1, 0)
    beside = shifts.beside[:, None] * beside
    square = shifts.beside**2 * (shifts.others @ shifts.others)
    every = shifts.course @ toward - 0.5 * (shifts.course @ shifts.course) * (shifts.every @ shifts.every)
    of_step = along + beside.sum(axis=0) - beside - 0.5 * (shifts.once @ shifts.once + square.sum() - square)[:, None]
    return np.vstack([every, of_step, wide - 0.5 * shifts.scale @ shifts.scale])


def _maximised(z: Floats, found: Shifts, every: Floats, shock: Floats, wider: Floats, widens: Bools) -> Shifts:
    """The shifts that are most likely where components have these parts of the paths, `every` (path,), `shock` and
    `wider` (step, path); those found before where a family has too little to say more."""
    of_paths, large, wide = shock.sum(axis=0), float(shock.sum()), float(wider.sum())
    if every.sum() > SMALLEST:
        direction, course = _one_direction(z @ every, np.full(len(z), every.sum()), effective(every))
        found = found._replace(every=direction, course=course)
    if large > SMALLEST:
        in_step = (z @ shock[:, :, None])[..., 0]
        rest = large - shock.sum(axis=1)
        others, beside = _one_direction(z @ of_paths - in_step, rest, effective(of_paths))
        once = _clear(in_step.sum(axis=0) / large, effective(of_paths))
        found = found._replace(once=once, others=others, beside=beside)
    if wide > SMALLEST:
        mean = (z @ wider[:, :, None])[..., 0].sum(axis=0) / wide
        found = found._replace(scale=_widening(mean * widens, effective(wider.sum(axis=0)), widens))
    return found


def _one_direction(sums: Floats, counts: Floats, paths: float) -> tuple[Floats, Floats]:
    """A direction, (row,), and how far each step, (step,), goes in it: their products are nearest to weighted means.

    Args:
        sums: (step, row) of normals times weights.
        counts: (step,) sums of the weights.
        paths: how many of one weight tell as much.
    """
    told = counts > SMALLEST * counts.max()
    mean = np.where(told[:, None], sums / np.where(told, counts, 1.0)[:, None], 0.0)
    every, course = mean.mean(axis=0), np.ones(len(mean))
    for _ in range(TURNS_OF_DIRECTION):
        course = _clear(mean @ every / max(float(every @ every), TINY), paths * float(every @ every))
        of_steps = counts * course
        every = _clear(of_steps @ mean / max(float(of_steps @ course), TINY), paths * float(course @ course))
    return every, course


def effective(weights: Floats) -> float:
    """How many paths of one weight tell as much (Kong 1992)."""
    return float(weights.sum() ** 2 / max((weights**2).sum(), TINY))


def truncated(weights: Floats) -> Floats:
    """No weight above the mean times the root of their number (Ionides 2008): a path of a weight that is larger by
    chance alone is not what a tilt is fitted to."""
    return np.minimum(weights, weights.mean() * math.sqrt(len(weights))) if len(weights) else weights


def _clear(mean: Floats, paths: float) -> Floats:
    """Without what is less than CLEAR errors of itself, the mean of so many standard normals."""
    return np.where(mean**2 * paths > CLEAR**2, mean, 0.0)


def _widening(mean: Floats, paths: float, widens: Bools) -> Floats:
    """Such a shift that all assets move more (the scale falls with its normal), by WIDE_AT_LEAST in all at least."""
    down = np.minimum(_clear(mean, paths), 0.0)
    least = -WIDE_AT_LEAST / math.sqrt(np.count_nonzero(widens)) * widens
    return np.where(down @ down < WIDE_AT_LEAST**2, least, down)


def _shares(single: Floats) -> Floats:
    """Shares of all components, so that paths remain for each other one, from those that large shocks and large scales,
    (2, step), have.

    A mixture without single steps has now and then a path of a weight of several, which no pilot has seen. Large scales
    are alike in all steps.
    """
    large, wide = single.sum(axis=1)
    both = min(max(large + wide, DEFENSIVE), 1 - SMALLEST)
    second = min(max(wide / max(large + wide, TINY), ANY_WAY), 1 - SMALLEST)
    steps = single.shape[1]
    of_steps = (1 - ALIKE) * single[0] / large + ALIKE / steps if large > 0 else np.full(steps, 1 / steps)
    return np.concatenate([[1 - both], both * (1 - second) * of_steps, np.full(steps, both * second / steps)])
