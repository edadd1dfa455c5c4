"""Rates measured in alternation: a busy machine slows every contender alike, so ratios hold where rates do not."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Sample(NamedTuple):
    """How many paths took how long."""

    paths: int
    seconds: float

    @property
    def rate(self) -> float:
        """Paths per second."""
        return self.paths / self.seconds

    @property
    def seconds_each(self) -> float:
        """Seconds per path."""
        return self.seconds / self.paths


Contender = Callable[[float], Sample]


def repeat(call: Callable[[], Any], paths: int, seconds: float) -> Sample:
    """Call until the time is up, at least once; `paths` of work in each call."""
    started, calls = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - started) < seconds or calls == 0:
        call()
        calls += 1
    return Sample(calls * paths, elapsed)


def alternate(contenders: Mapping[str, Contender], seconds: float, rounds: int) -> dict[str, list[float]]:
    """Rates of each contender, one of every round: all take their turn before any has its second."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        names = list(contenders)
        for name in names if number % 2 == 0 else reversed(names):
            rates[name].append(contenders[name](seconds).rate)
    return rates


def ratio(rates: Mapping[str, list[float]], name: str, other: str) -> float:
    """Median over the rounds of one rate over another."""
    return statistics.median(a / b for a, b in zip(rates[name], rates[other], strict=True))
