"""Standard errors in plain NumPy, one formula each, from values path by path: docs/results.md, "Errors"."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

Array = npt.NDArray[Any]
Z = float(stats.norm.ppf(0.975))


def widened(error: float, paths: float) -> float:
    """An error that rests on m paths: times `t(m/2)/1.96 (1 + 0.35/sqrt(m))`; infinite with fewer than ten."""
    if paths < 10:
        return math.inf
    return error * float(stats.t.ppf(0.975, paths / 2)) / Z * (1 + 0.35 / math.sqrt(paths))


def kish(x: Array) -> float:
    """Paths on which a mean of something rests that is zero on most of them."""
    size = np.abs(x)
    if not size.any():
        return 0.0
    few = 2 * size.sum() ** 2 / (size**2).sum()
    return float(few) if few < len(x) / 2 else float(len(x))


def of_mean(x: Array, rare: bool = False, hits: int | None = None) -> float:
    paths = len(x) if hits is None or hits >= len(x) / 2 else hits
    return widened(float(x.std()) / math.sqrt(len(x)), kish(x) if rare else paths)


def of_probability(happened: Array) -> float:
    """Half the width of Wilson's interval over 1.96; of one to three paths, and of all but those, the Poisson end."""
    n, hits = len(happened), int(happened.sum())
    p, spared = hits / n, n - hits
    half = Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    low, high = 0.0 if hits == 0 else middle - half, 1.0 if spared == 0 else middle + half
    if 1 <= hits <= 3:
        low = float(stats.gamma.ppf(0.05, hits)) / n
    if 1 <= spared <= 3:
        high = 1 - float(stats.gamma.ppf(0.05, spared)) / n
    return (high - low) / (2 * Z)


def ranks(level: str, n: int) -> tuple[int, int, int]:
    """Rank of the quantile, and those that bound it with 95 %, 1-based from the smallest."""
    p = float(Fraction(level))
    lower, upper = int(stats.binom.ppf(0.025, n, p)), int(stats.binom.ppf(0.975, n, p)) + 1
    return math.ceil(Fraction(level) * n), lower, upper


def quantile(x: Array, level: str) -> float:
    return float(np.sort(x)[ranks(level, len(x))[0] - 1])


def of_quantile(x: Array, level: str) -> float:
    """Half the distance of the order statistics that bound it, over 1.96."""
    n, ordered = len(x), np.sort(x)
    _, lower, upper = ranks(level, n)
    if (1 - Fraction(level)) * n < 10 or lower < 1 or upper > n:
        return math.inf
    return float(ordered[upper - 1] - ordered[lower - 1]) / (2 * Z)


def shortfall(x: Array, level: str) -> float:
    """Mean of the worst (1 - p) N, which here is a whole number."""
    worst = (1 - Fraction(level)) * len(x)
    assert worst.denominator == 1
    return float(np.sort(x)[::-1][: int(worst)].mean())


def influence(x: Array, level: str) -> Array:
    """Of each path on the ES: `(x - q)+ / (1 - p)`; of the mean x itself."""
    if level == "0":
        return x
    return np.asarray(np.maximum(x - quantile(x, level), 0.0) / float(1 - Fraction(level)))


def in_tail(x: Array, level: str) -> float:
    """Paths on which an ES rests."""
    if level == "0":
        return len(x)
    return min(float((1 - Fraction(level)) * len(x)), int((x > quantile(x, level)).sum()))


def of_shortfall(x: Array, level: str) -> float:
    return widened(float(influence(x, level).std()) / math.sqrt(len(x)), in_tail(x, level))


def of_difference(x: Array, y: Array, level: str) -> float:
    """Of the ES of x less that of y over the same paths."""
    spread = (influence(x, level) - influence(y, level)).std()
    return widened(float(spread) / math.sqrt(len(x)), min(in_tail(x, level), in_tail(y, level)))


def of_ratio(x: Array, y: Array, level: str) -> float:
    """Of the ES of x over that of y, by the delta method; of the means, half of Fieller's interval over 1.96."""
    root, few = math.sqrt(len(x)), min(in_tail(x, level), in_tail(y, level))
    top, base = (float(z.mean()) if level == "0" else shortfall(z, level) for z in (x, y))
    if not base >= 0.001:
        return math.nan
    if not base > Z * widened(float(influence(y, level).std()) / root, few):
        return math.inf
    ratio = top / base
    if level != "0":
        moved = influence(x, level) - ratio * influence(y, level)
        return widened(float(moved.std()) / root / base, few)
    # roots r of (top - r base)^2 = z^2 Var(x - r y)/N
    square = (Z * widened(1.0, few)) ** 2 / len(x)
    (xx, xy), (_, yy) = np.cov(x, y, ddof=0)
    ends = np.roots([base**2 - square * yy, -2 * (top * base - square * xy), top**2 - square * xx])
    return float(np.ptp(ends.real)) / (2 * Z)


def of_worst(x: Array, by: Array, share: str, rare: float | None = None) -> float:
    """Of the mean of x over the worst paths by another quantity, a being its mean next to the boundary."""
    n = len(x)
    ordered = x[np.argsort(-by, kind="stable")]
    count = max(1, math.ceil(Fraction(share) * n))
    rests_on = kish(np.where(np.abs(ordered[:count]) < 1e-6, 0.0, ordered[:count])) if rare is None else rare
    if count == n:
        return widened(float(ordered.std()) / math.sqrt(n), rests_on)
    if Fraction(share) * n < 10:
        return math.inf
    near = max(1, count // 4)
    psi = np.zeros(n)
    psi[:count] = (ordered[:count] - ordered[count - near : count + near].mean()) / (count / n)
    return widened(float(psi.std()) / math.sqrt(n), rests_on)


def of_contributions(parts: Array, level: str) -> Array:
    """Of Euler contributions of parts (part, path) to the ES of their sum, sample and run being the same paths."""
    n, whole = parts.shape[1], parts.sum(axis=0)
    count = int((1 - Fraction(level)) * n)
    order, near = np.argsort(-whole, kind="stable"), max(1, count // 4)
    psi = np.zeros_like(parts)
    boundary = parts[:, order[count - near : count + near]].mean(axis=1, keepdims=True)
    psi[:, order[:count]] = (parts[:, order[:count]] - boundary) / float(1 - Fraction(level))
    total = psi.sum(axis=0)
    beta = np.array([np.cov(one, total, ddof=0)[0, 1] for one in psi]) / total.var()
    left = (psi - beta[:, None] * total).var(axis=1) / n + beta**2 * total.var() / n
    return np.array([widened(math.sqrt(one), count) for one in left])
