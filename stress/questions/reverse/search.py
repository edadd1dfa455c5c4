"""The search for shocks of least norm: down from several starts, then at random around what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.questions.reverse.crossing import FARTHEST, Happens, first_crossings, hits, refined, unit, within
from stress.questions.reverse.paths import Shape

Floats = npt.NDArray[np.float64]
Slopes = Callable[[Floats], Floats]  # (size,) normals -> (guide, size), slopes of what leads there
SHARES = np.array([0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0])  # of the way from a direction to that of the slopes
GAIN = 1e-4  # relative, of a norm: less of it in a round of slopes is none
COARSE = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, FARTHEST)  # radii of a first look
ROUNDS = 25  # of slopes at most
BATCH = 512  # random shocks
ANGLES = (0.4, 0.15, 0.05, 0.02)  # of random turns, in turn
SAME = 0.9  # cosine from which two shocks are one


@dataclass(frozen=True)
class Found:
    """A shock with which it happens, and with none that is CLOSENESS smaller in its direction."""

    normals: Floats  # (size,)
    start: str  # what it was found from
    norm_of_slopes: float  # before the random search

    @property
    def norm(self) -> float:
        """Distance from the shock without any."""
        return float(np.linalg.norm(self.normals))


def search(
    happens: Happens, slopes: Slopes, shape: Shape, starts: Sequence[tuple[str, Floats]], most: int, seed: int
) -> list[Found]:
    """Shocks of locally least norm, the most plausible first, at most so many of them.

    Args:
        happens: whether it happens, of many shocks.
        slopes: of what leads there, of one.
        shape: of the normals.
        starts: named directions, (start, size).
        most: shocks that are looked for.
        seed: of random turns.
    """
    rng = np.random.default_rng(seed)
    directions = np.concatenate([every for _, every in starts])
    names = [name for name, every in starts for _ in every]
    chosen = _soonest(happens, directions, 8 * most)
    if not len(chosen):
        return []
    directions, names = directions[chosen], [names[i] for i in chosen]
    radii = first_crossings(happens, directions)
    begun = apart(shape, [(directions[i], names[i]) for i in np.argsort(radii) if radii[i] < FARTHEST], 2 * most)
    ends = []
    for direction, name in begun:
        radius = float(first_crossings(happens, direction[None])[0])
        down, radius = _down(happens, slopes, rng, direction, radius)
        ends.append((radius, down, name))
    ends.sort(key=lambda end: end[0])
    distinct = apart(shape, [(down, (name, radius)) for radius, down, name in ends], most)
    found = []
    for direction, (name, radius) in distinct:
        best, nearest = _around(happens, slopes, rng, shape, direction, radius, [other for other, _ in begun])
        point = within(best * refined(happens, best, nearest))
        found.append(Found(point, name, radius))
    found.sort(key=lambda one: one.norm)
    kept = apart(shape, [(unit(one.normals), one) for one in found], most)
    return [one for _, one in kept]


def _soonest(happens: Happens, directions: Floats, enough: int) -> npt.NDArray[np.int64]:
    """Those of many directions in which it happens soonest: radii grow until there are enough of them."""
    found = np.zeros(len(directions), bool)
    for radius in COARSE:
        left = np.flatnonzero(~found)
        if found.sum() >= enough or not len(left):
            break
        found[left] = hits(happens, directions[left], np.full((len(left), 1), radius))[:, 0]
    return np.flatnonzero(found)


def _down(
    happens: Happens, slopes: Slopes, rng: np.random.Generator, direction: Floats, radius: float
) -> tuple[Floats, float]:
    """Turn towards the slopes where it begins to happen, as long as it then happens sooner."""
    for _ in range(ROUNDS):
        guides = slopes(within(direction * radius))
        turned = _towards(direction, guides)
        near, at = _nearest(happens, turned, radius)
        if not at < radius * (1.0 - GAIN):
            turned = _towards(direction, _border(happens, rng, direction * radius)[None])
            near, at = _nearest(happens, turned, radius)
        if not at < radius * (1.0 - GAIN):
            return direction, radius
        direction, radius = near, at
    return direction, radius


def _towards(direction: Floats, guides: Floats) -> Floats:
    ways = unit(guides[np.any(guides != 0, axis=1)])
    every = [(1.0 - share) * direction + share * way for way in ways for share in SHARES]
    return unit(np.array(every).reshape(-1, len(direction)))


def _nearest(happens: Happens, directions: Floats, radius: float) -> tuple[Floats, float]:
    """Of some directions that in which it happens first, short of `radius`; inf where it does in none."""
    if not len(directions):
        return np.zeros(0), np.inf
    radii = first_crossings(happens, directions, 0.7 * radius, radius, count=12)
    best = int(radii.argmin())
    return directions[best], float(radii[best])


def _border(happens: Happens, rng: np.random.Generator, point: Floats) -> Floats:
    """The normal of the border at a point on it: the mean of random steps after which it happens, less the others'."""
    steps = rng.standard_normal((4 * BATCH, len(point)))
    after = happens(within(point + 0.15 * steps))
    if after.all() or not after.any():
        return np.zeros_like(point)
    return np.asarray(steps[after].mean(axis=0) - steps[~after].mean(axis=0))


def _around(
    happens: Happens,
    slopes: Slopes,
    rng: np.random.Generator,
    shape: Shape,
    direction: Floats,
    radius: float,
    others: list[Floats],
) -> tuple[Floats, float]:
    """Random turns: of all normals, of a step, of a row, towards the other starts; what is better stays."""
    failed = 0
    while failed < len(ANGLES):
        turned = unit(direction + ANGLES[failed] * _turns(rng, shape, direction, others))
        closer = hits(happens, turned, np.full((len(turned), 1), radius * (1.0 - 3.0 * GAIN)))[:, 0]
        if not closer.any():
            failed += 1
            continue
        near, at = _nearest(happens, turned[closer][:24], radius)
        if not at < radius:
            failed += 1
            continue
        direction, radius = _down(happens, slopes, rng, near, at)
    return direction, radius


def _turns(rng: np.random.Generator, shape: Shape, direction: Floats, others: list[Floats]) -> Floats:
    """Random directions, (BATCH, size), each of length 1."""
    quarter, size = BATCH // 4, shape.size
    everywhere = rng.standard_normal((quarter, size))
    scaled = direction.reshape(shape.steps, shape.rows)
    by_step = (scaled * rng.standard_normal((quarter, shape.steps, 1))).reshape(quarter, size)
    by_row = (scaled * rng.standard_normal((quarter, 1, shape.rows))).reshape(quarter, size)
    mixed = rng.standard_normal((quarter, len(others))) @ np.array(others)
    return unit(np.concatenate([everywhere, by_step, by_row, mixed]))


def apart(shape: Shape, ranked: list[tuple[Floats, object]], most: int) -> list[tuple[Floats, Any]]:
    """The first of each kind: shocks are one kind if both what they move and how it is spread over steps are alike.

    What they move is the sum over steps; the spread is the size of each step, largest first, whatever the day.
    """
    kept: list[tuple[Floats, Any]] = []
    for direction, what in ranked:
        if len(kept) == most:
            break
        if all(_likeness(shape, direction, other) < SAME for other, _ in kept):
            kept.append((direction, what))
    return kept


def _likeness(shape: Shape, one: Floats, other: Floats) -> float:
    a, b = (x.reshape(shape.steps, shape.rows) for x in (one, other))
    moved = float(unit(a.sum(axis=0)) @ unit(b.sum(axis=0)))
    spread = [unit(np.sort(np.linalg.norm(x, axis=1))) for x in (a, b)]
    return min(moved, float(spread[0] @ spread[1]))
