"""The fund side of a `Problem`: members in the order (type, member)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from stress.scenarios.build.margin import ROUNDING, margin_fields
from stress.scenarios.errors import ScenarioError
from stress.scenarios.build.fund_types import TypeOf
from stress.scenarios.problem import Assets, Funds
from stress.scenarios.schema.scenario import Scenario


def build_funds(scenario: Scenario, assets: Assets, types: Sequence[TypeOf]) -> Funds:
    """Fund types and members.

    Raises:
        ScenarioError: ids that collide, a held asset without a margin rate, margin terms for unknown names, a fund
            that starts above its leverage limit or off its own target, a target that is not below the limit.
    """
    brokers_file_order = tuple(dict.fromkeys(b for fund in scenario.funds for b in fund.prime_brokers))
    brokers = tuple(sorted(brokers_file_order))
    _check_ids(scenario, types)
    members = [(kind, n) for kind in types for n in range(len(kind.member_ids))]
    limits = np.array([_leverage_limit(scenario, kind, n) for kind, n in members])
    of = [kind for kind, _ in members]
    return Funds(
        types=tuple(kind.fund.id for kind in types),
        types_file_order=tuple(fund.id for fund in scenario.funds),
        strategy=tuple(kind.fund.strategy for kind in types),
        region=tuple(kind.fund.region for kind in types),
        ids=tuple(member for kind in types for member in kind.member_ids),
        type_of=np.array([t for t, kind in enumerate(types) for _ in kind.member_ids], dtype=np.int64),
        nav=np.concatenate([kind.member_nav for kind in types]),
        max_leverage=limits[:, 0],
        target_leverage=limits[:, 1],
        leverage_target=np.array([_own_target(scenario, kind, n) for kind, n in members]),
        leverage_band=np.array([kind.triggers.band for kind in of]),
        two_way=np.array([kind.triggers.two_way and kind.triggers.has_target for kind in of], dtype=np.bool_),
        cure_steps=np.array([kind.triggers.cure_steps for kind in of], dtype=np.int64),
        closeout_participation=np.array([kind.triggers.closeout_participation for kind in of]),
        brokers=brokers,
        brokers_file_order=brokers_file_order,
        **margin_fields(scenario, types, assets, brokers),
    )


def _check_ids(scenario: Scenario, types: Sequence[TypeOf]) -> None:
    uses = Counter(member for kind in types for member in kind.member_ids)
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


def _leverage_limit(scenario: Scenario, kind: TypeOf, member: int) -> tuple[float, float]:
    """The broker's limit and target for one member; without a limit (inf, its own start gross)."""
    start = kind.gross * float(kind.member_scale[member])
    limit, target = kind.triggers.max_leverage.at(start), kind.triggers.target_leverage.at(start)
    if not math.isfinite(limit) or start == 0:
        return math.inf, start
    key = f"funds.{kind.fund.id}.triggers"
    if start > limit + ROUNDING:
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


def _own_target(scenario: Scenario, kind: TypeOf, member: int) -> float:
    """The gross that a member keeps to of itself, as a multiple of its equity; inf without one."""
    start = kind.gross * float(kind.member_scale[member])
    target, band = kind.triggers.own_target.at(start), kind.triggers.band
    if not kind.triggers.has_target or target == 0:
        return math.inf
    if abs(start / target - 1.0) > band + ROUNDING:
        highest = f"{start / (1.0 - band):.6g}" if band < 1 else "any number"
        raise ScenarioError(
            f"{kind.member_ids[member]} starts off its own target, at a gross of {start:.6g}",
            file=scenario.source,
            key=f"funds.{kind.fund.id}.triggers.target_leverage",
            value=target,
            allowed=f"a target from {start / (1.0 + band):.6g} to {highest} (its gross within the band of {band:.6g})",
        )
    return target
