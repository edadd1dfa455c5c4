"""The desk model in parallel Numba: one scalar path after the other on each thread.

Random bits are SplitMix64, seeded by path (Steele, Lea and Flood 2014); normals are Box-Muller with libm's logarithm,
sine and cosine: four times as fast here as `np.random.standard_normal` under Numba.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from stress.bench.desk import Array, Desk
from stress.bench.measure import Sample, repeat

BATCH = 4096  # paths of one call
NUMBERS = (  # fields of `Desk` in the order in which the program takes them
    *("draw_matrix", "draw_mean", "max_move", "positions", "margin", "flow", "cure_factor", "nav_weights"),
    *("half_procyclicality", "margin_cap", "memory", "news", "impact_scale", "core", "permanent", "decay"),
    *("execution_weight", "tolerance", "max_rounds", "steps"),
)


def _displaced_by(flow: Any, scale: Any, core: Any, root: Any) -> Any:
    size = scale * (np.sqrt(abs(flow) + core) - root)
    return -size if flow < 0 else size


_displaced = numba.njit(fastmath=True, inline="always")(_displaced_by)


def _two_normals_of(state: Any) -> Any:
    state += np.uint64(0x9E3779B97F4A7C15)
    bits = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    uniform = (np.float32(bits >> np.uint64(32)) + np.float32(0.5)) * np.float32(2.0**-32)
    angle = np.float32(bits & np.uint64(0xFFFFFFFF)) * np.float32(2.0**-31 * np.pi)
    radius = np.sqrt(np.float32(-2.0) * np.log(uniform))
    return state, radius * np.cos(angle), radius * np.sin(angle)


_two_normals = numba.njit(fastmath=True, inline="always")(_two_normals_of)


def _mark_gain(gain: Any, positions: Any, weight: Any, price: Any, equity: Any) -> None:
    """Book price gains on what is held, `weight` of each fund's start book."""
    for f in range(positions.shape[0]):
        pnl = positions[f, 0] * gain[0]
        for i in range(1, gain.size):
            pnl += positions[f, i] * gain[i]
        equity[f] += weight[f] * pnl
    for i in range(gain.size):
        price[i] += gain[i]


_mark = numba.njit(fastmath=True)(_mark_gain)


@lru_cache(maxsize=2)
def _program(parallel: bool) -> Any:
    """The compiled simulation; without `parallel` it follows given normals one path after the other."""

    def simulate(
        normals: Any,
        given: Any,
        first: Any,
        loss: Any,
        matrix: Any,
        mean: Any,
        max_move: Any,
        positions: Any,
        margin: Any,
        flow_of: Any,
        cure_factor: Any,
        nav_weights: Any,
        half_procyclicality: Any,
        margin_cap: Any,
        memory: Any,
        news: Any,
        scale: Any,
        core: Any,
        permanent: Any,
        decay: Any,
        execution_weight: Any,
        tolerance: Any,
        max_rounds: Any,
        steps: Any,
    ) -> None:
        assets, funds = flow_of.shape
        kind = loss.dtype
        one = kind.type(1.0)
        root = np.sqrt(core)
        for path in numba.prange(loss.shape[0]):
            price, variance = np.ones(assets, kind), np.ones(assets, kind)
            flow, displaced, moved = np.zeros(assets, kind), np.zeros(assets, kind), np.zeros(assets, kind)
            z, gain, valued = np.empty(assets + 1, kind), np.empty(assets, kind), np.empty(assets, kind)
            bits = (np.uint64(first) + np.uint64(path)) * np.uint64(0xD1342543DE82EF95)
            multiplier = np.ones(assets, kind)
            equity, held = np.ones(funds, kind), np.ones(funds, kind)
            weight, sale, called = np.empty(funds, kind), np.empty(funds, kind), np.empty(funds, np.bool_)
            traded = False
            for step in range(steps):
                if half_procyclicality != 0:
                    for i in range(assets):
                        multiplier[i] = min(max(variance[i] ** half_procyclicality, one), margin_cap)
                if traded:
                    for i in range(assets):
                        flow[i] *= decay
                        back = _displaced(flow[i], scale[i], core, root)
                        moved[i] = (one - permanent) * (back - displaced[i])
                        displaced[i] = back
                        gain[i] = price[i] * np.expm1(moved[i])
                    _mark(gain, positions, held, price, equity)
                if given:
                    for i in range(assets):
                        z[i] = normals[path, step, i]
                else:
                    for i in range(0, assets, 2):
                        bits, z[i], z[i + 1] = _two_normals(bits)
                for i in range(assets):
                    r = mean[i]
                    for j in range(i + 1):
                        r += matrix[i, j] * z[j]
                    r = min(max(r, -max_move), max_move)
                    moved[i] = moved[i] + r if traded else r
                    gain[i] = price[i] * np.expm1(r)
                _mark(gain, positions, held, price, equity)
                for f in range(funds):
                    called[f] = False
                for _ in range(max_rounds):
                    selling = False
                    for i in range(assets):
                        valued[i] = price[i] * multiplier[i]
                    for f in range(funds):
                        required = margin[f, 0] * valued[0]
                        for i in range(1, assets):
                            required += margin[f, i] * valued[i]
                        required *= held[f]
                        called[f] = called[f] or equity[f] < required
                        sale[f] = 0
                        if called[f] and equity[f] > 0 and held[f] > 0:
                            wanted = one - equity[f] / (cure_factor[f] * required)
                            if wanted > tolerance:
                                sale[f] = wanted
                                selling = True
                    if not selling:
                        break
                    traded = True
                    for i in range(assets):
                        sold = flow_of[i, 0] * held[0] * sale[0]
                        for f in range(1, funds):
                            sold += flow_of[i, f] * held[f] * sale[f]
                        flow[i] -= sold
                        new = _displaced(flow[i], scale[i], core, root)
                        moved[i] += new - displaced[i]
                        gain[i] = price[i] * np.expm1(new - displaced[i])
                        displaced[i] = new
                    for f in range(funds):
                        weight[f] = held[f] * (one - sale[f] * (one - execution_weight))
                        held[f] *= one - sale[f]
                    _mark(gain, positions, weight, price, equity)
                if half_procyclicality != 0:
                    for i in range(assets):
                        variance[i] = memory * variance[i] + news[i] * moved[i] * moved[i]
            system = kind.type(0.0)
            for f in range(funds):
                loss[path, f] = one - equity[f]
                system += nav_weights[f] * (one - equity[f])
            loss[path, funds] = system

    return numba.njit(fastmath=True, parallel=parallel)(simulate)


class NumbaPaths:
    """Simulates paths on every core."""

    def __init__(self, desk: Desk, cores: int, dtype: npt.DTypeLike = np.float32) -> None:
        kind = np.dtype(dtype)
        numbers = desk.cast(kind)
        self._numbers = [
            kind.type(numbers[name]) if isinstance(numbers[name], float) else numbers[name] for name in NUMBERS
        ]
        self._kind, self._rows = kind, len(desk.nav_weights) + 1
        self._first = 0
        self._none = np.empty((0, 0, 0), kind)
        numba.set_num_threads(min(cores, numba.config.NUMBA_NUM_THREADS))

    def on(self, normals: Array) -> Array:
        """Losses (fund + 1, path), the system last, on given standard normals (step, asset, path)."""
        by_path = np.ascontiguousarray(np.moveaxis(normals, -1, 0), self._kind)
        loss = np.empty((len(by_path), self._rows), self._kind)
        _program(False)(by_path, True, 0, loss, *self._numbers)
        return loss.T

    def batch(self, paths: int) -> Array:
        """Losses (fund + 1, path) of paths with draws of their own."""
        loss = np.empty((paths, self._rows), self._kind)
        _program(True)(self._none, False, self._first, loss, *self._numbers)
        self._first += paths
        return loss.T

    def run(self, seconds: float) -> Sample:
        """Simulate for some seconds."""
        return repeat(lambda: self.batch(BATCH), BATCH, seconds)
