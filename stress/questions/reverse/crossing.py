"""How far one has to go in a direction of the normals until something happens: many radii in one call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from stress.questions.reverse.paths import LARGEST_NORMAL

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Happens = Callable[[Floats], Bools]  # (path, size) normals -> (path,)
FARTHEST = 12.0  # norm; the probability of one beyond it in a direction is 2e-33
CLOSENESS = 1e-6  # relative, of a radius that is worked out


def unit(directions: Floats) -> Floats:
    """Directions of length 1, along the last axis; one without length stays as it is."""
    length = np.linalg.norm(directions, axis=-1, keepdims=True)
    return np.asarray(directions / np.where(length > 0, length, 1.0))


def within(normals: Floats) -> Floats:
    """Normals as the engine can draw them."""
    return np.asarray(np.clip(normals, -LARGEST_NORMAL, LARGEST_NORMAL))


def hits(happens: Happens, directions: Floats, radii: Floats) -> Bools:
    """Whether it happens at each radius: (direction, size) and (direction, radius) -> (direction, radius)."""
    points = within(directions[:, None, :] * radii[..., None])
    return happens(points.reshape(-1, directions.shape[1])).reshape(radii.shape)


def first_crossings(
    happens: Happens, directions: Floats, low: float = 0.0, high: float = FARTHEST, count: int = 48, rounds: int = 2
) -> Floats:
    """The smallest radius between `low` and `high` from which it happens, for each direction; inf where it does not.

    The first of `count` equal parts at whose end it happens is cut again `rounds` times, each time in 16: what happens
    in between alone is missed. Where it happens already at `low`, the radius is `low`.
    """
    radii = np.linspace(low, high, count + 1)[None].repeat(len(directions), axis=0)
    found = hits(happens, directions, radii)
    any_hit, first = found.any(axis=1), found.argmax(axis=1)
    at = np.where(any_hit, radii[0, first], np.inf)
    wide, inside = (high - low) / count, np.flatnonzero(any_hit & (first > 0))
    for _ in range(rounds):
        if not len(inside):
            break
        finer = at[inside, None] - wide + wide / 16.0 * np.arange(1, 17)
        at[inside] = finer[np.arange(len(inside)), hits(happens, directions[inside], finer).argmax(axis=1)]
        wide /= 16.0
    return at


def refined(happens: Happens, direction: Floats, radius: float) -> float:
    """A radius at which it happens, and at (1 - CLOSENESS) of which it does not; `radius` is such a hit, 1 % too large.

    Raises:
        ValueError: it does not happen at `radius`.
    """
    low, high = 0.98 * radius, radius
    if not hits(happens, direction[None], np.array([[high]]))[0, 0]:
        raise ValueError("it does not happen where it did")
    while hits(happens, direction[None], np.array([[low]]))[0, 0]:
        low, high = 0.95 * low, low
        if low < 1e-3:
            return high
    while high - low > CLOSENESS * high:
        radii = np.linspace(low, high, 17)[None]
        found = hits(happens, direction[None], radii)[0]
        first = int(found.argmax())
        low, high = float(radii[0, first - 1]), float(radii[0, first])
    return high


def leaves_again(happens: Happens, direction: Floats, radius: float) -> bool:
    """Whether farther along the ray, up to half as far again, there are shocks with which it does not happen."""
    return not bool(hits(happens, direction[None], np.linspace(radius, 1.5 * radius, 64)[None]).all())
