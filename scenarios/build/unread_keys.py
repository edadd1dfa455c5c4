"""Keys that no fund would read: each is an error, so that nothing written in a file is silently without effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.fields import Table
from stress.scenarios.build.fund_types import TypeOf
from stress.scenarios.schema.scenario import Scenario

# key, whether a fund reads it, what it needs; margin that is turned off as a whole may keep its keys
_MARGIN: tuple[tuple[str, Callable[[TypeOf], bool], str], ...] = (
    ("scenarios", lambda kind: kind.margin.method != "haircut", 'method = "portfolio"'),
    ("floor", lambda kind: kind.margin.method != "haircut", 'method = "portfolio"'),
    ("concentration", lambda kind: kind.margin.method != "portfolio", 'method = "haircut"'),
)
# a limit that is turned off by name may keep its keys
_TURNED_OFF = {
    "band": ("target_leverage", "target_vol"),
    "two_way": ("target_leverage",),
    "vol_band": ("target_vol",),
    "speed": ("target_vol",),
}
_TARGET = "target_leverage without max_leverage"
_TRIGGERS: tuple[tuple[str, Callable[[TypeOf], bool], str], ...] = (
    ("band", lambda kind: kind.triggers.has_target or kind.triggers.has_target_vol, f"{_TARGET}, or target_vol"),
    ("two_way", lambda kind: kind.triggers.has_target, _TARGET),
    ("vol_band", lambda kind: kind.triggers.has_target_vol, "target_vol"),
    ("speed", lambda kind: kind.triggers.has_target_vol, "target_vol"),
)


def check_unused(scenario: Scenario, types: Sequence[TypeOf]) -> None:
    """Refuse keys of margin and triggers that do nothing for their fund (in a common table: for any fund).

    Raises:
        ScenarioError: such a key, or terms of a broker that finances no fund.
    """
    for name, rules in (("margin", _MARGIN), ("triggers", _TRIGGERS)):
        for key, reads, needs in rules:
            for kind in types:
                _check(scenario, getattr(kind.fund, name), f"funds.{kind.fund.id}.{name}", key, reads(kind), needs)
            anyone = any(reads(kind) for kind in types)
            _check(scenario, getattr(scenario, name), name, key, anyone, needs)
    known = {broker for kind in types for broker in kind.fund.prime_brokers}
    for broker in scenario.prime_brokers:
        if broker not in known:
            raise ScenarioError(
                f"{broker!r} finances no fund",
                file=scenario.source,
                key=f"prime_brokers.{broker}",
                allowed=f"brokers named by the funds: {', '.join(sorted(known)) or 'there are none'}",
            )


def _check(scenario: Scenario, table: Table | None, place: str, key: str, read: bool, needs: str) -> None:
    if table is None or key not in table.model_fields_set or read:
        return
    if any(getattr(table, main, None) == "none" for main in _TURNED_OFF.get(key, ())):
        return
    value = getattr(table, key)
    raise ScenarioError(
        "is given, and nothing reads it",
        file=scenario.source,
        key=f"{place}.{key}",
        value=value.model_dump() if isinstance(value, Table) else value,
        allowed=f"this key together with {needs}",
    )
