"""The assets of the scenario: what is known of each, what is estimated, and what is assumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from stress.own_book import assumptions
from stress.own_book.classes import EQUITY, FX, SECTORS, class_of, region_of
from stress.own_book.currencies import BASE
from stress.own_book.data_report import ESTIMATED, READ, Assumption, DataReport
from stress.own_book.estimates import ewma_volatility, shrunk_correlation
from stress.own_book.matching import bare
from stress.own_book.read.side_files import Volume
from stress.own_book.settling import Settled
from stress.scenarios.problem import Floats

_DIGITS = 6  # of volatilities and correlations
_US = {"united states", "usa", "u.s.", "us", "united states of america"}


def asset_rows(
    facts: Mapping[str, Mapping[str, Any]],
    currencies: list[str],
    held: Mapping[str, float],
    volumes: Mapping[str, Volume],
    usd_price: Callable[[str], float | None],
    settle: Settled,
    report: DataReport,
) -> list[dict[str, Any]]:
    """Rows of `assets.csv` without volatilities; what is assumed is in them too, and marked in `assumed`.

    Args:
        facts: of the file of positions, by instrument.
        currencies: that positions are held in.
        held: USD that all funds hold of an asset together.
        volumes: by instrument, as `--volumes` gives them.
        usd_price: last price of an instrument in USD.
        settle: takes assumptions.
        report: takes the lines.
    """
    rows = []
    for name, of in facts.items():
        kind = class_of(name, of.get("asset_class", ""))
        assert kind is not None  # see `facts_of`
        row: dict[str, Any] = {"id": name, "asset_class": kind.asset_class, "in_net": True, "assumed": set()}
        if kind.grade != "A":
            told = Assumption(f"assets.{name}.asset_class", kind.asset_class, kind.rule, kind.grade, "the ticker")
            row["asset_class"] = str(settle(told))
            row["assumed"].add("asset_class")
        region = of.get("region") or region_of(name)
        row["region"] = "us" if region.lower() in _US else region.lower()
        row["sector"] = of.get("sector") or _sector(row, settle)
        _put(row, "adv", _given_volume(name, of, volumes, usd_price, report), settle, held.get(name, 0.0), of)
        _put(row, "margin", of.get("margin"), settle, 0.0, of)
        rows.append(row)
    by_ticker = sum(bool(row["region"]) and not facts[row["id"]].get("region") for row in rows)
    if by_ticker:
        report.add(READ, "region", f"of {by_ticker} instruments by the exchange in their ticker")
    for code in currencies:
        row = {"id": f"{code}{BASE}", "asset_class": FX, "in_net": False, "assumed": set(), "region": "", "sector": ""}
        _put(row, "adv", None, settle, 0.0, {}, code)
        _put(row, "margin", None, settle, 0.0, {})
        rows.append(row)
    return rows


def _sector(row: dict[str, Any], settle: Settled) -> str:
    """The sector of a large US share by its ticker, as an assumption; "" of the others."""
    ticker = bare(row["id"]).upper()
    if row["asset_class"] != EQUITY or ticker not in SECTORS:
        return ""
    row["assumed"].add("sector")
    return str(settle(Assumption(f"assets.{row['id']}.sector", SECTORS[ticker], f"GICS of {ticker}", "C", "MSCI, S&P")))


def _given_volume(
    name: str,
    of: Mapping[str, Any],
    volumes: Mapping[str, Volume],
    usd_price: Callable[[str], float | None],
    report: DataReport,
) -> float | None:
    volume = volumes.get(name)
    if volume is None:
        return of.get("adv")
    if not volume.in_shares:
        report.add(READ, name, f"volume {volume.rule}", rule="volumes given in USD")
        return volume.amount
    price = usd_price(name)
    if price is None:
        return of.get("adv")
    report.add(
        READ, name, f"volume {volume.rule}, times the last price", rule="volumes given in shares, times the last price"
    )
    return volume.amount * price


def _put(
    row: dict[str, Any],
    key: str,
    given: float | None,
    settle: Settled,
    held: float,
    of: Mapping[str, Any],
    code: str = "",
) -> None:
    """The given number, or the assumed one."""
    if given is not None:
        row[key] = given
        return
    if key == "adv":
        found = assumptions.volume(code or row["id"], row["asset_class"], held, of.get("market_cap"))
    else:
        found = assumptions.margin(row["asset_class"])
    told = Assumption(f"assets.{row['id']}.{key}", found.value, found.rule, found.grade, found.source)
    row[key] = settle.number(told)
    row["assumed"].add(key)


def put_volatilities(
    rows: list[dict[str, Any]], returns: Any, half_life: float, settle: Settled, report: DataReport
) -> Floats:
    """Volatilities into the rows, and the correlation (asset, asset) of their draws.

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
            told = Assumption(f"assets.{row['id']}.vol", found.value, found.rule, found.grade, found.source)
            row["vol"] = settle.number(told)
            row["assumed"].add("vol")
        loadings = np.array([assumptions.LOADING[row["asset_class"]] for row in rows])
        correlation = np.outer(loadings, loadings)
        np.fill_diagonal(correlation, 1.0)
        classes = ", ".join(
            f"{k} {assumptions.LOADING[k]:g}" for k in dict.fromkeys(row["asset_class"] for row in rows)
        )
        what = f"no prices: one factor with loadings by class (grade D): {classes}; edit the file"
        report.add(ESTIMATED, "correlation.csv", what)
        return rounded(correlation)
    numbers = returns.to_numpy(np.float64)
    for row, vol in zip(rows, ewma_volatility(numbers, half_life), strict=True):
        row["vol"] = float(f"{vol:.{_DIGITS}g}")
    correlation, intensity = shrunk_correlation(numbers)
    span = f"{len(returns):,} daily log returns"
    what = f"annual, exponentially weighted with a half-life of {half_life:g} days, mean 0, of {span}"
    report.add(ESTIMATED, "vol", what)
    what = f"of {span}, shrunk towards independence by {intensity:.3f} (Ledoit and Wolf 2004)"
    report.add(ESTIMATED, "correlation.csv", what)
    return rounded(correlation)


def rounded(correlation: Floats) -> Floats:
    """As the file has it: a scenario in memory is the one on disk to the bit."""
    return np.asarray(np.round(correlation, _DIGITS), np.float64)
