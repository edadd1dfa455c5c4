"""Keys that no fund would read: each is an error, so that nothing written in a file is silently without effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from stress.scenarios.build.fund_types import TypeOf
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.fields import Table
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.triggers.registry import TABLES

# key, whether a fund reads it, what it needs; margin that is turned off as a whole may keep its keys
_MARGIN: tuple[tuple[str, Callable[[TypeOf], bool], str], ...] = (
    ("scenarios", lambda kind: kind.margin.method != "haircut", 'method = "portfolio"'),
    ("floor", lambda kind: kind.margin.method != "haircut", 'method = "portfolio"'),
    ("concentration", lambda kind: kind.margin.method != "portfolio", 'method = "haircut"'),
)


def check_unused(scenario: Scenario, types: Sequence[TypeOf]) -> None:
    """Refuse keys of margin and triggers that do nothing for their fund (in a common table: for any fund).

    Raises:
        ScenarioError: such a key, or terms of a broker that finances no fund.
    """
    for key, reads, needs in _MARGIN:
        for kind in types:
            _check(scenario, kind.fund.margin, f"funds.{kind.fund.id}.margin", key, reads(kind), needs)
        _check(scenario, scenario.margin, "margin", key, any(reads(kind) for kind in types), needs)
    _check_triggers(scenario, types)
    known = {broker for kind in types for broker in kind.fund.prime_brokers}
    for broker in scenario.prime_brokers:
        if broker not in known:
            raise ScenarioError(
                f"{broker!r} finances no fund",
                file=scenario.source,
                key=f"prime_brokers.{broker}",
                allowed=f"brokers named by the funds: {', '.join(sorted(known)) or 'there are none'}",
            )


def _check_triggers(scenario: Scenario, types: Sequence[TypeOf]) -> None:
    """A key that several triggers read is used where one of them does."""
    by_type = [[rule for table in TABLES.values() for rule in table.rules(kind.triggers.terms)] for kind in types]
    for key in dict.fromkeys(rule.key for rules in by_type for rule in rules):
        of_key = [[rule for rule in rules if rule.key == key] for rules in by_type]
        needs = ", or ".join(sorted({rule.needs for rules in of_key for rule in rules}))
        main = {rule.main for rules in of_key for rule in rules}
        read = [any(rule.read for rule in rules) for rules in of_key]
        for kind, used in zip(types, read, strict=True):
            _check(scenario, kind.fund.triggers, f"funds.{kind.fund.id}.triggers", key, used, needs, main)
        _check(scenario, scenario.triggers, "triggers", key, any(read), needs, main)


def _check(
    scenario: Scenario, table: Table | None, place: str, key: str, read: bool, needs: str, main: Iterable[str] = ()
) -> None:
    """Refuse a key that is set and not read, unless a main key beside it is turned off by name."""
    if table is None or key not in table.model_fields_set or read:
        return
    if any(getattr(table, name, None) == "none" for name in main):
        return
    value = getattr(table, key)
    raise ScenarioError(
        "is given, and nothing reads it",
        file=scenario.source,
        key=f"{place}.{key}",
        value=value.model_dump() if isinstance(value, Table) else value,
        allowed=f"this key together with {needs}",
    )
