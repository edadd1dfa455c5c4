"""Liquidity tiers: a manager's book cut by the days that its assets need under `max_participation`.

Forced orders together trade at most a share of each asset's volume a day, and a book sells pro rata: its tightest asset
sets the pace of all of it. So books are cut into tiers of assets that need about as many days, the same classes for
every book, and a thin name holds up its own tier alone.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from stress.scenarios.convexity import MOVE
from stress.scenarios.problem import Assets, Books, Cascade, Floats, Ints, Liquidity

CLASS_FACTOR = 2.0  # days of an asset over those of any other in its class, at most
MOST_ROWS = 3  # tiers per manager's book, on average


def days_at_cap(usd: Floats, allowance: Floats) -> Floats:
    """Days that trading all positions would take, (asset,); inf where nothing may be traded.

    Args:
        usd: (book, asset) absolute positions, of books that start at nothing at their largest.
        allowance: (asset,) USD a day that forced orders together may trade while depth is whole.
    """
    total = np.abs(usd).sum(axis=0)
    days = np.where(total > 0, np.inf, 0.0)
    np.divide(total, allowance, out=days, where=allowance > 0)
    return days


def liquidity_classes(usd: Floats, allowance: Floats, floor: float) -> Ints:
    """Class of each asset (asset,), 0 the thinnest; all 0 where one class serves.

    From the thinnest asset down, a class takes all that need at least half of its first one's days: no fewer classes
    keep to that factor. Assets whose positions could all be traded in a step even at the least depth can never hold up
    an order, and share a last class. Then neighbours are merged while the tiers would be too many, the pair first
    whose merging slows down least value: that of the more liquid of the two.

    Args:
        usd: see `days_at_cap`.
        allowance: likewise.
        floor: least depth multiplier over the steps of a day.
    """
    days = days_at_cap(usd, allowance)
    binding, free = np.flatnonzero(days > floor), np.flatnonzero((days > 0) & (days <= floor))
    classes, last, first = np.full(len(days), -1), -1, np.inf
    for asset in binding[np.argsort(-days[binding], kind="stable")]:
        if last < 0 or days[asset] < first / CLASS_FACTOR:
            last, first = last + 1, days[asset]
        classes[asset] = last
    classes[free] = last + 1
    classes[classes < 0] = classes.max(initial=0)  # held by nobody
    return _merged(np.abs(usd), classes)


def _merged(usd: Floats, classes: Ints) -> Ints:
    """Classes with neighbours merged until the tiers are few enough."""
    while classes.max(initial=0) > 0:
        value = np.stack([usd[:, classes == c].sum(axis=1) for c in range(int(classes.max()) + 1)], axis=1)
        held = value > 0  # (book, class)
        if np.maximum(held.sum(axis=1), 1).sum() <= MOST_ROWS * len(usd):
            break
        saved = (held[:, :-1] & held[:, 1:]).sum(axis=0)
        slowed = value[:, 1:].sum(axis=0)
        pair = min(range(len(saved)), key=lambda c: (saved[c] == 0, slowed[c], c))
        classes = np.where(classes > pair, classes - 1, classes)
    return classes


def under_cap(books: Books, assets: Assets, liquidity: Liquidity, cascade: Cascade, steps_per_day: int) -> Books:
    """Managers' books in the tiers that a cap on forced orders asks for; as they are where there is none."""
    if not (cascade.feedback and math.isfinite(cascade.max_participation)):
        return books
    traded = np.abs(books.shapes)
    if books.gamma is not None:  # a delta that is nothing today may be traded tomorrow
        traded = traded + MOVE * np.abs(books.gamma)
    usd = books.size[:, None] * traded[books.shape_of]
    classes = liquidity_classes(usd, cascade.max_participation * assets.adv, liquidity.floor / steps_per_day)
    return in_tiers(books, classes)


def in_tiers(books: Books, classes: Ints) -> Books:
    """Managers' books cut into tiers by the class of their assets (asset,); a book of one class stays as it is.

    Shapes are cut alike, so that books of one shape keep to common ones.
    """
    shapes: list[Floats] = []
    type_of_shape: list[int] = []
    gamma: list[Floats] = []
    theta: list[Floats] = []
    parts: list[list[tuple[int, int, float]]] = []  # of each shape: row of the new shape, class, share of its gross
    for row, (sizes, kind) in enumerate(zip(books.sizes, books.type_of_shape, strict=True)):
        present = np.unique(classes[sizes != 0]) if sizes.any() else classes[:1]
        parts.append([])
        for c in present:
            share = 1.0 if len(present) == 1 else float(sizes[classes == c].sum())
            parts[-1].append((len(shapes), int(c), share))
            for cut, whole in ((shapes, books.shapes), (gamma, books.gamma), (theta, books.theta)):
                if whole is not None:
                    cut.append(whole[row] if len(present) == 1 else np.where(classes == c, whole[row], 0.0) / share)
            type_of_shape.append(int(kind))
    rows = [(book, *part) for book, shape in enumerate(books.shape_of) for part in parts[shape]]
    manager, shape_of, tier, share_of = (np.array(column) for column in zip(*rows, strict=True))
    names = [
        f"{books.ids[b]} tier {c + 1}" if len(parts[books.shape_of[b]]) > 1 else books.ids[b] for b, _, c, _ in rows
    ]
    return replace(
        books,
        ids=tuple(names),
        fund_of=books.fund_of[manager],
        shape_of=shape_of,
        size=books.size[manager] * share_of,
        priority=books.priority[manager],
        shapes=np.array(shapes),
        type_of_shape=np.array(type_of_shape, dtype=np.int64),
        start_held=books.start_held[manager],
        manager_of=manager,
        tier=tier,
        tier_of_asset=classes,
        gamma=None if books.gamma is None else np.array(gamma),
        theta=None if books.theta is None else np.array(theta),
    )
