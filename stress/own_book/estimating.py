"""Volatilities of the assets and how they move together: from daily returns, by class where there are none."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.calibration.covariance import correlation
from stress.calibration.factors import MOST_DENSE, MOST_FACTORS, statistical_factors
from stress.calibration.volatility import ewma_variances
from stress.own_book import assumptions
from stress.own_book.book import Together
from stress.own_book.data_report import ESTIMATED, Assumption, DataReport
from stress.own_book.settling import Settled
from stress.scenarios.problem import TRADING_DAYS, Floats

HALF_LIFE = 23.0  # days of the weights of squared returns
_DIGITS = 6  # of volatilities and correlations
_LEAST_OWN = 1e-4  # of an asset's variance that no factor explains, so that digits of loadings do not matter


def put_volatilities(
    rows: list[dict[str, Any]], returns: Any, half_life: float, settle: Settled, report: DataReport
) -> None:
    """Annual volatilities into the rows.

    Args:
        rows: of assets.
        returns: daily log returns (day, asset) in the order of the rows; None where there are no prices.
        half_life: days of the weights of volatilities.
        settle: takes assumptions.
        report: takes the lines.
    """
    if returns is None:
        for row in rows:
            found = assumptions.volatility(row["asset_class"])
            told = Assumption(
                assumptions.key_of("assets", row["id"], "vol"), found.value, found.rule, found.grade, found.source
            )
            row["vol"] = settle.number(told)
            row["assumed"].add("vol")
        return
    variances = ewma_variances(returns.to_numpy(np.float64), 0.5 ** (1.0 / half_life))[-1]
    for row, variance in zip(rows, variances, strict=True):
        row["vol"] = float(f"{np.sqrt(TRADING_DAYS * variance):.{_DIGITS}g}")
    span = f"{len(returns):,} daily log returns"
    what = f"annual, exponentially weighted with a half-life of {half_life:g} days, mean 0, of {span}"
    report.add(ESTIMATED, "vol", what)


def moves_together(rows: list[dict[str, Any]], returns: Any, report: DataReport) -> Together:
    """The correlation of the draws: a matrix, or with more than `MOST_DENSE` assets loadings on factors.

    Args:
        rows: of assets.
        returns: as for `put_volatilities`.
        report: takes the lines.
    """
    ids = tuple(row["id"] for row in rows)
    many = len(ids) > MOST_DENSE
    if returns is None:
        loadings = np.array([[assumptions.LOADING[row["asset_class"]]] for row in rows])
        classes = ", ".join(
            f"{k} {assumptions.LOADING[k]:g}" for k in dict.fromkeys(row["asset_class"] for row in rows)
        )
        what = f"no prices: one factor with loadings by class (grade D): {classes}; edit the file"
        report.add(ESTIMATED, "correlation", what)
        if many:
            return Together("factor", ("market",), _rounded(loadings))
        matrix = loadings @ loadings.T
        np.fill_diagonal(matrix, 1.0)
        return Together("matrix", ids, _rounded(matrix))
    numbers, span = returns.to_numpy(np.float64), f"{len(returns):,} daily log returns"
    if many:
        found = statistical_factors(numbers, min(MOST_FACTORS, len(numbers) - 1))
        loadings = found.scaled / np.hypot(np.linalg.norm(found.scaled, axis=1), found.specific_sd)[:, None]
        loadings *= np.sqrt(np.minimum(1.0, (1.0 - _LEAST_OWN) / (loadings**2).sum(axis=1)))[:, None]
        what = (
            f"of {span}: {len(found.names)} factors, the strongest principal components, which make "
            f"{100 * found.explained:.0f} % of the variance; the rest is each asset's own"
        )
        report.add(ESTIMATED, "correlation", what)
        return Together("factor", found.names, _rounded(loadings))
    shrunk = correlation(numbers)
    what = f"of {span}, shrunk towards independence by {shrunk.shrinkage:.3f} (Ledoit and Wolf 2004)"
    report.add(ESTIMATED, "correlation", what)
    return Together("matrix", ids, _rounded(shrunk.matrix))


def _rounded(values: Floats) -> Floats:
    """As the file has it: a scenario in memory is the one on disk to the bit."""
    return np.asarray(np.round(values, _DIGITS), np.float64)
