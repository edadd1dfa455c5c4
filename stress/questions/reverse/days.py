"""The same shock on other days: where it begins there, and a search that starts again from the nearest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stress.questions.reverse.crossing import Happens, first_crossings, unit
from stress.questions.reverse.paths import Shape
from stress.questions.reverse.search import GAIN, Found, Slopes, apart, search

Floats = npt.NDArray[np.float64]
ALONG = 0.3  # cosine: shocks that are less alike are of other days
LEAST = 0.9  # of a shock's norm that is still within the horizon when it is moved
ANOTHER_DAY = "the same shock on another day"  # where a shock was found from


def on_other_days(happens: Happens, shape: Shape, direction: Floats, norm: float) -> tuple[Floats, Floats]:
    """A shock's direction moved to other days, as far as these differ, and the radius from which it happens there.

    Returns:
        (day, size) directions of length 1, and (day,) radii between 0.8 and 1.3 of `norm`; inf where it does not.
    """
    by_step = direction.reshape(shape.steps, shape.rows)
    others: list[Floats] = []
    for shift in sorted(range(1 - shape.steps, shape.steps), key=abs):
        moved = np.zeros_like(by_step)
        first, last = max(shift, 0), shape.steps + min(shift, 0)
        moved[first:last] = by_step[first - shift : last - shift]
        if shift and np.linalg.norm(moved) > LEAST:
            other = unit(moved.ravel())
            if all(other @ one < ALONG for one in (direction, *others)):
                others.append(other)
    if not others:
        return np.zeros((0, shape.size)), np.zeros(0)
    directions = np.array(others)
    return directions, first_crossings(happens, directions, 0.8 * norm, 1.3 * norm, count=32, rounds=1)


def search_days(
    happens: Happens, slopes: Slopes, shape: Shape, starts: Sequence[tuple[str, Floats]], most: int, seed: int
) -> list[Found]:
    """`search`, and once more from the shocks found that are nearer on another day, each on its nearest."""
    found = search(happens, slopes, shape, starts, most, seed)
    nearer = []
    for one in found:
        directions, radii = on_other_days(happens, shape, unit(one.normals), one.norm)
        if len(radii) and radii.min() < one.norm * (1.0 - 10.0 * GAIN):
            nearer.append(directions[int(radii.argmin())])
    if not nearer:
        return found
    again = search(happens, slopes, shape, [(ANOTHER_DAY, np.array(nearer))], most, seed)
    ranked = sorted([*found, *again], key=lambda one: one.norm)
    return [one for _, one in apart(shape, [(unit(one.normals), one) for one in ranked], most)]
