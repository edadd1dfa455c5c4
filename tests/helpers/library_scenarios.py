"""The scenarios of the library, built once each, and sums over their books."""

import csv
import tomllib
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pytest

from flat import limits_of
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.library import library_path
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import load_scenario

INDUSTRY = ("tariff-2025", "ai-unwind-2026", "calm")
DESKS = ("desk", "desk-calm")
MARKETS = INDUSTRY + DESKS  # many funds with margin, as opposed to the replay of one
REPLAY = "long-short-2025-04-03"
LIBRARY = (*MARKETS, REPLAY, "quant-2007-08", "archegos-2021")
FOLDER = library_path("desk").parent


def large_ones_slow(names: Iterable[str]) -> list[Any]:
    """Parameters of a test that runs each: those that take long to compile have the marker slow."""
    large = ("ai-unwind-2026", "calm", "quant-2007-08", "tariff-2025")
    return [pytest.param(name, marks=pytest.mark.slow) if name in large else name for name in names]


@cache
def problem_of(name: str, *overrides: str) -> Problem:
    return build_problem(load_scenario(name, overrides))


def document(name: str) -> dict[str, Any]:
    return tomllib.loads(library_path(name).read_text(encoding="utf-8"))


def start_positions(problem: Problem) -> np.ndarray:
    """Signed start positions in USD, (book, asset): books that hold an asset on opposite sides do not cancel.

    An overlay holds nothing at the start.
    """
    size = np.where(limits_of(problem).overlay, 0.0, problem.books.size)
    return size[:, None] * problem.books.shapes[problem.books.shape_of]


def by_member(problem: Problem, per_book: np.ndarray) -> np.ndarray:
    return np.bincount(problem.books.fund_of, weights=per_book, minlength=len(problem.funds.ids))


def requirement(problem: Problem) -> np.ndarray:
    rates = problem.funds.rates
    charge = (np.abs(start_positions(problem)) * rates[problem.books.fund_of]).sum(axis=1)
    charge = charge * problem.funds.has_margin[problem.books.fund_of]
    return by_member(problem, charge)


def read_csv(name: str) -> list[list[str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))
