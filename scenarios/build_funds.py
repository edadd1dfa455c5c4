"""The fund side of a `Problem`: members in the order (type, member), books in the order (type, member, book)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.fund_types import TypeOf
from stress.scenarios.problem import Assets, Books, Floats, Funds
from stress.scenarios.schema import Scenario

_ROUNDING = 1e-9


def build_funds(scenario: Scenario, assets: Assets, types: Sequence[TypeOf]) -> Funds:
    """Fund types and members.

    Raises:
        ScenarioError: ids that collide, a held asset without a margin rate, rates for unknown names, a fund that
            starts in a margin call or above its leverage limit, a target that is not below the limit.
    """
    brokers_file_order = tuple(dict.fromkeys(b for fund in scenario.funds for b in fund.prime_brokers))
    brokers = tuple(sorted(brokers_file_order))
    ids = tuple(member for kind in types for member in kind.member_ids)
    uses = Counter(ids)
    for kind in types:
        for member in kind.member_ids:
            if uses[member] > 1:
                raise ScenarioError(
                    f"clashes with another fund: both have the member {member}",
                    file=scenario.source,
                    key=f"funds.{kind.fund.id}.id",
                    value=kind.fund.id,
                    allowed="another id",
                )
    rates = np.array([_rates(scenario, kind, assets) for kind in types])
    for kind, row in zip(types, rates, strict=True):
        _check_start(scenario, kind, row)
    limits = [_leverage_limit(scenario, kind, n) for kind in types for n in range(len(kind.member_ids))]
    members = [(t, n) for t, kind in enumerate(types) for n in range(len(kind.member_ids))]
    of = [types[t] for t, _ in members]
    return Funds(
        types=tuple(kind.fund.id for kind in types),
        types_file_order=tuple(fund.id for fund in scenario.funds),
        strategy=tuple(kind.fund.strategy for kind in types),
        region=tuple(kind.fund.region for kind in types),
        ids=ids,
        type_of=np.array([t for t, _ in members], dtype=np.int64),
        nav=np.concatenate([kind.member_nav for kind in types]),
        rates=rates,
        buffer=np.array([kind.margin.buffer for kind in of]),
        grace_steps=np.array([kind.margin.grace_steps for kind in of], dtype=np.int64),
        procyclicality=np.array([kind.margin.procyclicality for kind in of]),
        margin_cap=np.array([kind.margin.cap for kind in of]),
        lockup_steps=np.array([types[t].margin.lockup_steps[n] for t, n in members], dtype=np.int64),
        has_margin=np.array([kind.margin.present for kind in of], dtype=np.bool_),
        max_leverage=np.array([limit for limit, _ in limits]),
        target_leverage=np.array([target for _, target in limits]),
        cure_steps=np.array([kind.triggers.cure_steps for kind in of], dtype=np.int64),
        closeout_participation=np.array([kind.triggers.closeout_participation for kind in of]),
        brokers=brokers,
        brokers_file_order=brokers_file_order,
        broker_share=np.array([[kind.fund.prime_brokers.get(b, 0.0) for b in brokers] for kind in of]).reshape(
            len(of), len(brokers)
        ),
    )


def build_books(types: Sequence[TypeOf], assets: Assets, funds: Funds) -> Books:
    """Books; the members of a type hold the same shapes (type, book) in other sizes."""
    points = max([1, *(len(book.stop_loss) for kind in types for book in kind.books)])
    ids: list[str] = []
    rows: list[tuple[int, int, float, float, bool, list[list[float]]]] = []
    shapes: list[Floats] = []
    type_of_shape: list[int] = []
    first_member = 0
    for t, kind in enumerate(types):
        for n, (member, nav, multiple) in enumerate(
            zip(kind.member_ids, kind.member_nav, kind.member_scale, strict=True), start=first_member
        ):
            for b, book in enumerate(kind.books):
                on_fund = kind.triggers.scope == "fund" or book.share == 0
                size = float(np.abs(book.weights).sum() * nav * multiple)
                capital = float(nav if on_fund else book.share * nav)
                ids.append(f"{member}/{book.id}")
                rows.append((n, len(shapes) + b, size, capital, on_fund, book.stop_loss))
        first_member += len(kind.member_ids)
        for book in kind.books:
            total = np.abs(book.weights).sum()
            shapes.append(book.weights / total if total > 0 else np.zeros(len(assets.ids)))
            type_of_shape.append(t)
    drawdown = np.full((len(rows), points), np.inf)
    cut = np.zeros((len(rows), points))
    for row, (_, _, _, _, _, ladder) in enumerate(rows):
        if ladder:
            drawdown[row, : len(ladder)] = [point[0] for point in ladder]
            cut[row] = ladder[-1][1]
            cut[row, : len(ladder)] = [point[1] for point in ladder]
    return Books(
        ids=tuple(ids),
        fund_of=np.array([row[0] for row in rows], dtype=np.int64),
        shape_of=np.array([row[1] for row in rows], dtype=np.int64),
        size=np.array([row[2] for row in rows]),
        shapes=np.array(shapes),
        type_of_shape=np.array(type_of_shape, dtype=np.int64),
        capital=np.array([row[3] for row in rows]),
        ladder_on_fund=np.array([row[4] for row in rows], dtype=np.bool_),
        ladder_drawdown=drawdown,
        ladder_cut=cut,
    )


def _rates(scenario: Scenario, kind: TypeOf, assets: Assets) -> Floats:
    """Base rates (asset,) of a fund: its own by asset, by class, then the scenario's, then the asset's."""
    if not kind.margin.present:
        return np.zeros(len(assets.ids))
    tables = [
        (f"funds.{kind.fund.id}.margin.rates", kind.margin.own_rates),
        ("margin.rates", kind.margin.common_rates),
    ]
    known = {*assets.ids, *assets.asset_class}
    for key, table in tables:
        for name, rate in table.items():
            if name not in known:
                raise ScenarioError(
                    f"{name!r} is neither an asset nor the class of one",
                    file=scenario.source,
                    key=f"{key}.{name}",
                    value=rate,
                    allowed=suggest(name, sorted(known)),
                )
    held = np.any([book.weights != 0 for book in kind.books], axis=0)
    base = {asset.id: asset.margin for asset in scenario.assets}
    rates = np.zeros(len(assets.ids))
    for i, (asset, asset_class) in enumerate(zip(assets.ids, assets.asset_class, strict=True)):
        found = [table[name] for _, table in tables for name in (asset, asset_class) if name in table]
        applied = found[0] if found else base[asset]
        if applied is None and held[i]:
            raise ScenarioError(
                f"is missing, and {kind.fund.id} holds the asset on margin",
                file=scenario.source,
                key=f"assets.{asset}.margin",
                allowed="a margin rate here, or in the rates of [margin] or [funds.margin]",
            )
        rates[i] = applied or 0.0
    return rates


def requirement(weights: Floats, rates: Floats) -> float:
    """Haircut requirement of positions (asset,): `sum rate |w|`, the rate on longs capped at 1."""
    effective = np.where(weights > 0, np.minimum(rates, 1.0), rates)
    return float((effective * np.abs(weights)).sum())


def _check_start(scenario: Scenario, kind: TypeOf, rates: Floats) -> None:
    """Refuse a fund with a member whose requirement exceeds its equity at the start."""
    if not kind.margin.present:
        return
    needed = sum(requirement(book.weights, rates) for book in kind.books)
    worst = int(np.argmax(kind.member_scale))
    needed *= float(kind.member_scale[worst])
    if needed > 1 + _ROUNDING:
        highest = math.floor(kind.gross / needed * 1e4) / 1e4
        raise ScenarioError(
            f"{kind.member_ids[worst]} starts in a margin call: it needs {needed:.4g} of its NAV",
            file=scenario.source,
            key=f"funds.{kind.fund.id}.gross",
            value=round(kind.gross, 6),
            allowed=f"a gross of {highest:.4f} at most with these margin rates",
        )


def _leverage_limit(scenario: Scenario, kind: TypeOf, member: int) -> tuple[float, float]:
    """Limit and target of one member; without a limit (inf, its own start gross)."""
    start = kind.gross * float(kind.member_scale[member])
    limit, target = kind.triggers.max_leverage.at(start), kind.triggers.target_leverage.at(start)
    if not math.isfinite(limit) or start == 0:
        return math.inf, start
    key = f"funds.{kind.fund.id}.triggers"
    if start > limit + _ROUNDING:
        raise ScenarioError(
            f"{kind.member_ids[member]} starts above its limit, at a gross of {start:.6g}",
            file=scenario.source,
            key=f"{key}.max_leverage",
            value=limit,
            allowed=f"a limit of {start:.6g} or more",
        )
    if target >= limit:
        raise ScenarioError(
            f"is not below the limit of {limit:.6g} ({kind.member_ids[member]})",
            file=scenario.source,
            key=f"{key}.target_leverage",
            value=target,
            allowed=f"a target below {limit:.6g}",
        )
    return limit, target
