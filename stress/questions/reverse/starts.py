"""Directions in which the search begins: the book's slopes over stretches of steps, and what breaks in a plain run.

With Student-t a direction that is the same in all steps may never bring a default about: one large shock does, and a
large shock is a low mixing normal of its step. So each stretch is tried with its part of the mixing normal.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.questions.reverse.crossing import unit
from stress.questions.reverse.paths import Shape

Floats = npt.NDArray[np.float64]
STRETCHES = (1, 2, 3, 5)  # steps, beside all of them
TILTS = (0.0, 40.0, 60.0, 75.0)  # degrees from the assets' normals towards the mixing normal


def from_slopes(shape: Shape, slopes: Floats) -> Floats:
    """(start, step * row) from the slopes of losses at rest, (loss, step, row)."""
    found = []
    for one in slopes:
        for first, length in _stretches(shape.steps):
            part = np.zeros_like(one)
            part[first : first + length] = one[first : first + length]
            if np.any(part):
                found += [_tilted(shape, part, np.deg2rad(tilt)) for tilt in (TILTS if shape.mixing else TILTS[:1])]
    return unit(np.array(found).reshape(len(found), shape.size))


def _stretches(steps: int) -> list[tuple[int, int]]:
    lengths = sorted({length for length in STRETCHES if length < steps} | {steps})
    return [(first, length) for length in lengths for first in range(0, steps - length + 1)]


def _tilted(shape: Shape, part: Floats, angle: float) -> Floats:
    """A direction of the assets' normals, turned towards low mixing normals in the steps that it moves."""
    if not shape.mixing:
        return part
    mixing, plain = list(shape.mixing), part.copy()
    plain[:, mixing] = 0.0
    towards = np.zeros_like(part)
    towards[np.ix_(np.any(plain != 0, axis=1), mixing)] = -1.0
    return np.asarray(np.cos(angle) * unit(plain.ravel()) + np.sin(angle) * unit(towards.ravel())).reshape(part.shape)


def from_breaking(shape: Shape, normals: Floats, moves: Floats, slopes: Floats) -> Floats:
    """(start, step * row): the mean of paths on which it happened, and of those with their largest loss in one step.

    Args:
        shape: of normals.
        normals: (path, step, row) of these paths.
        moves: (path, step, asset) log returns.
        slopes: (step, asset) of the loss by log return, at rest.
    """
    if not len(normals):
        return np.zeros((0, shape.size))
    worst = np.einsum("psa,sa->ps", moves, slopes).argmax(axis=1)
    groups = [np.ones(len(worst), bool), *(worst == step for step in range(shape.steps))]
    means = [normals[chosen].mean(axis=0).ravel() for chosen in groups if chosen.any()]
    return unit(np.array(means))
