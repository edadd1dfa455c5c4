"""The outside shock: Cholesky factor, means, script, and what the model of the draw needs."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.kernels.random.normals import WORDS
from stress.kernels.shocks.draw import Shocks
from stress.kernels.shocks.registry import NAMES
from stress.scenarios.problem import TRADING_DAYS, Problem

RECORDS: dict[str, Any] = {name: import_module(f"stress.compile.shocks.{name}").record for name in NAMES}
Floats = npt.NDArray[np.float64]


def shocks(problem: Problem, seed: int) -> Shocks:
    """Numbers of the shock, as arrays in float64."""
    table, per_day = problem.shocks, problem.steps_per_day
    deviation = table.scale * problem.assets.shock_vol / math.sqrt(TRADING_DAYS * per_day)
    drift = np.full(len(deviation), table.drift / (TRADING_DAYS * per_day))
    arrays: dict[str, Any] = {
        "seed": np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32),
        "matrix": _pad_columns(deviation[:, None] * cholesky(table.correlation), WORDS),
        "mean": (-0.5 * deviation**2 if table.martingale else drift)[:, None],
        "max_move": np.float64(table.max_move),
        "script": np.log1p(table.script),
        "model": RECORDS[table.model](problem),
    }
    return Shocks(**arrays)


def cholesky(correlation: Floats) -> Floats:
    """Lower factor of a positive semidefinite matrix (asset, asset), float64."""
    try:
        return np.asarray(np.linalg.cholesky(correlation), np.float64)
    except np.linalg.LinAlgError:  # singular: the triangular factor of the symmetric root serves as well
        values, vectors = np.linalg.eigh(correlation)
        root = vectors * np.sqrt(np.clip(values, 0.0, None))
        triangular = np.asarray(np.linalg.qr(root.T).R.T, np.float64)
        return triangular * np.where(np.diag(triangular) < 0, -1.0, 1.0)


def _pad_columns(matrix: Floats, multiple: int) -> Floats:
    return np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % multiple)))
