"""Estimators against plain loops, and on data whose law is known; many names by factors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import stress
from stress.calibration.covariance import correlation
from stress.calibration.factors import MOST_DENSE, MOST_FACTORS
from stress.own_book.book import OwnBook
from stress.own_book.writer import FILES, write_book
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.read.loader import load_scenario

MANY = MOST_DENSE + 20


def book_of(count: int, days: int = 400) -> tuple[OwnBook, np.ndarray]:
    """A book of so many names, and the correlation that their returns were drawn with."""
    random = np.random.default_rng(6)
    loadings = np.column_stack([random.uniform(0.4, 0.7, count), random.choice([-0.4, 0.4], count)])
    own = np.sqrt(1 - (loadings**2).sum(axis=1))
    moves = random.standard_normal((days, 2)) @ loadings.T + own * random.standard_normal((days, count))
    names = [f"N{n:03}" for n in range(count)]
    dates = pd.bdate_range("2023-01-02", periods=days)
    prices = pd.DataFrame(50 * np.exp(np.cumsum(0.012 * moves, axis=0)), dates, names)
    held = pd.DataFrame({"fund": "one", "ticker": names, "market value": random.normal(1e6, 2e6, count).round()})
    matrix = loadings @ loadings.T
    np.fill_diagonal(matrix, 1.0)
    return stress.from_book(held, prices), matrix


def test_volatility_is_a_weighted_sum() -> None:
    """Squares by 2^(-age/23), what is older than the history at its mean."""
    book, _ = book_of(2)
    returns = book.returns.to_numpy()
    weights = 0.5 ** (np.arange(len(returns))[::-1] / 23)
    left = 0.5 ** (len(returns) / 23)
    squares = (1 - 0.5 ** (1 / 23)) * weights @ returns**2 + left * np.mean(returns**2, axis=0)
    np.testing.assert_allclose([row["vol"] for row in book.assets], np.sqrt(252 * squares), rtol=1e-5)


def test_many_names_are_tied_by_factors(tmp_path: Path) -> None:
    """As written and read again, within the noise of so many days; a smaller book in the same folder leaves no rest."""
    book, truth = book_of(MANY)
    assert book.together.key == "factor"
    assert len(book.together.columns) == MOST_FACTORS
    assert {path.name for path in write_book(book, tmp_path)} == set(FILES) - {"correlation.csv"}
    read, kept = build_problem(load_scenario(tmp_path)), build_problem(book.scenario)
    assert read.canonical == kept.canonical
    assert read.shocks.factors is not None
    away = read.shocks.correlation - truth
    assert np.sqrt(np.mean(away**2)) < 0.05
    assert abs(np.mean(away)) < 0.02
    write_book(book_of(3)[0], tmp_path)
    assert not (tmp_path / "loadings.csv").exists()
    table = load_scenario(tmp_path).correlation
    assert table is not None
    assert table.matrix == "correlation.csv"


def test_many_names_without_prices_have_one_factor_by_class() -> None:
    names = [f"N{n:03}" for n in range(MANY)]
    book = stress.from_book(pd.DataFrame({"fund": "one", "ticker": names, "market value": 1e6, "class": "equity"}))
    assert book.together.columns == ("market",)
    few = stress.from_book(pd.DataFrame({"fund": "one", "ticker": names[:2], "market value": 1e6, "class": "equity"}))
    one, other = (build_problem(each.scenario).shocks.correlation for each in (book, few))
    assert one[0, 1] == pytest.approx(other[0, 1])


def test_shrinkage_is_ledoit_and_wolfs() -> None:
    x = np.random.default_rng(2).standard_normal((40, 6)) @ np.linalg.cholesky(np.full((6, 6), 0.5) + 0.5 * np.eye(6)).T
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    sample = z.T @ z / 40
    distance = ((sample - np.eye(6)) ** 2).sum()
    noise = sum(((np.outer(row, row) - sample) ** 2).sum() for row in z) / 40**2
    found, intensity = correlation(x)
    assert intensity == pytest.approx(min(noise, distance) / distance, rel=1e-12)
    np.testing.assert_allclose(found, (1 - intensity) * sample + intensity * np.eye(6), atol=1e-12)
    np.testing.assert_array_equal(np.diag(found), 1.0)


def test_shrinkage_is_definite_with_fewer_days_than_names_and_fades_with_days() -> None:
    rng = np.random.default_rng(3)
    wide, intensity = correlation(rng.standard_normal((30, 60)))
    assert np.linalg.eigvalsh(wide)[0] > 0
    common = rng.standard_normal((5000, 1))
    long = correlation(common + rng.standard_normal((5000, 4)))
    assert long[1] < 0.01 < intensity
    assert long[0][0, 1] == pytest.approx(0.5, abs=5 * 0.75 / np.sqrt(5000))
