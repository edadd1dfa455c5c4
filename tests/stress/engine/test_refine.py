"""Exact quantiles from a second pass: the order statistics and tail means of the whole sample, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from stress.engine.exact_quantiles import exact_quantiles
from stress.engine.runner import execute
from stress.options import RunOptions
from stress.results.statistics import estimators
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.levels import order_rank, tail_mass
from stress.results.statistics.simulation_output import Distribution, Tail
from tiny import make_problem

LEVELS = ("0.5", "0.95", "0.99", "0.999")


def distribution(values: npt.NDArray[np.float32], keep: int) -> Distribution:
    histogram = FloatHistogram.empty(())
    histogram.add(values)
    order = np.argsort(-values.astype(np.float64), kind="stable")[:keep]
    return Distribution(histogram, Tail(values[order].astype(np.float64), order.astype(np.uint64)))


def plain(values: npt.NDArray[np.float32], level: str) -> tuple[float, float]:
    """VaR and ES straight from the definition."""
    ordered = np.sort(values.astype(np.float64))
    mass = tail_mass(level, len(values))
    whole = int(mass)
    worst = ordered[::-1][:whole].sum() + float(mass - whole) * ordered[::-1][min(whole, len(ordered) - 1)]
    return float(ordered[order_rank(level, len(values)) - 1]), float(worst / float(mass))


@pytest.mark.parametrize("count", [20_000, 20_003])
def test_var_and_es_are_those_of_the_sample(count: int) -> None:
    random = np.random.default_rng(1)
    rows = [(random.standard_t(4, count) * scale).astype(np.float32) for scale in (0.02, 0.3)]
    pieces = np.array_split(random.permutation(count), 7)

    def second_pass() -> Iterator[tuple[int, Any]]:
        for piece in pieces:
            yield 0, np.stack([row[piece] for row in rows])

    rough = [distribution(row, 100) for row in rows]
    for row, before, after in zip(rows, rough, exact_quantiles(rough, LEVELS, second_pass), strict=True):
        for level in LEVELS:
            var, es = plain(row, level)
            assert estimators.value_at_risk(after, level).value == var
            assert estimators.expected_shortfall(after, level).value == pytest.approx(es, rel=1e-8)
        assert estimators.value_at_risk(before, "0.95").value != plain(row, "0.95")[0], "the pass must be needed"


def test_no_pass_where_the_tail_reaches() -> None:
    values = np.linspace(-1, 1, 5_000, dtype=np.float32)

    def never() -> Iterator[tuple[int, Any]]:
        raise AssertionError("nothing is missing")

    (result,) = exact_quantiles([distribution(values, 5_000)], LEVELS, never)
    assert result.windows == ()


@pytest.mark.parametrize("retail", [0.0, pytest.param(3e9, marks=pytest.mark.slow)])
def test_a_run_asked_for_exact_quantiles_has_them(monkeypatch: pytest.MonkeyPatch, retail: float) -> None:
    monkeypatch.setattr("stress.engine.chunk_simulator.TAIL_KEEP", 50)
    settings: dict[str, Any] = {"steps": 4, "shocks": {"scale": 2.5}, "estimation": {"detail_paths": 2_048}}
    problem = make_problem(**settings, retail={"per_percent": retail})
    result = execute(problem, RunOptions(paths=6_000, seed=4, exact=True, store="paths", devices=2))
    assert result.stored is not None
    for kind, every in result.distributions.items():
        for row, one in enumerate(every):
            assert one.windows, "the tail is too short for these levels"
            values = result.stored.metrics[kind][row].astype(np.float32)
            for level in ("0.95", "0.99"):
                var, es = plain(values, level)
                assert estimators.value_at_risk(one, level).value == var
                assert estimators.expected_shortfall(one, level).value == pytest.approx(es, rel=1e-7)
