"""The fund side of a `Problem`: members in the order (type, member)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from stress.scenarios.build.fund_types import TypeOf
from stress.scenarios.build.margin import margin_fields
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.problem import Assets, Funds
from stress.scenarios.schema.scenario import Scenario


def build_funds(scenario: Scenario, assets: Assets, types: Sequence[TypeOf]) -> Funds:
    """Fund types and members.

    Raises:
        ScenarioError: ids that collide, a held asset without a margin rate, margin terms for unknown names.
    """
    brokers_file_order = tuple(dict.fromkeys(b for fund in scenario.funds for b in fund.prime_brokers))
    brokers = tuple(sorted(brokers_file_order))
    _check_ids(scenario, types)
    return Funds(
        types=tuple(kind.fund.id for kind in types),
        types_file_order=tuple(fund.id for fund in scenario.funds),
        strategy=tuple(kind.fund.strategy for kind in types),
        region=tuple(kind.fund.region for kind in types),
        ids=tuple(member for kind in types for member in kind.member_ids),
        type_of=np.array([t for t, kind in enumerate(types) for _ in kind.member_ids], dtype=np.int64),
        nav=np.concatenate([kind.member_nav for kind in types]),
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


def build_groups(scenario: Scenario, funds: Funds) -> dict[str, tuple[str, ...]]:
    """Fund types of each group, groups and types by id.

    Raises:
        ScenarioError: an unknown fund, one that a group names twice, a group with the id of a fund or of the system.
    """
    found, taken = {}, {*funds.types, *funds.ids, "system"}
    for group in sorted(scenario.groups, key=lambda group: group.id):
        key = f"groups.{group.id}"
        if group.id in taken:
            allowed = "an id that no fund and no member of one has, nor the whole system"
            raise ScenarioError("is taken", file=scenario.source, key=f"{key}.id", value=group.id, allowed=allowed)
        for name, uses in Counter(group.funds).items():
            if name not in funds.types:
                allowed = suggest(name, funds.types_file_order)
                raise ScenarioError("is no fund", file=scenario.source, key=f"{key}.funds", value=name, allowed=allowed)
            if uses > 1:
                problem, allowed = "stands there twice", "each fund once"
                raise ScenarioError(problem, file=scenario.source, key=f"{key}.funds", value=name, allowed=allowed)
        found[group.id] = tuple(sorted(group.funds))
    return found
