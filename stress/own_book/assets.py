"""The assets of the scenario: what is known of each, and what is assumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stress.own_book import assumptions
from stress.own_book.classes import EQUITY, FX, class_of, region_of
from stress.own_book.currencies import BASE
from stress.own_book.data_report import READ, Assumption, DataReport
from stress.own_book.read.side_files import Volume
from stress.own_book.settling import Settled
from stress.scenarios.library.counterparts import bare, sector_of_company

_US = {"united states", "usa", "u.s.", "us", "united states of america"}


def asset_rows(
    facts: Mapping[str, Mapping[str, Any]],
    currencies: list[str],
    held: Mapping[str, float],
    volumes: Mapping[str, Volume],
    usd_price: Callable[[str], float | None],
    settle: Settled,
    report: DataReport,
) -> list[dict[str, Any]]:
    """Rows of `assets.csv` without volatilities; what is assumed is in them too, and marked in `assumed`.

    Args:
        facts: of the file of positions, by instrument.
        currencies: that positions are held in.
        held: USD that all funds hold of an asset together.
        volumes: by instrument, as `--volumes` gives them.
        usd_price: last price of an instrument in USD.
        settle: takes assumptions.
        report: takes the lines.
    """
    rows = []
    for name, of in facts.items():
        kind = class_of(name, of.get("asset_class", ""))
        assert kind is not None  # see `facts_of`
        row: dict[str, Any] = {"id": name, "asset_class": kind.asset_class, "in_net": True, "assumed": set()}
        if kind.grade != "A":
            told = Assumption(
                assumptions.key_of("assets", name, "asset_class"), kind.asset_class, kind.rule, kind.grade, "the ticker"
            )
            row["asset_class"] = str(settle(told))
            row["assumed"].add("asset_class")
        region = of.get("region") or region_of(name)
        row["region"] = "us" if region.lower() in _US else region.lower()
        row["sector"] = of.get("sector") or _sector(row, settle)
        _put(row, "adv", _given_volume(name, of, volumes, usd_price, report), settle, held.get(name, 0.0), of)
        _put(row, "margin", of.get("margin"), settle, 0.0, of)
        rows.append(row)
    by_ticker = sum(bool(row["region"]) and not facts[row["id"]].get("region") for row in rows)
    if by_ticker:
        report.add(READ, "region", f"of {by_ticker} instruments by the exchange in their ticker")
    for code in currencies:
        row = {"id": f"{code}{BASE}", "asset_class": FX, "in_net": False, "assumed": set(), "region": "", "sector": ""}
        _put(row, "adv", None, settle, 0.0, {}, code)
        _put(row, "margin", None, settle, 0.0, {})
        rows.append(row)
    return rows


def _sector(row: dict[str, Any], settle: Settled) -> str:
    """The sector of a large US share by its ticker, as an assumption; "" of the others."""
    sector = sector_of_company(row["id"])
    if row["asset_class"] != EQUITY or not sector:
        return ""
    row["assumed"].add("sector")
    key = assumptions.key_of("assets", row["id"], "sector")
    return str(settle(Assumption(key, sector, f"GICS of {bare(row['id'])}", "C", "MSCI, S&P")))


def _given_volume(
    name: str,
    of: Mapping[str, Any],
    volumes: Mapping[str, Volume],
    usd_price: Callable[[str], float | None],
    report: DataReport,
) -> float | None:
    volume = volumes.get(name)
    if volume is None:
        return of.get("adv")
    if not volume.in_shares:
        report.add(READ, name, f"volume {volume.rule}", rule="volumes given in USD")
        return volume.amount
    price = usd_price(name)
    if price is None:
        return of.get("adv")
    report.add(
        READ, name, f"volume {volume.rule}, times the last price", rule="volumes given in shares, times the last price"
    )
    return volume.amount * price


def _put(
    row: dict[str, Any],
    key: str,
    given: float | None,
    settle: Settled,
    held: float,
    of: Mapping[str, Any],
    code: str = "",
) -> None:
    """The given number, or the assumed one."""
    if given is not None:
        row[key] = given
        return
    if key == "adv":
        found = assumptions.volume(code or row["id"], row["asset_class"], held, of.get("market_cap"))
    else:
        found = assumptions.margin(row["asset_class"])
    told = Assumption(assumptions.key_of("assets", row["id"], key), found.value, found.rule, found.grade, found.source)
    row[key] = settle.number(told)
    row["assumed"].add(key)
