"""The fit of a tilt once more, path by path and component by component, to be read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

PLAIN, CLEAR, SMALLEST, TURNS, CLOSE = 0.2, 2.0, 0.05, 20, 1e-3


def effective(weights: Any) -> float:
    total, square = sum(weights), sum(w * w for w in weights)
    return total * total / square if square else 0.0


def clear(values: Any, paths: float) -> Any:
    return np.array([x if x * x * paths > CLEAR**2 else 0.0 for x in values])


def along(means: Any, counts: Any, paths: float) -> tuple[Any, Any]:
    """A direction and a course whose products are near the means of each step, (step, row)."""
    steps, rows = len(means), len(means[0])
    direction, course = np.mean(means, axis=0), np.ones(steps)
    for _ in range(3):
        length = sum(x * x for x in direction)
        course = clear([sum(means[s] * direction) / max(length, 1e-300) for s in range(steps)], paths * length)
        square = sum(course[s] ** 2 * counts[s] for s in range(steps))
        best = [
            sum(counts[s] * course[s] * means[s][r] for s in range(steps)) / max(square, 1e-300) for r in range(rows)
        ]
        direction = clear(best, paths * sum(c * c for c in course))
    return direction, course


def widening(mean: Any, paths: float, scales: int) -> Any:
    rows = len(mean)
    found = np.array([min(x, 0.0) if r >= rows - scales else 0.0 for r, x in enumerate(clear(mean, paths))])
    if sum(found**2) < 4.0:
        return np.array([-2.0 / math.sqrt(scales) if r >= rows - scales else 0.0 for r in range(rows)])
    return found


def components(steps: int, every: Any, course: Any, once: Any, others: Any, beside: Any, scale: Any) -> list[Any]:
    """What each adds to the normals, (step, row)."""
    found = [[course[s] * every for s in range(steps)]]
    found += [[once if s == at else beside[s] * others for s in range(steps)] for at in range(steps)]
    found += [[scale if s == at else 0 * scale for s in range(steps)] for at in range(steps)]
    return [np.array(x) for x in found]


def shares_of(large: Any, wide: float, steps: int) -> list[float]:
    both = min(max(sum(large) + wide, 0.1), 0.95)
    second = min(max(wide / (sum(large) + wide), 0.1), 0.95)
    by_step = [0.9 * x / sum(large) + 0.1 / steps for x in large]
    return [1 - both, *(both * (1 - second) * x for x in by_step), *[both * second / steps] * steps]


def capped(weights: Any) -> Any:
    most = np.mean(weights) * math.sqrt(len(weights))
    return np.array([min(w, most) for w in weights])


def plain_fit(z: Any, weights: Any, scales: int, order: float) -> tuple[list[Any], list[float]]:
    """The shifts and the shares, as `components.fit` gives them, with single steps."""
    steps, _, paths = z.shape
    weights = weights / sum(weights)
    means = [sum(weights[p] * z[s, :, p] for p in range(paths)) for s in range(steps)]
    every, course = along(means, np.ones(steps), effective(weights))
    worst = [max(range(steps), key=lambda s, p=p: float(z[s, :, p] @ every)) for p in range(paths)]  # type: ignore[misc]
    once = sum(weights[p] * z[worst[p], :, p] for p in range(paths))
    shifts = [every, course, once, every / 2, course, widening(once, effective(weights), scales)]
    shares, before = shares_of([0.25 / steps] * steps, 0.25, steps), math.inf
    for _ in range(TURNS):
        moves = components(steps, *shifts)
        each = np.empty((len(moves), paths))
        ratio = np.empty(paths)
        for p in range(paths):
            terms = [
                c * math.exp(np.sum(m * z[:, :, p]) - np.sum(m * m) / 2) for c, m in zip(shares, moves, strict=True)
            ]
            ratio[p] = PLAIN + (1 - PLAIN) * sum(terms)
            each[:, p] = np.array(terms) / sum(terms)
        reached = sum(weights * np.log(ratio))
        if abs(reached - before) < CLOSE:
            break
        before = reached
        weighed = capped(weights * ratio**-order)
        each *= weighed / sum(weighed)
        large, wider = each[1 : steps + 1], each[steps + 1 :]
        if sum(each[0]) > SMALLEST:
            means = [z[s] @ each[0] / sum(each[0]) for s in range(steps)]
            shifts[0], shifts[1] = along(means, np.full(steps, sum(each[0])), effective(each[0]))
        if np.sum(large) > SMALLEST:
            of_paths = sum(large)
            rest = [sum(large[at] for at in range(steps) if at != s) for s in range(steps)]
            means = [z[s] @ rest[s] / np.sum(rest[s]) for s in range(steps)]
            shifts[3], shifts[4] = along(means, [np.sum(x) for x in rest], effective(of_paths))
            shifts[2] = clear(sum(z[s] @ large[s] for s in range(steps)) / np.sum(large), effective(of_paths))
        if np.sum(wider) > SMALLEST:
            mean = sum(z[s] @ wider[s] for s in range(steps)) / np.sum(wider)
            shifts[5] = widening(mean, effective(sum(wider)), scales)
        shares = shares_of(large.sum(axis=1), float(np.sum(wider)), steps)
    return shifts, shares
