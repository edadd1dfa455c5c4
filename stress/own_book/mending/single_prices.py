"""Errors of single prices: none that are none, spikes, splits, closes that stand still. Each by a rule of `Rules`."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.own_book.classes import CRYPTO, EQUITY, class_of
from stress.own_book.data_report import LIMITS, MENDED, DataReport
from stress.own_book.mending.rules import LARGE, SPLITS, Rules
from stress.own_book.read.days import iso
from stress.scenarios.errors import ScenarioError

_NORMAL = 1.4826  # the standard deviation of a normal law over its median size


def mend_prices(prices: Any, rules: Rules, source: str, report: DataReport) -> Any:
    """Prices (day, instrument) with errors taken out (NaN) or undone.

    Raises:
        ScenarioError: a negative price.
    """
    prices = prices.copy()
    for name in prices.columns:
        prices[name] = _mended(name, prices[name].copy(), rules, source, report)
    return prices


def _mended(name: str, series: Any, rules: Rules, source: str, report: DataReport) -> Any:
    negative = series.index[series < 0]
    if len(negative):
        raise ScenarioError(
            f"is negative on {iso(negative[:1])[0]}",
            file=source,
            key=name,
            value=float(series[negative[0]]),
            allowed="prices above zero; an empty cell leaves a day out, and returns (--kind returns) need no prices",
        )
    zero = series.index[series == 0]
    if len(zero):
        series[zero] = np.nan
        report.add(MENDED, name, "a price of 0 is none", iso(zero))
    _spikes(name, series, rules, report)
    kind = rules.classes.get(name) or getattr(class_of(name), "asset_class", EQUITY)
    moves = _large(name, series, rules)
    for day, move in moves:
        factor = _split(move, _daily_move(series), rules) if kind in (EQUITY, CRYPTO) else None
        if factor is None:
            report.add(LIMITS, name, f"a move of {np.expm1(move):+.0%} in a day stays as it is", iso([day]))
            continue
        series[series.index < day] *= factor
        told = f"{1 / factor:g} for 1" if factor < 1 else f"1 for {factor:g}"
        what = (
            f"split {told} (the price went to {np.exp(move):.3g} of the day before): earlier prices times {factor:.4g}"
        )
        report.add(MENDED, name, what, iso([day]))
    _stale(name, series, rules, report)
    return series


def _returns(series: Any) -> Any:
    """Log returns between the days that have a price."""
    return np.log(series.dropna()).diff().iloc[1:]


def _daily_move(series: Any) -> float:
    returns = _returns(series)
    sizes = returns[returns != 0].abs()
    return _NORMAL * float(sizes.median()) if len(sizes) else np.inf


def _spikes(name: str, series: Any, rules: Rules, report: DataReport) -> None:
    """A price far away that comes back the next day is no price."""
    returns, usual = _returns(series), _daily_move(series)
    moves = returns.to_numpy()
    least = max(rules.spike_moves * usual, LARGE)
    away = np.abs(moves[:-1]) > least
    back = np.abs(moves[:-1] + moves[1:]) < rules.split_moves * usual
    days = returns.index[:-1][away & back]
    days = days[[(name, day) not in rules.keep for day in iso(days)]]
    if len(days):
        series[days] = np.nan
        report.add(MENDED, name, "a price far away that is back the next day is none (it is left out)", iso(days))


def _large(name: str, series: Any, rules: Rules) -> list[tuple[Any, float]]:
    """Moves that are told of: day and log return."""
    returns = _returns(series)
    found = returns[returns.abs() > max(rules.large_moves * _daily_move(series), LARGE)]
    kept = {day for day in iso(found.index) if (name, day) in rules.keep}
    return [(day, float(move)) for day, move in found.items() if iso([day])[0] not in kept]


def _split(move: float, usual: float, rules: Rules) -> float | None:
    """What prices before the split are multiplied with: 1/4 where four shares came for one; None for a real move."""
    factors = [factor for n in SPLITS for factor in (1.0 / n, float(n))]
    best = min(factors, key=lambda factor: abs(move - np.log(factor)))
    return best if abs(move - np.log(best)) < rules.split_moves * usual else None


def _stale(name: str, series: Any, rules: Rules, report: DataReport) -> None:
    """Closes that stand still for long are none, from the first repetition on."""
    observed = series.dropna()
    run = (observed.diff() != 0).cumsum()
    repeated = observed.groupby(run).cumcount()
    lengths = repeated.groupby(run).transform("max")
    stale = observed.index[(repeated > 0) & (lengths >= rules.stale_days)]
    for _, days in stale.to_series().groupby(run[stale].to_numpy()):
        what = (
            f"{len(days)} unchanged closes of {observed[days.iloc[0]]:g} in a row are no prices; first and last of them"
        )
        report.add(MENDED, name, what, [iso(days)[0], iso(days)[-1]], "closes that stand still are no prices")
    series[stale] = np.nan
