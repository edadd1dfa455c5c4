"""The outside shock: Cholesky factor, means, script, and what the model of the draw needs."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.kernels.shocks.draw import Shocks
from stress.kernels.shocks.registry import MODELS, NAMES
from stress.scenarios.outside.registry import TABLES
from stress.scenarios.problem import TRADING_DAYS, Problem

RECORDS: dict[str, Any] = {name: import_module(f"stress.compile.shocks.{name}").record for name in NAMES}
Floats = npt.NDArray[np.float64]


def shocks(problem: Problem, seed: int) -> Shocks:
    """Numbers of the shock, as arrays in float64."""
    table, per_day = problem.shocks, problem.steps_per_day
    factor = cholesky_in_order(table.correlation, matter(problem))
    deviation = table.scale * problem.assets.shock_vol / math.sqrt(TRADING_DAYS * per_day)
    drift = np.full(len(deviation), table.drift / (TRADING_DAYS * per_day))
    arrays: dict[str, Any] = {
        "seed": np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32),
        "names": names(problem.assets.ids),
        "matrix": _to_moves(deviation[:, None] * factor, MODELS[table.model].common),
        "mean": (-0.5 * deviation**2 if table.martingale else drift)[:, None],
        "max_move": np.float64(table.max_move),
        "script": np.log1p(table.script),
        "model": RECORDS[table.model](problem),
    }
    return Shocks(**arrays)


def names(ids: Sequence[str]) -> npt.NDArray[np.uint32]:
    """What the hash knows an asset by, whatever others there are: the first two words of the SHA-256 of its id.

    Returns:
        (asset, 2) uint32.
    """
    digests = b"".join(hashlib.sha256(asset.encode()).digest()[:8] for asset in ids)
    return np.frombuffer(digests, ">u4").astype(np.uint32).reshape(-1, 2)


def matter(problem: Problem) -> npt.NDArray[np.bool_]:
    """Assets, (asset,), that some fund holds, a script moves or an outside flow trades: the others move nothing."""
    held = np.any(problem.books.shapes != 0, axis=0)
    traded = (TABLES[name].traded(record, problem.assets) for name, record in problem.outside.items())
    return functools.reduce(np.logical_or, traded, held | np.any(problem.shocks.script != 0, axis=0))


def cholesky_in_order(correlation: Floats, first: npt.NDArray[np.bool_]) -> Floats:
    """Factor L with `L L' = correlation`, (asset, asset), lower triangular in an order of its own.

    The order is that of the ids, but those that are not `first` come last: no asset moves with the normal of a later
    one, and the factor of the first ones is worked out as if there were no others, so these change no bit of it.
    """
    order = np.argsort(~first, kind="stable")
    ordered, count = correlation[np.ix_(order, order)], int(first.sum())
    try:
        head = np.linalg.cholesky(ordered[:count, :count])
        across = np.linalg.solve(head, ordered[:count, count:]).T
        rest = np.linalg.cholesky(ordered[count:, count:] - across @ across.T)
        lower = np.block([[head, np.zeros_like(across.T)], [across, rest]])
    except np.linalg.LinAlgError:
        lower = cholesky(ordered)
    factor = np.empty_like(lower)
    factor[np.ix_(order, order)] = lower
    return factor


def cholesky(correlation: Floats) -> Floats:
    """Lower factor of a positive semidefinite matrix (asset, asset), float64."""
    try:
        return np.asarray(np.linalg.cholesky(correlation), np.float64)
    except np.linalg.LinAlgError:  # singular: the triangular factor of the symmetric root serves as well
        values, vectors = np.linalg.eigh(correlation)
        root = vectors * np.sqrt(np.clip(values, 0.0, None))
        triangular = np.asarray(np.linalg.qr(root.T).R.T, np.float64)
        return triangular * np.where(np.diag(triangular) < 0, -1.0, 1.0)


def _to_moves(factor: Floats, common: bool) -> Floats:
    """The factor (asset, asset), a row and column that hand on the common normal, and zeros for the spare row."""
    rows = len(factor) + common
    matrix = np.eye(rows, rows + 1)
    matrix[: len(factor), : len(factor)] = factor
    return matrix
