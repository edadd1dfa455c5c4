"""Liquidity tiers of a problem: which assets, and the days that trading all positions would take at the cap."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stress.scenarios.build.tiers import days_at_cap
from stress.scenarios.problem import Problem


@dataclass(frozen=True)
class Tier:
    """One class of assets, which trade at the pace of the tightest of them."""

    number: int  # 1 the thinnest
    assets: tuple[str, ...]  # thinnest first
    days: tuple[float, ...]  # of each asset: all positions at `max_participation` of volume while depth is whole
    usd: float  # positions of all books, of overlays at their largest
    books: int  # tiers of managers' books that hold them


def tier_table(problem: Problem) -> tuple[Tier, ...]:
    """The tiers, the thinnest first; none without a cap on forced orders."""
    books, cap = problem.books, problem.cascade.max_participation
    if not (math.isfinite(cap) and problem.cascade.feedback):
        return ()
    usd = books.size[:, None] * np.abs(books.shapes[books.shape_of])
    days = days_at_cap(usd, cap * problem.assets.adv)
    found = []
    for c in range(int(books.tier_of_asset.max()) + 1):
        chosen = np.flatnonzero(books.tier_of_asset == c)
        ordered = chosen[np.argsort(-days[chosen], kind="stable")]
        found.append(
            Tier(
                number=c + 1,
                assets=tuple(problem.assets.ids[i] for i in ordered),
                days=tuple(float(days[i]) for i in ordered),
                usd=float(usd[:, chosen].sum()),
                books=int((usd[:, chosen] > 0).any(axis=1).sum()),
            )
        )
    return tuple(found)


def why_alone(tiers: tuple[Tier, ...], tier: Tier) -> str:
    """Why the one asset of a tier is a tier of its own, as a sentence; "" for any other tier."""
    if len(tier.assets) > 1 or tier.number == len(tiers):
        return ""
    following = tiers[tier.number]
    times = tier.days[0] / following.days[0] if following.days[0] > 0 else math.inf
    return (
        f"{tier.assets[0]} is a tier of its own: it needs {times:.3g} times the days of {following.assets[0]}, "
        f"and would hold up {following.usd / 1e9:.4g} bn USD"
    )
