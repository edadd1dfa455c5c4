"""What the file of positions says of each instrument: class, currency, sector, region, multiplier, volume, margin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stress.own_book.classes import BY_NAME, class_of
from stress.own_book.currencies import CODES, MINOR
from stress.own_book.data_report import LIMITS, READ, DataReport
from stress.own_book.read.headings import plain
from stress.own_book.read.positions import Position
from stress.own_book.read.sheet import Sheet
from stress.scenarios.errors import ScenarioError, refuse_all, suggest
from stress.scenarios.read.fields import ID_PATTERN

OF_AN_INSTRUMENT = ("asset_class", "currency", "sector", "region", "multiplier", "adv", "market_cap", "margin")
_STRANGE = re.compile(r"[\x00-\x1f\"\\,;=<>|\[\]{}\x7f-\xa0]+")
_LONGEST = 64
RESERVED = "system"  # of results: all funds together


def with_ids(positions: Sequence[Position], report: DataReport) -> list[Position]:
    """Positions whose funds and instruments have names that a scenario can have.

    Raises:
        ScenarioError: names that become one, or a fund that is called "system".
    """
    funds = _ids([p.fund for p in positions], "fund", report)
    names = _ids([p.instrument for p in positions], "instrument", report)
    if RESERVED in funds.values():
        raise ScenarioError(
            "is taken: results use it for all funds together",
            file="positions",
            key="fund",
            value=RESERVED,
            allowed="another name",
        )
    return [replace(p, fund=funds[p.fund], instrument=names[p.instrument]) for p in positions]


def _ids(names: Sequence[str], what: str, report: DataReport) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        written = " ".join(_STRANGE.sub(" ", name).split())[:_LONGEST].strip()
        written = written if re.match(ID_PATTERN, written) else f"_{written}"[:_LONGEST].strip()
        if written in found.values():
            other = next(key for key, value in found.items() if value == written)
            raise ScenarioError(
                f"would have the id of {other!r}",
                file="positions",
                key=what,
                value=name,
                allowed=f"names that differ in their first {_LONGEST} letters, digits and signs",
            )
        if written != name:
            report.add(READ, name, f"the {what} is called {written!r}")
        found[name] = written
    return found


def facts_of(sheet: Sheet, positions: Sequence[Position], report: DataReport) -> dict[str, dict[str, Any]]:
    """Facts by instrument, in the order of the file; a fact may stand in some of its rows only.

    Raises:
        ScenarioError: rows that say different things, an option, an unknown class or currency.
    """
    _refuse_options(sheet, positions)
    facts: dict[str, dict[str, Any]] = {}
    places: dict[tuple[str, str], str] = {}
    for position in positions:
        of = facts.setdefault(position.instrument, {})
        for key in OF_AN_INSTRUMENT:
            if key not in position.facts:
                continue
            told = position.facts[key]
            if of.setdefault(key, told) != told:
                raise ScenarioError(
                    f"{position.where}: {told!r}, and {of[key]!r} in {places[position.instrument, key]}",
                    file=sheet.name,
                    key=f"{position.instrument}.{key}",
                    allowed="one for each instrument",
                )
            places.setdefault((position.instrument, key), position.where)
    faults = []
    for name, of in facts.items():
        try:
            _check(sheet, name, of, report)
        except ScenarioError as fault:
            faults.append(fault)
    refuse_all(faults)
    return facts


def _refuse_options(sheet: Sheet, positions: Sequence[Position]) -> None:
    """An option without a delta has no price that says how it moves, and no other name's price does, either.

    Raises:
        ScenarioError: all of them.
    """
    options = {position.instrument: position for position in reversed(positions) if position.option_by}
    found = [
        ScenarioError(
            f"{of.where}: is an option, whose value does not move in proportion to a price",
            file=sheet.name,
            key=name,
            value=of.option_by,
            allowed="columns delta, gamma and theta in money, and the underlying; or its delta as a position in that",
        )
        for name, of in reversed(options.items())
    ]
    refuse_all(found)


def _check(sheet: Sheet, name: str, of: Mapping[str, Any], report: DataReport) -> None:
    called, code = of.get("asset_class", ""), of.get("currency", "")
    if class_of(name, called) is None:
        raise ScenarioError(
            "is no class", file=sheet.name, key=f"{name}.asset_class", value=called, allowed=suggest(called, BY_NAME)
        )
    if code and code not in MINOR and code.upper() not in CODES:
        raise ScenarioError(
            "is no currency",
            file=sheet.name,
            key=f"{name}.currency",
            value=code,
            allowed="a code such as EUR, JPY or GBX",
        )
    for key in ("multiplier", "adv", "market_cap", "margin"):
        if key in of and not of[key] > 0:
            raise ScenarioError(
                "is not positive", file=sheet.name, key=f"{name}.{key}", value=of[key], allowed="a number above zero"
            )
    if plain(called).startswith("fut") and "multiplier" not in of:
        what = "a future without a multiplier: quantities are units of what its price is for"
        report.add(LIMITS, name, what, rule=what)
