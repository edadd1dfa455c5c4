"""The desk model in blocked NumPy: a block of paths at a time, the path axis last, every array inside the cache.

Rounds of the cascade go on with the paths that still sell, gathered into a narrower block. Defaults are counted, not
followed (no close-out): the desk workloads have none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stress.bench.desk import Array, Desk


class Market(NamedTuple):
    """State of some paths; the first axis is the entity, the last the path."""

    price: Array  # (asset, path)
    flow: Array  # (asset, path)
    displacement: Array  # (asset, path)
    equity: Array  # (fund, path)
    held: Array  # (fund, path)

    def take(self, paths: Array) -> Market:
        """The state of a few paths, copied."""
        return Market(*(x.take(paths, axis=1) for x in self))

    def put(self, paths: Array, some: Market) -> None:
        """Write the state of those paths back."""
        for whole, part in zip(self, some, strict=True):
            whole[:, paths] = part


class BlockSimulator:
    """Simulates blocks of `width` paths."""

    def __init__(self, desk: Desk, width: int, dtype: npt.DTypeLike = np.float32) -> None:
        self.desk, self.width, self.dtype = desk, width, np.dtype(dtype)
        numbers = desk.cast(dtype)
        column = {"draw_mean", "cure_factor", "impact_scale", "news"}
        numbers = {name: x[:, None] if name in column else x for name, x in numbers.items()}
        self.matrix, self.mean = numbers["draw_matrix"], numbers["draw_mean"]
        self.positions, self.margin, self.flow = numbers["positions"], numbers["margin"], numbers["flow"]
        self.cure_factor, self.nav_weights = numbers["cure_factor"], numbers["nav_weights"]
        self.scale, self.news = numbers["impact_scale"], numbers["news"]
        shape = (len(self.matrix), width)
        self.returns, self.growth = np.empty(shape, self.dtype), np.empty(shape, self.dtype)

    def simulate(self, fill: Callable[[Array], Any]) -> tuple[Array, int]:
        """Follow one block.

        Args:
            fill: writes independent standard normals into an array (asset, path), once a step.

        Returns:
            (fund + 1, path) losses as fractions of NAV, the system last, and the number of defaulted (path, fund)s.
        """
        assets, width = self.returns.shape
        funds = len(self.positions)
        start = (np.ones, np.zeros, np.zeros, np.ones, np.ones)
        rows = (assets, assets, assets, funds, funds)
        now = Market(*(make((n, width), self.dtype) for make, n in zip(start, rows, strict=True)))
        variance = np.ones((assets, width), self.dtype)
        traded = np.zeros(width, bool)
        normals = np.empty((assets, width), self.dtype)
        for _ in range(self.desk.steps):
            fill(normals)
            self.step(now, variance, traded, normals)
        loss = np.empty((funds + 1, width), self.dtype)
        np.subtract(1.0, now.equity, out=loss[:-1])
        np.dot(self.nav_weights, loss[:-1], out=loss[-1])
        return loss, int(np.count_nonzero(now.equity <= 0))

    def step(self, now: Market, variance: Array, traded: Array, normals: Array) -> None:
        """One step of every path, in place."""
        desk, returns, growth = self.desk, self.returns, self.growth
        multiplier = None
        if desk.half_procyclicality:
            multiplier = np.power(variance, desk.half_procyclicality)
            np.clip(multiplier, 1.0, desk.margin_cap, out=multiplier)
        flowing = np.flatnonzero(traded)
        back = self.rebound(now, flowing) if len(flowing) else None
        np.dot(self.matrix, normals, out=returns)
        np.add(returns, self.mean, out=returns)
        np.clip(returns, -desk.max_move, desk.max_move, out=returns)
        np.expm1(returns, out=growth)
        np.multiply(growth, now.price, out=growth)
        np.add(now.price, growth, out=now.price)
        pnl = self.positions @ growth
        np.multiply(pnl, now.held, out=pnl)
        np.add(now.equity, pnl, out=now.equity)
        required = self.requirement(now, multiplier)
        sellers = np.flatnonzero((now.equity < required).any(axis=0))
        if back is not None:
            returns[:, flowing] += back
        if len(sellers):
            before = now.displacement.take(sellers, axis=1)
            some = now.take(sellers)
            some = self.cascade(some, None if multiplier is None else multiplier.take(sellers, axis=1))
            now.put(sellers, some)
            traded[sellers] = True
            returns[:, sellers] += some.displacement - before
        if multiplier is not None:
            np.multiply(returns, returns, out=returns)
            np.multiply(returns, self.news, out=returns)
            np.multiply(variance, desk.memory, out=variance)
            np.add(variance, returns, out=variance)

    def requirement(self, now: Market, multiplier: Array | None) -> Array:
        """Margin requirement (fund, path)."""
        value = now.price if multiplier is None else now.price * multiplier
        required = self.margin @ value
        required *= now.held
        return np.asarray(required)

    def displaced(self, flow: Array) -> Array:
        """Log price displacement of a recent flow, (asset, path)."""
        size = np.abs(flow)
        size += self.desk.core
        np.sqrt(size, out=size)
        size -= np.sqrt(self.desk.core)
        size *= self.scale
        return np.copysign(size, flow, out=size)

    def rebound(self, now: Market, paths: Array) -> Array:
        """Decay the flow of the paths that have one; returns the log price change that this gives back."""
        some = now.take(paths)
        flow = some.flow * self.desk.decay
        displacement = self.displaced(flow)
        back = (1.0 - self.desk.permanent) * (displacement - some.displacement)
        gain = some.price * np.expm1(back)
        equity = some.equity + some.held * (self.positions @ gain)
        now.put(paths, Market(some.price + gain, flow, displacement, equity, some.held))
        return np.asarray(back)

    def cascade(self, now: Market, multiplier: Array | None) -> Market:
        """Rounds of sales of some paths until none sells; changes `now` and returns it."""
        desk = self.desk
        every = np.arange(now.price.shape[1])
        part, terms, called = now, multiplier, np.zeros(now.equity.shape, bool)
        for _ in range(desk.max_rounds):
            required = self.requirement(part, terms)
            called |= part.equity < required
            sale = 1.0 - part.equity / (self.cure_factor * np.where(called, required, 1.0))
            sale[~(called & (part.equity > 0) & (sale > desk.tolerance) & (part.held > 0))] = 0.0
            selling = (sale > 0).any(axis=0)
            if not selling.all():  # go on with those that sell
                now.put(every, part)
                keep = np.flatnonzero(selling)
                if not len(keep):
                    return now
                every, part, called = every[keep], part.take(keep), called.take(keep, axis=1)
                terms = None if terms is None else terms.take(keep, axis=1)
                sale = sale.take(keep, axis=1)
            part = self.trade(part, sale)
        now.put(every, part)
        return now

    def trade(self, now: Market, sale: Array) -> Market:
        """One round: all orders trade at once."""
        flow = now.flow - self.flow @ (now.held * sale)
        displacement = self.displaced(flow)
        gain = now.price * np.expm1(displacement - now.displacement)
        kept = now.held * (1.0 - sale * (1.0 - self.desk.execution_weight))
        equity = now.equity + kept * (self.positions @ gain)
        return Market(now.price + gain, flow, displacement, equity, now.held * (1.0 - sale))
