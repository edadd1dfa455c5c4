"""Margin rates, financing lines and shock vectors of the members of fund types, and the check of the start."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stress.scenarios.build.fund_types import TypeOf
from stress.scenarios.build.requirement import requirement, start_positions
from stress.scenarios.convexity import start_options
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.problem import ROUNDING, Assets, Books, Floats, Funds
from stress.scenarios.schema.scenario import Scenario

_SHARES = 1e-6
_HALVINGS = 60


def by_asset_or_class(
    scenario: Scenario, table: Mapping[str, float], key: str, assets: Assets
) -> tuple[float | None, ...]:
    """The entry for each asset (asset,): by id, else by class, else None.

    Raises:
        ScenarioError: a name that is neither.
    """
    known = {*assets.ids, *assets.asset_class}
    for name, value in table.items():
        if name not in known:
            raise ScenarioError(
                f"{name!r} is neither an asset nor the class of one",
                file=scenario.source,
                key=f"{key}.{name}",
                value=value,
                allowed=suggest(name, sorted(known)),
            )
    pairs = zip(assets.ids, assets.asset_class, strict=True)
    return tuple(table.get(asset, table.get(asset_class)) for asset, asset_class in pairs)


def type_rates(scenario: Scenario, kind: TypeOf, assets: Assets, scale: float = 1.0) -> Floats:
    """Margin rates (member, asset) of a fund type, with the add-on for concentration where positions are `scale` times.

    The add-on is `per_day max(0, days - above_days)`, days being the member's net position over its books at the start
    in days of volume.

    Raises:
        ScenarioError: rates for unknown names, a held asset without a rate.
    """
    members = len(kind.member_ids)
    rates = np.tile(_base_rates(scenario, kind, assets), (members, 1))
    extra = kind.margin.concentration
    if extra is None or kind.margin.method != "haircut":
        return rates
    nets = np.array([sum((b.weights for b in books if not b.empty), 0.0 * assets.adv) for books in kind.styles])
    size = kind.member_nav * kind.member_scale * scale
    days = np.abs(nets[list(kind.style_of)]) * size[:, None] / assets.adv
    added: Floats = rates + extra.per_day * np.maximum(days - extra.above_days, 0.0)
    return added


def _base_rates(scenario: Scenario, kind: TypeOf, assets: Assets) -> Floats:
    """Base rates (asset,) of a fund: its own by asset, by class, then the scenario's, then the asset's."""
    if not kind.margin.present:
        return np.zeros(len(assets.ids))
    own = by_asset_or_class(scenario, kind.margin.own_rates, f"funds.{kind.fund.id}.margin.rates", assets)
    common = by_asset_or_class(scenario, kind.margin.common_rates, "margin.rates", assets)
    held = np.any([book.weights != 0 for book in kind.books], axis=0)
    base = {asset.id: asset.margin for asset in scenario.assets}
    rates = np.zeros(len(assets.ids))
    for i, asset in enumerate(assets.ids):
        found = [rate for rate in (own[i], common[i], base[asset]) if rate is not None]
        if not found and held[i] and kind.margin.method == "haircut":
            raise ScenarioError(
                f"is missing, and {kind.fund.id} holds the asset on margin",
                file=scenario.source,
                key=f"assets.{asset}.margin",
                allowed="a margin rate here, or in the rates of [margin] or [funds.margin]",
            )
        rates[i] = found[0] if found else 0.0
    return rates


def type_moves(scenario: Scenario, kind: TypeOf, assets: Assets) -> Floats:
    """Shock vectors (case, asset) of portfolio margin, simple returns, sorted; none for a fund on another method.

    Raises:
        ScenarioError: no case, or one that moves an unknown name.
    """
    margin = kind.margin
    if margin.method != "portfolio":
        return np.zeros((0, len(assets.ids)))
    if not margin.scenarios:
        raise ScenarioError(
            f"is missing, and {kind.fund.id} is on portfolio margin",
            file=scenario.source,
            key=margin.scenarios_key,
            value=margin.scenarios,
            allowed='at least one table of moves by asset id or asset class, such as { equity = "-15 %" }',
        )
    cases = [
        by_asset_or_class(scenario, moves, f"{margin.scenarios_key}[{case}]", assets)
        for case, moves in enumerate(margin.scenarios)
    ]
    return np.array(sorted([move or 0.0 for move in case] for case in cases))


def margin_fields(
    scenario: Scenario, types: Sequence[TypeOf], assets: Assets, brokers: Sequence[str]
) -> dict[str, Any]:
    """The fields of `Funds` that margin sets; lines are brokers and, last, what no broker finances."""
    of = [kind for kind in types for _ in kind.member_ids]
    share = np.array([[kind.fund.prime_brokers.get(b, 0.0) for b in brokers] for kind in of])
    share = share.reshape(len(of), len(brokers))
    terms = [[kind.margin.line(scenario.prime_brokers.get(b)) for b in (*brokers, "")] for kind in types]
    lines = np.array([line for kind, line in zip(types, terms, strict=True) for _ in kind.member_ids], np.float64)
    cases = [type_moves(scenario, kind, assets) for kind in types]
    moves = np.zeros((len(types), max(len(case) for case in cases), len(assets.ids)))
    for t, case in enumerate(cases):
        moves[t, : len(case)] = case
    index = [t for t, kind in enumerate(types) for _ in kind.member_ids]
    on_portfolio = np.array([kind.margin.method == "portfolio" for kind in of], dtype=np.bool_)
    return {
        "rates": np.concatenate([type_rates(scenario, kind, assets) for kind in types]),
        "buffer": np.array([kind.margin.buffer for kind in of]),
        "grace_steps": np.array([kind.margin.grace_steps for kind in of], dtype=np.int64),
        "lockup_steps": np.array([steps for kind in types for steps in kind.margin.lockup_steps], dtype=np.int64),
        "has_margin": np.array([kind.margin.present for kind in of], dtype=np.bool_),
        "broker_share": share,
        "line_share": _line_share(share),
        "rate_factor": lines[:, :, 0],
        "procyclicality": lines[:, :, 1],
        "margin_cap": lines[:, :, 2],
        "hike_level": lines[:, :, 3],
        "hike_size": lines[:, :, 4],
        "portfolio": on_portfolio,
        "portfolio_moves": moves[index],
        "portfolio_floor": np.where(on_portfolio, [kind.margin.floor for kind in of], 0.0),
    }


def _line_share(share: Floats) -> Floats:
    """Shares (member, line) that sum to 1; what brokers' shares lack by rounding makes no line of its own."""
    total = share.sum(axis=1, keepdims=True)
    financed = total > 1.0 - 2 * _SHARES
    of_brokers = np.divide(share, total, out=share.copy(), where=financed)
    return np.column_stack([of_brokers, np.where(financed, 0.0, 1.0 - total)])


def check_start(scenario: Scenario, types: Sequence[TypeOf], assets: Assets, funds: Funds, books: Books) -> None:
    """Refuse fund types with a member whose requirement exceeds its equity at the start, unless its terms allow it.

    Raises:
        ScenarioError: such types; names the highest gross of each that is feasible.
    """
    positions, options = start_positions(books), start_options(books)
    gamma = None if options is None else options.gamma
    needed = requirement(funds, assets, books.fund_of, positions, gamma) / funds.nav
    found: list[tuple[TypeOf, int, float]] = []
    for t, kind in enumerate(types):
        rows = np.flatnonzero(funds.type_of == t)
        worst = int(rows[needed[rows].argmax()])
        if needed[worst] <= 1 + ROUNDING or kind.margin.allow_start_in_call:
            continue

        def feasible(scale: float, kind: TypeOf = kind, rows: Any = rows) -> bool:
            rates = funds.rates.copy()
            rates[rows] = type_rates(scenario, kind, assets, scale)
            curved = None if gamma is None else scale * gamma
            scaled = requirement(replace(funds, rates=rates), assets, books.fund_of, scale * positions, curved)
            return bool((scaled[rows] <= funds.nav[rows] * (1 + ROUNDING)).all())

        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if feasible(middle) else (low, middle)
        found.append((kind, worst, math.floor(kind.gross * low * 1e4) / 1e4))
    if not found:
        return
    kind, worst, highest = found[0]
    others = "".join(
        f"; so does {funds.ids[row]}, which needs {needed[row]:.4g} (gross {other.gross:.6g}; {most:.4f} at most)"
        for other, row, most in found[1:]
    )
    raise ScenarioError(
        f"{funds.ids[worst]} starts in a margin call: it needs {needed[worst]:.4g} of its NAV{others}",
        file=scenario.source,
        key=f"funds.{kind.fund.id}.gross",
        value=round(kind.gross, 6),
        allowed=f"a gross of {highest:.4f} at most with these margin rates, or allow_start_in_call = true in "
        "its margin",
    )
