"""Days without a price: left out where nearly nobody has one, carried over where they are few, filled where many."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from stress.own_book.classes import EQUITY, class_of
from stress.own_book.data_report import LEFT_OUT, LIMITS, MENDED, DataReport
from stress.own_book.mending.rules import Rules
from stress.own_book.read.days import iso
from stress.scenarios.errors import ScenarioError, refuse_all

_FEWEST = 3  # instruments of a class whose mean a class is filled by


def without_holidays(prices: Any, rules: Rules, report: DataReport) -> Any:
    """Prices (day, instrument) without the days on which few of those listed by then have one."""
    there = prices.notna()
    listed = there.cummax() & there[::-1].cummax()[::-1]
    nobody = there.sum(axis=1) < np.maximum(rules.quorum * listed.sum(axis=1), 1)
    days = prices.index[nobody]
    if len(days):
        some = int((there.loc[days].sum(axis=1) > 0).sum())
        what = f"holidays: under {rules.quorum:.0%} of the instruments have a price ({some} of the days have any)"
        report.add(LEFT_OUT, "prices", what, iso(days))
    return prices[~nobody]


def daily_returns(prices: Any, rules: Rules, source: str, report: DataReport) -> Any:
    """Log returns (day, instrument) without a hole.

    A price is carried over up to `gap_days` days, so that the move falls on the next day with a price. Longer holes
    (a late listing, closes that stood still, a listing that ended) are filled by the mean return of the other
    instruments of the class, times the instrument's beta to it, plus a residual of its own that is drawn by its name.

    Raises:
        ScenarioError: fewer than `least_days` days, in all or of an instrument, or none for `old_days` at the end.
    """
    if len(prices) <= rules.least_days:
        raise ScenarioError(
            f"holds {len(prices)} days", file=source, key="prices", allowed=f"more than {rules.least_days} days"
        )
    returns = np.log(_carried(prices, rules, report)).diff().iloc[1:]
    own = returns.notna()
    errors = []
    for name in returns.columns:
        count, old = int(own[name].sum()), int((~own[name])[::-1].cumprod().sum())
        if count < rules.least_days:
            problem = f"has {count} daily returns of its own, closes that stand still not counted"
        elif old > rules.old_days:
            problem = f"has no price on the last {old} days"
        else:
            if old:
                day = iso([own.index[own[name]][-1]])
                report.add(LIMITS, name, "its last price is old, and quantities without one take it", day)
            continue
        allowed = f"{rules.least_days} returns, the last {rules.old_days} days ago or less; or --proxy '{name}=COLUMN'"
        errors.append(ScenarioError(problem, file=source, key=name, allowed=allowed))
    refuse_all(errors)
    classes = {name: rules.classes.get(name) or getattr(class_of(name), "asset_class", EQUITY) for name in returns}
    filled = returns.copy()
    for name in returns.columns[~own.all()]:
        filled[name] = _filled(name, returns, classes, report)
    return filled


def _carried(prices: Any, rules: Rules, report: DataReport) -> Any:
    """Prices with short holes closed by the price before them."""
    carried = prices.copy()
    rule = "days without a price take the one before, and the move falls on the next day"
    for name in prices.columns:
        series = prices[name]
        missing = series.isna()
        run = (missing != missing.shift()).cumsum()
        short = missing & (missing.groupby(run).transform("size") <= rules.gap_days)
        if short.any():
            carried[name] = series.where(~short, series.ffill().bfill())
            first = "; the first days the one after" if short.iloc[0] else ""
            report.add(MENDED, name, f"{rule}{first}", iso(series.index[short]), rule)
    return carried


def _filled(name: str, returns: Any, classes: dict[str, str], report: DataReport) -> Any:
    own = returns[name]
    missing = own.isna()
    whole = [other for other in returns.columns[returns.notna().all()] if other != name]
    alike = [other for other in whole if classes[other] == classes[name]]
    group = alike if len(alike) >= _FEWEST else whole
    market = returns[group].mean(axis=1) if group else own * 0.0
    x, y = market[~missing].to_numpy(), own[~missing].to_numpy()
    spread = float(((x - x.mean()) ** 2).sum()) if group else 0.0
    beta = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 0 else 0.0
    residuals = y - y.mean() - beta * (x - x.mean())
    draws = np.random.default_rng(zlib.crc32(name.encode())).choice(residuals, int(missing.sum()))
    filled = own.copy()
    filled[missing] = (beta * market[missing].to_numpy() if group else 0.0) + draws
    explained = 1 - float((residuals**2).sum()) / max(float(((y - y.mean()) ** 2).sum()), 1e-300)
    days = iso(own.index[missing])
    kind = classes[name] if group is alike else "all"
    by = f"{beta:.2f} times the mean of {len(group)} others ({kind}; R2 {explained:.2f}) plus" if group else "by"
    listed = own.first_valid_index()
    late = f"lists late, first return on {iso([listed])[0]}: " if days[0] == iso(own.index[:1])[0] else ""
    what = (
        f"{late}{len(days)} days without a return are filled: {by} residuals of its own drawn at random; first and last"
    )
    report.add(MENDED, name, what, [days[0], days[-1]])
    return filled
