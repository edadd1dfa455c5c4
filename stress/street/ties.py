"""What each of the user's assets follows in the street: by hand, by what it is, by sector, by regression, by class.

The first rule that applies to an asset is taken:

1. `--proxy NAME=ASSET`: that asset; the loading by regression where returns have a series of it, else from volatilities
2. it is the asset: its ticker is that of a fund, a future or an index that holds it, or its id is the same. Loading 1
3. its sector, as the file has it or by the ticker of a large US company, whose industry the street may have: as under 1
4. by regression on all series of the street's assets that the returns have, forward by R^2 (`regression`)
5. its class and region, else its class: all such assets by volume, from volatilities; not currencies
6. nothing: it draws independently of the street

From volatilities means `loading = rho vol / (c vol of what it follows)` with an assumed correlation rho; c is the
median ratio of volatilities of series that both have, as the book's may be of other times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stress.scenarios.library import counterparts
from stress.scenarios.problem import Assets, Floats, Problem
from stress.street.regression import FEWEST_DAYS, Fit, best, fit

NO_CLASS = ("fx", "other")  # classes whose members need not rise together
RHO_SECTOR, RHO_CLASS = 0.7, 0.5  # of a single name with its sector, and with its class


@dataclass(frozen=True)
class Tie:
    """What one asset follows."""

    loadings: dict[str, float]  # on assets of the street; none: it is independent
    explained: float  # share of its variance, R^2
    how: str
    grade: str  # A given or identical, B estimated, C by a rule, D by class alone
    residuals: Floats | None = None  # (day,) of its regression


class Following:
    """The rules for one book and one street."""

    def __init__(
        self, mine: Assets, sectors: Mapping[str, str], street: Problem, returns: Mapping[str, Floats]
    ) -> None:
        """`sectors` and daily log `returns` (day,) by asset of the book, as far as they are known."""
        self.mine, self.sectors, self.street = mine, sectors, street.assets
        self.covariance = street.shocks.move_correlation * np.outer(self.street.vol, self.street.vol)
        self.returns = {name: np.asarray(values) for name, values in returns.items()}
        self.names = [name for name in self.returns if self._weights_of_series(name)]
        self.level = self._level()
        self.series = np.column_stack([self.returns[name] for name in self.names]) if self.names else np.zeros((0, 0))

    def tie(self, name: str, by_hand: str = "") -> Tie:
        """What an asset of the book follows; `by_hand` is an asset of the street."""
        at = self.mine.ids.index(name)
        if by_hand:
            return self._on(name, {by_hand: 1.0}, RHO_SECTOR, f"--proxy {by_hand}", "A")
        if weights := self._weights_of_series(name):
            what = "the same id" if name in weights else f"it is {self._called(weights)}"
            return Tie(weights, 1.0, what, "A")
        if sector := self._sector(name):
            said = self.sectors.get(name)
            called = said and sector in (said, counterparts.sector_of(said))
            how = f"sector {said}" if called else f"sector {sector} by its ticker"
            return self._on(name, {sector: 1.0}, RHO_SECTOR, how, "C")
        if (found := self._regressed(name, tuple(range(len(self.names))), best)) is not None:
            return found
        kind, region = self.mine.asset_class[at], self.mine.region[at].lower()
        alike = self._basket(lambda i: self.street.asset_class[i] == kind and self.street.region[i].lower() == region)
        where = f"class {kind}, region {region}" if alike else f"class {kind}"
        alike = {} if kind in NO_CLASS else alike or self._basket(lambda i: self.street.asset_class[i] == kind)
        if not alike:
            return Tie({}, 0.0, "nothing like it in the street: it draws independently", "D")
        return self._on(name, alike, RHO_CLASS, where, "D")

    def _on(self, name: str, weights: dict[str, float], rho: float, how: str, grade: str) -> Tie:
        """On a basket of the street: by regression where returns have a series of it, else from volatilities."""
        columns = tuple(n for n, other in enumerate(self.names) if self._weights_of_series(other) == weights)[:1]
        found = self._regressed(name, columns, fit) if columns else None
        if found is not None:
            return Tie(found.loadings, found.explained, f"{how}, {found.how}", min(grade, "B"), found.residuals)
        vol = float(self.mine.vol[self.mine.ids.index(name)])
        loading = rho * vol / (self.level * self._volatility(weights))
        shares = {asset: loading * weight for asset, weight in weights.items()}
        return Tie(shares, rho**2, f"{how}, from volatilities at correlation {rho:g}", grade)

    def _regressed(
        self, name: str, columns: tuple[int, ...], by: Callable[[Floats, Floats, tuple[int, ...]], Fit | None]
    ) -> Tie | None:
        own = self.returns.get(name)
        if own is None or len(own) < FEWEST_DAYS or not columns:
            return None
        found = by(own, self.series, columns)
        if found is None or found.r2 <= 0.0:
            return None
        loadings: dict[str, float] = {}
        for column, slope in found.slopes.items():
            for asset, weight in self._weights_of_series(self.names[column]).items():
                loadings[asset] = loadings.get(asset, 0.0) + slope * weight
        on = ", ".join(f"{found.slopes[c]:.2f} ({found.errors[c]:.2f}) {self.names[c]}" for c in found.slopes)
        return Tie(loadings, found.r2, f"regression on {on}: R2 {found.r2:.2f}", "B", found.residuals)

    def _weights_of_series(self, name: str) -> dict[str, float]:
        """What of the street a series of the book's is: weights that sum to 1, or -1 of what it is one over."""
        if name in self.street.ids:
            return {name: 1.0}
        weights = {asset: w for asset, w in counterparts.of_series(name).items() if asset in self.street.ids}
        total = sum(map(abs, weights.values()))
        return {asset: weight / total for asset, weight in weights.items()}

    def _sector(self, name: str) -> str:
        said = self.sectors.get(name, "")
        region, kind = (of[self.mine.ids.index(name)] for of in (self.mine.region, self.mine.asset_class))
        words, called = counterparts.plain(said), zip(self.street.ids, self.street.names, strict=True)
        same = next((a for a, b in called if words and words in map(counterparts.plain, (a, b))), "")
        if kind == "equity" and region.lower() in ("", "us") and same in ("", counterparts.sector_of(said)):
            return counterparts.of_share(name, said, region, self.street.ids) or same
        return same

    def _basket(self, chosen: Any) -> dict[str, float]:
        """Assets of the street by volume, as weights that sum to 1; of the library's streets without crowded legs."""
        rows = [i for i in range(len(self.street.ids)) if chosen(i)]
        ordinary = [i for i in rows if self.street.ids[i] in {*counterparts.SERIES}] or rows
        volumes = self.street.adv[ordinary]
        return {self.street.ids[i]: float(w) for i, w in zip(ordinary, volumes / volumes.sum(), strict=True)}

    def _volatility(self, weights: Mapping[str, float]) -> float:
        """Of a basket, annual, before the stress."""
        held = np.array([weights.get(asset, 0.0) for asset in self.street.ids])
        return float(np.sqrt(held @ self.covariance @ held))

    def _level(self) -> float:
        """How much more volatile the book's files are than the street, by the series that both have; 1 without one."""
        ratios = [
            float(self.mine.vol[self.mine.ids.index(name)]) / self._volatility(self._weights_of_series(name))
            for name in self.names
        ]
        return float(np.median(ratios)) if ratios else 1.0

    def _called(self, weights: Mapping[str, float]) -> str:
        return next(iter(weights)) if len(weights) == 1 else f"the market of {len(weights)} sectors"
