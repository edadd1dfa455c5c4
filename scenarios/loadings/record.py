"""Assets that move with others: `loadings = { tech = 1.1 }`.

    log P_i = own_i + sum_j l_ij log P_j

`own` is the asset's own draw, script and impact, `l_ij` its loadings on the whole moves of others, the impact of forced
selling of these and its decay included. Loadings form no circle, so `log P = (I + W) own` with `W = D + D D_s + ...`,
a finite sum: `D` the loadings as written and `D_s` its rows of assets that others move with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Circle(ValueError):
    """Assets that move with each other; `ids` from one back to itself."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(" -> ".join(ids))
        self.ids = tuple(ids)


@dataclass(frozen=True)
class Loadings:
    """Who moves with whom; sources are the assets that some other asset moves with, directly or through others."""

    tied: dict[str, tuple[str, ...]]  # `moves_with`: by asset with loadings, all that it moves with
    sources: Ints  # (source,) rows of assets that others move with, ascending
    direct: Floats  # (asset, source) as written
    whole: Floats  # (asset, source) W: what a source's own move does to the asset, by every way

    @property
    def loaded(self) -> Bools:
        """(asset,) whether it has loadings."""
        return np.asarray(np.any(self.direct != 0.0, axis=1), np.bool_)

    def moves(self, own: Floats, axis: int = 0) -> Floats:
        """Whole log moves from own ones, with the assets along `axis`."""
        own = np.moveaxis(np.asarray(own, np.float64), axis, 0)
        return np.moveaxis(own + np.tensordot(self.whole, own[self.sources], axes=1), 0, axis)

    def covariance(self, own: Floats) -> Floats:
        """Of whole moves from that of own ones, (asset, asset)."""
        return self.moves(self.moves(own), axis=1)

    def means(self, own: Floats) -> Floats:
        """Means of the own draws (asset,) that keep mean prices where they are, from their covariance."""
        half = -0.5 * np.diag(self.covariance(own))
        return np.asarray(half - self.direct @ half[self.sources])


def moves_with(loadings: Mapping[str, Mapping[str, float]]) -> dict[str, tuple[str, ...]]:
    """All assets that each one with loadings moves with, directly or through others, sorted.

    Args:
        loadings: by asset, those that it was given.

    Raises:
        Circle: two of them move with each other.
    """
    found: dict[str, tuple[str, ...]] = {}
    for asset in loadings:
        _follow(asset, loadings, found, ())
    return {asset: found[asset] for asset in loadings if found[asset]}


def _follow(
    asset: str, loadings: Mapping[str, Mapping[str, float]], found: dict[str, tuple[str, ...]], way: tuple[str, ...]
) -> tuple[str, ...]:
    if asset in way:
        raise Circle((*way[way.index(asset) :], asset))
    if asset not in found:
        direct = [other for other, loading in loadings.get(asset, {}).items() if loading != 0.0]
        beyond = [_follow(other, loadings, found, (*way, asset)) for other in direct]
        found[asset] = tuple(sorted({*direct, *(name for names in beyond for name in names)}))
    return found[asset]


def loadings_of(ids: Sequence[str], loadings: Mapping[str, Mapping[str, float]]) -> Loadings | None:
    """Loadings among assets `ids` (sorted), None where nobody has any; raises Circle as `moves_with`."""
    place, chains = {name: n for n, name in enumerate(ids)}, moves_with(loadings)
    sources = np.array(sorted({place[other] for others in chains.values() for other in others}), np.int64)
    if not len(sources):
        return None
    column = {int(row): n for n, row in enumerate(sources)}
    direct = np.zeros((len(ids), len(sources)))
    for asset, table in loadings.items():
        for other, loading in table.items():
            if loading != 0.0:
                direct[place[asset], column[place[other]]] = loading
    whole, onward = direct, direct[sources]
    while onward.any():  # ends: no circle
        whole, onward = whole + direct @ onward, onward @ direct[sources]
    return Loadings(chains, sources, direct, whole)


def own_volatility(vol: Floats, correlation: Floats, loadings: Loadings) -> Floats:
    """What loadings leave of volatilities `vol` (asset,) of whole moves, (asset,); NaN where they explain more.

    Args:
        vol: annual.
        correlation: (asset, asset) of own draws.
        loadings: who moves with whom.
    """
    own, known = np.where(loadings.loaded, np.nan, vol), ~loadings.loaded
    waits = [loadings.sources[row != 0.0] for row in loadings.direct]
    while not known.all():
        each = np.nan_to_num(own)
        left = vol**2 - np.diag(loadings.covariance(correlation * np.outer(each, each)))
        ready = ~known & np.array([bool(known[others].all()) for others in waits])
        near = np.abs(left) <= 1e-9 * vol**2  # numbers of a file are rounded
        own = np.where(ready, np.sqrt(np.where(near, 0.0, np.where(left < 0.0, np.nan, left))), own)
        known = known | ready
    return np.asarray(own)
