"""Which name follows what of the library: by hand, itself, by ticker, by regression, by sector, by class.

The first rule that applies takes a name: what the user says; the library's asset of the same id and class; an index or
fund whose ticker has a counterpart in the library; the regression of its own daily log returns on the names that were
taken so far; its sector; its asset class. The rest has no counterpart. An asset with loadings moves with what it is
tied to, and its own draw is as ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stress.scenarios.library import counterparts
from stress.scenarios.problem import Assets, Floats

FEWEST_DAYS = 60  # of a regression
DAYS_A_PROXY = 10
DRAWS, LOADED, BY_HAND, ITSELF = "draws as ever", "through its loadings", "by hand", "itself"
TICKER, REGRESSION, SECTOR, CLASS = "by its ticker", "by regression", "by its sector", "by its class"
PROXIES = (ITSELF, TICKER)  # rules whose names others are regressed on


class Followed(NamedTuple):
    """What a name follows."""

    how: str
    exposures: dict[str, float]  # log return per log return, by asset of the library
    residual: float = 0.0  # share of the standard deviation of its own draw that is left
    r_squared: float | None = None  # of a regression


def follow(
    assets: Assets,
    sectors: Mapping[str, str],
    moved: Mapping[str, str],
    by_hand: Mapping[str, Followed],
    returns: Mapping[str, Floats],
) -> dict[str, Followed | None]:
    """What each asset follows, by id; None: nothing is known.

    Args:
        assets: of the scenario.
        sectors: by asset id.
        moved: library assets that move, and their classes.
        by_hand: by asset id.
        returns: daily log returns by column, as far as there are any; columns may be library assets, too.
    """
    found: dict[str, Followed | None] = {}
    for asset, kind in zip(assets.ids, assets.asset_class, strict=True):
        found[asset] = by_hand.get(asset) or _direct(asset, kind, moved)
        if asset in assets.tied:
            found[asset] = Followed(LOADED, {})
    proxies = {name: of.exposures for name, of in found.items() if of is not None and of.how in PROXIES}
    for column in returns:
        if column not in found and (of := _direct(column, moved.get(column, ""), moved)) is not None:
            proxies[column] = of.exposures
    left = [asset for asset in assets.ids if found[asset] is None]
    found |= _regressed([asset for asset in left if asset in returns], proxies, returns)
    for asset, kind, region in zip(assets.ids, assets.asset_class, assets.region, strict=True):
        if found[asset] is None:
            found[asset] = _by_kind(asset, sectors.get(asset, ""), kind, region, moved)
    return found


def _direct(name: str, asset_class: str, moved: Mapping[str, str]) -> Followed | None:
    if name in moved and moved[name] == asset_class:
        return Followed(ITSELF, {name: 1.0})
    weights = counterparts.of_series(name)
    return Followed(TICKER, weights) if weights and weights.keys() <= moved.keys() else None


def _regressed(
    names: Sequence[str], proxies: Mapping[str, Mapping[str, float]], returns: Mapping[str, Floats]
) -> dict[str, Followed | None]:
    """Least squares of the names' returns on those of the proxies, with a constant."""
    used = [name for name in proxies if name in returns and np.ptp(returns[name]) > 0]
    if not used or not names:
        return {}
    x = np.column_stack([returns[name] for name in used])
    if len(x) < max(FEWEST_DAYS, DAYS_A_PROXY * len(used)):
        return {}
    x = x - x.mean(axis=0)
    y = np.column_stack([returns[name] for name in names])
    y = y - y.mean(axis=0)
    betas = np.linalg.lstsq(x, y, rcond=None)[0]
    left = ((y - x @ betas) ** 2).sum(axis=0) / np.maximum((y**2).sum(axis=0), 1e-300)
    found: dict[str, Followed | None] = {}
    for j, name in enumerate(names):
        exposures: dict[str, float] = {}
        for proxy, beta in zip(used, betas[:, j], strict=True):
            for asset, weight in proxies[proxy].items():
                exposures[asset] = exposures.get(asset, 0.0) + float(beta) * weight
        found[name] = Followed(REGRESSION, exposures, float(np.sqrt(left[j])), float(1.0 - left[j]))
    return found


def _by_kind(name: str, sector: str, asset_class: str, region: str, moved: Mapping[str, str]) -> Followed | None:
    """By sector, which may be the id of a library asset of that class, else by class."""
    called = counterparts.plain(sector).replace(" ", "_")
    if asset_class == "equity" and (share := counterparts.of_share(name, sector, region, moved)):
        return Followed(SECTOR, {share: 1.0})
    if called and moved.get(called) == asset_class:
        return Followed(SECTOR, {called: 1.0})
    weights = counterparts.of_class(asset_class, region)
    if not weights.keys() <= moved.keys():
        weights = counterparts.of_class(asset_class)
    return Followed(CLASS, weights) if weights and weights.keys() <= moved.keys() else None
