"""The draw once more in plain NumPy, from the text of the model: bits, normals, correlation, drift and clips."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from stress.scenarios.problem import Problem

Array = npt.NDArray[Any]
MASK = np.uint64(0xFFFFFFFF)
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
OF_ASSETS, OF_ALL = 1, 2  # streams


def threefry(key: tuple[Any, Any], counter: tuple[Any, Any]) -> tuple[Array, Array]:
    """Two words of 32 bits (in uint64) for each counter: Salmon et al. 2011, 20 rounds."""
    k0, k1, x, y = (np.asarray(word, np.uint64) for word in (*key, *counter))
    k = (k0, k1, np.uint64(0x1BD11BDA) ^ k0 ^ k1)
    x, y = (x + k[0]) & MASK, (y + k[1]) & MASK
    for r in range(20):
        x = (x + y) & MASK
        turn = np.uint64(ROTATIONS[r % 8])
        y = ((y << turn | y >> (np.uint64(32) - turn)) & MASK) ^ x
        if r % 4 == 3:
            d = r // 4 + 1
            x, y = (x + k[d % 3]) & MASK, (y + k[(d + 1) % 3] + np.uint64(d)) & MASK
    return x, y


def two_normals(seed: int, stream: int, pair: int, name: tuple[int, int], paths: Array) -> tuple[Array, Array]:
    """Standard normals of both steps of a pair, by Box and Muller."""
    key = threefry(threefry((seed & 0xFFFFFFFF, seed >> 32), (stream, pair)), name)
    radius_word, angle_word = threefry(key, (paths & MASK, paths >> np.uint64(32)))
    radius = np.sqrt(-2.0 * np.log((radius_word + 0.5) / 2.0**32))
    turns = angle_word / 2.0**32
    return radius * np.cos(2 * np.pi * turns), radius * np.sin(2 * np.pi * turns)


def held_first(problem: Problem) -> Array:
    """Assets that are held, scripted or bought from outside, by id; then the others, by id."""
    used = (problem.books.shapes != 0).any(axis=0) | (problem.shocks.script != 0).any(axis=0)
    for flow in problem.outside.values():
        used |= np.asarray(flow.weights) != 0
    return np.concatenate([np.flatnonzero(used), np.flatnonzero(~used)])


def plain_draw(problem: Problem, seed: int, paths: int) -> tuple[Array, Array]:
    """Log returns (step, asset, path) of paths 0, 1, ... and before they are clipped."""
    shocks, ids, each = problem.shocks, np.arange(paths, dtype=np.uint64), problem.steps_per_day
    count, order = len(problem.assets.ids), held_first(problem)
    words = [hashlib.sha256(asset.encode()).digest() for asset in problem.assets.ids]
    names = [(int.from_bytes(word[:4], "big"), int.from_bytes(word[4:8], "big")) for word in words]
    lower = np.linalg.cholesky(shocks.correlation[np.ix_(order, order)])
    raw = np.empty((problem.steps, count, paths))
    deviation = shocks.scale * problem.assets.shock_vol / np.sqrt(252.0 * each)
    mean = -(deviation**2) / 2.0 if shocks.martingale else np.full(count, shocks.drift / (252.0 * each))
    for step in range(problem.steps):
        pair, second = divmod(step, 2)
        own = np.stack([two_normals(seed, OF_ASSETS, pair, name, ids)[second] for name in names])
        moved = np.empty_like(own)
        moved[order] = lower @ own[order]
        if shocks.model == "student_t":  # chi-square from one normal that all assets share, scaled to unit variance
            common = two_normals(seed, OF_ALL, pair, (0, 0), ids)[second]
            chi_square = np.where(
                common < 0,
                stats.chi2.ppf(stats.norm.cdf(common), shocks.dof),
                stats.chi2.isf(stats.norm.sf(common), shocks.dof),
            )
            moved *= np.sqrt((shocks.dof - 2.0) / chi_square)
        raw[step] = deviation[:, None] * moved + mean[:, None]
    return np.clip(raw, -shocks.max_move, shocks.max_move), raw


def times_clipped(raw: Array, max_move: float) -> int:
    """Steps of all paths in which some asset's draw was clipped."""
    return int((np.abs(raw) > max_move).any(axis=1).sum())
