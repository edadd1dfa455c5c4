"""Does a GPU agree with the CPU? Random words bit for bit, a matrix product against float64, losses path by path.

TF32 would be 3e-4 off in the product. A path next to a threshold may fall on the other side of it by a rounding error
and then has another history, so a stated share of the losses may differ by more than the tolerance.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.engine.path_tables import path_table
from stress.engine.simulator import Simulator
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
PRODUCT_TOLERANCE = 1e-5  # relative to the largest entry; float32 gives 3e-7, TF32 3e-4
NORMALS_TOLERANCE = 2e-6  # absolute: logarithms and square roots of two devices may round differently
LOSS_TOLERANCE = 1e-4  # fraction of NAV
PATHS_BEYOND = 1e-3  # share of (fund, path)s that may differ by more


def check(name: str, found: float, allowed: float) -> dict[str, Any]:
    """One line of the report; a result that is not a number does not pass."""
    return {
        "check": name,
        "found": found if math.isfinite(found) else None,
        "allowed": allowed,
        "passed": bool(found <= allowed),
    }


def numbers_agree(device: Any, host: Any, paths: int) -> list[dict[str, Any]]:
    """Checks of random words, normals and a product on `device`, the first two against `host`."""
    (words, drawn), (host_words, host_drawn) = random_words(device, paths), random_words(host, paths)
    unequal = sum(int(np.count_nonzero(a != b)) for a, b in zip(words, host_words, strict=True))
    return [
        check("random words that differ", unequal, 0),
        check("normals, largest difference", float(np.abs(drawn - host_drawn).max()), NORMALS_TOLERANCE),
        check("matrix product, largest relative error (no TF32)", product_error(device, paths), PRODUCT_TOLERANCE),
    ]


def losses_agree(problem: Problem, simulator: Simulator, reference: Simulator, paths: int) -> list[dict[str, Any]]:
    """Checks of the losses (row, path) of the first paths, in float32, by two simulators."""
    brokers = len(problem.funds.brokers)
    found, wanted = (path_table(list(x.run(paths)), brokers).metrics["fund_loss"] for x in (simulator, reference))
    gap = np.abs(found - wanted)
    beyond = f"{problem.name}: share of losses more than {LOSS_TOLERANCE:g} apart"
    return [
        check(beyond, float((~(gap <= LOSS_TOLERANCE)).mean()), PATHS_BEYOND),
        check(f"{problem.name}: median loss difference", float(np.median(gap)), LOSS_TOLERANCE / 10),
    ]


def random_words(device: Any, paths: int) -> tuple[list[npt.NDArray[np.uint32]], Floats]:
    """Words of the hash, and normals (row, path), of path ids around 2^32, computed on `device`."""
    import jax
    import jax.numpy as jnp

    from stress.kernels.random.normals import Key, normals, pair_keys, scratch
    from stress.kernels.random.threefry import threefry2x32

    ids = np.arange(2**32 - paths // 2, 2**32 - paths // 2 + paths, dtype=np.uint64)
    words = (ids & np.uint64(0xFFFFFFFF)).astype(np.uint32), (ids >> np.uint64(32)).astype(np.uint32)
    low, high = (jax.device_put(word, device) for word in words)
    key = jax.device_put(np.array([1, 2], np.uint32), device)

    @jax.jit
    def both(key: Any, low: Any, high: Any) -> Any:
        hashed = threefry2x32((key[0], key[1]), (low, high))
        names = jnp.arange(16, dtype=jnp.uint32).reshape(8, 2)
        keys = Key(*(part[7] for part in pair_keys(key, 1, 16, names)))
        return hashed, normals(keys, low, high, scratch(8, paths, jnp.float32)).first[:8]

    hashed, drawn = jax.device_get(both(key, low, high))
    return list(hashed), np.asarray(drawn, np.float64)


def product_error(device: Any, paths: int) -> float:
    """Largest error of the kernels' matrix product on `device`, over the largest entry of the float64 product."""
    import jax

    from stress.kernels.linear import product

    random = np.random.default_rng(1)
    matrix, tile = (random.standard_normal(shape).astype(np.float32) for shape in ((100, 100), (100, paths)))
    found = jax.device_get(jax.jit(product)(jax.device_put(matrix, device), jax.device_put(tile, device)))
    exact = matrix.astype(np.float64) @ tile.astype(np.float64)
    return float(np.abs(found - exact).max() / np.abs(exact).max())
