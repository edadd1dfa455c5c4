"""How estimates settle as paths are added."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.results.statistics.levels import order_rank, tail_mass


def checkpoints(loss: npt.NDArray[np.float64], levels: tuple[str, ...]) -> dict[str, Any]:
    """Mean loss, VaR and ES of the first 1,024, 2,048, ... detailed paths: how the estimates settle."""
    count = loss.shape[1]
    points = sorted({min(1024 << k, count) for k in range(max(1, math.ceil(math.log2(max(count / 1024, 1))) + 1))})
    mean = np.array([loss[:, :n].mean(axis=1) for n in points])
    var = np.empty((len(points), loss.shape[0], len(levels)))
    es = np.empty_like(var)
    for i, n in enumerate(points):
        ordered = np.sort(loss[:, :n], axis=1)[:, ::-1]
        total = np.concatenate([np.zeros((loss.shape[0], 1)), np.cumsum(ordered, axis=1)], axis=1)
        for j, level in enumerate(levels):
            mass = float(tail_mass(level, n))
            whole = min(int(mass), n)
            part = ordered[:, min(whole, n - 1)] * (mass - whole)
            es[i, :, j] = (total[:, whole] + part) / mass
            var[i, :, j] = ordered[:, n - order_rank(level, n)]
    return {"paths": np.array(points), "mean_loss": mean, "var": var, "es": es}
