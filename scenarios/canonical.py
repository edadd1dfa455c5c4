"""The scenario as one JSON document: files inlined, defaults filled in, entries sorted by id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from stress.scenarios.build.correlation import read_matrix
from stress.scenarios.build.fund_types import BookOf, TypeOf
from stress.scenarios.build.margin import type_moves
from stress.scenarios.build.terms import TriggersOf
from stress.scenarios.problem import Assets, Floats, Retail
from stress.scenarios.read import units
from stress.scenarios.read.fields import Table
from stress.scenarios.schema.impact import KEYS_OF_LAW, Impact
from stress.scenarios.schema.margin import MarginTerms
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.schema.triggers import FundTriggers


def canonical_document(scenario: Scenario, assets: Assets, types: Sequence[TypeOf], retail: Retail) -> dict[str, Any]:
    """A document of the scenario file's form that needs no other file and does not depend on the order of the file.

    Positions are multiples of NAV as written (before they are scaled to `gross`), each fund carries its own margin
    terms and triggers in full, and matrices are rows in the order of the ids.
    """
    document: dict[str, Any] = {
        "schema": scenario.schema_version,
        "name": scenario.name,
        "title": scenario.title,
        "description": scenario.description,
        "sources": list(scenario.sources),
        "horizon": _plain(scenario.horizon),
        "assets": _assets(scenario, assets),
        "funds": [_fund(scenario, kind, assets) for kind in types],
        "cascade": _plain(scenario.cascade),
        "estimation": _plain(scenario.estimation),
    }
    for name in ("liquidity", "retail"):
        table = getattr(scenario, name)
        if table is not None:
            document[name] = _plain(table)
    if scenario.impact is not None:
        document["impact"] = _impact(scenario.impact)
    crowds = {kind.fund.id: _plain(kind.crowd) | {"styles": kind.crowd.distinct} for kind in types if kind.crowd}
    brokers = {name: _plain(terms) for name, terms in scenario.prime_brokers.items()}
    document |= {key: table for key, table in (("crowding", crowds), ("prime_brokers", brokers)) if table}
    if scenario.retail is not None and scenario.retail.weights is None:
        document["retail"]["weights"] = _by_asset(retail.weights, assets)
    if scenario.correlation is not None:
        document["correlation"] = _correlation(scenario, assets)
    if scenario.shocks is not None:
        document["shocks"] = _shocks(scenario)
    if scenario.triggers is not None and scenario.triggers.max_participation is not None:
        document["triggers"] = {"max_participation": scenario.triggers.max_participation}
    result: dict[str, Any] = _sorted(document)
    return result


def digest(document: dict[str, Any]) -> str:
    """sha256 of a canonical document: the same for files that differ in order, comments or units only."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def filled_defaults(scenario: Scenario) -> tuple[str, ...]:
    """Dotted keys, in tables the scenario uses, that were left to a default that matters."""
    filled: list[str] = []
    for name in ("horizon", "shocks", "margin", "triggers", "impact", "liquidity", "retail", "cascade", "estimation"):
        filled += _unset(name, getattr(scenario, name))
    for fund_id, crowd in scenario.crowding.items():
        filled += _unset(f"crowding.{fund_id}", crowd)
    for broker, terms in scenario.prime_brokers.items():
        filled += _unset(f"prime_brokers.{broker}", terms)
    for fund in scenario.funds:
        if scenario.margin is None:
            filled += _unset(f"funds.{fund.id}.margin", fund.margin)
        if scenario.triggers is None:
            filled += _unset(f"funds.{fund.id}.triggers", fund.triggers)
    return tuple(sorted(filled))


def _unset(name: str, table: Table | None) -> list[str]:
    if table is None:
        return []
    derived = {"target_leverage", "weights", "styles"}  # None stands for a default worked out from other keys
    if isinstance(table, MarginTerms):
        derived |= {"cap"}
    keys = []
    for field, info in type(table).model_fields.items():
        key, value = info.alias or field, getattr(table, field)
        if field in table.model_fields_set or value in ([], {}) or (value is None and key not in derived):
            continue
        if not _matters(table, key):
            continue
        keys.append(f"{name}.{key}")
    return keys


def _matters(table: Table, key: str) -> bool:
    """Whether a key left to its default has any effect, given the rest of its table."""
    if isinstance(table, FundTriggers):
        limited = table.max_leverage not in (None, "none")
        needs = {
            "target_leverage": limited,
            "two_way": not limited and table.target_leverage not in (None, "none"),
            "speed": table.target_vol not in (None, "none"),
        }
        return needs.get(key, True)
    if isinstance(table, MarginTerms):
        return key != "floor" or table.method == "portfolio"
    if isinstance(table, Impact):
        return all(key not in keys for law, keys in KEYS_OF_LAW.items() if law != table.law)
    return key != "dof" or getattr(table, "model", None) == "student_t"


def _plain(table: Table) -> dict[str, Any]:
    return table.model_dump(mode="json", by_alias=True, exclude_none=True)


def _sorted(value: Any) -> Any:
    """Tables in the order of their keys, so that the text of the document is stable."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _by_asset(values: Floats, assets: Assets) -> dict[str, float]:
    return {asset: float(value) for asset, value in zip(assets.ids, values, strict=True) if value != 0}


def _assets(scenario: Scenario, assets: Assets) -> list[dict[str, Any]]:
    plain = {asset.id: _plain(asset) for asset in scenario.assets}
    for i, asset in enumerate(assets.ids):
        plain[asset] |= {
            "name": assets.names[i],
            "shock_vol": float(assets.shock_vol[i]),
            "impact_vol": float(assets.impact_vol[i]),
        }
    return [plain[asset] for asset in assets.ids]


def _correlation(scenario: Scenario, assets: Assets) -> dict[str, Any]:
    table = scenario.correlation
    if table is None:
        return {}
    document: dict[str, Any] = {"repair": table.repair}
    if table.constant is not None:
        document["constant"] = table.constant
    if table.matrix is not None:
        matrix = read_matrix(table.matrix, "correlation.matrix", assets.ids, assets.file_order, scenario.files)
        document["matrix"] = matrix.tolist()
    if table.blend is not None:
        key = "correlation.blend.matrix"
        matrix = read_matrix(table.blend.matrix, key, assets.ids, assets.file_order, scenario.files)
        document["blend"] = {"matrix": matrix.tolist(), "weight": table.blend.weight}
    return document


def _shocks(scenario: Scenario) -> dict[str, Any]:
    """Entries of the script that share a step are merged, so that their order in the file does not matter."""
    if scenario.shocks is None:
        return {}
    script: dict[int, dict[str, float]] = {}
    for entry in scenario.shocks.script:
        script.setdefault(entry.step, {}).update(entry.moves)
    return _plain(scenario.shocks) | {"script": [{"step": step, "moves": script[step]} for step in sorted(script)]}


def _fund(scenario: Scenario, kind: TypeOf, assets: Assets) -> dict[str, Any]:
    fund = kind.fund
    document = fund.model_dump(mode="json", exclude_none=True, exclude={"books", "positions", "margin", "triggers"})
    if fund.books is None:
        document["positions"] = _by_asset(kind.books[0].written, assets)
    else:
        document["books"] = [_book(book, assets) for book in kind.books]
    if kind.margin.written:
        document["margin"] = _margin(scenario, kind, assets)
    if kind.triggers.written:
        document["triggers"] = _triggers(kind.triggers)
    return document


def _book(book: BookOf, assets: Assets) -> dict[str, Any]:
    document: dict[str, Any] = {"id": book.id, "positions": _by_asset(book.written, assets)}
    if book.overlay:
        document["overlay"] = [list(point) for point in book.overlay]
    else:
        document |= {"share": book.share, "stop_loss": book.stop_loss}
    return document if book.priority is None else document | {"priority": book.priority}


def _margin(scenario: Scenario, kind: TypeOf, assets: Assets) -> dict[str, Any]:
    margin = kind.margin
    # by asset before by class, the fund's own before the scenario's, as when rates are looked up
    rates = {}
    for asset, asset_class in zip(assets.ids, assets.asset_class, strict=True):
        found = [
            table[n] for table in (margin.own_rates, margin.common_rates) for n in (asset, asset_class) if n in table
        ]
        if found:
            rates[asset] = found[0]
    document = {
        "method": margin.method,
        "buffer": margin.buffer,
        "grace_steps": margin.grace_steps,
        "procyclicality": margin.procyclicality,
        "lockup_steps": list(margin.lockup_steps) if kind.crowd is None else margin.lockup_steps[0],
        "rates": rates,
    }
    # with a broker's own procyclicality the default of the cap is worked out from that one
    brokers = [scenario.prime_brokers.get(broker) for broker in kind.fund.prime_brokers]
    if margin.written_cap is not None or all(terms is None or terms.procyclicality is None for terms in brokers):
        document["cap"] = margin.cap
    if margin.hike is not None:
        document["hike"] = _plain(margin.hike)
    if margin.concentration is not None and margin.method == "haircut":
        document["concentration"] = _plain(margin.concentration)
    if margin.method == "portfolio":
        cases = type_moves(scenario, kind, assets)
        document |= {"floor": margin.floor, "scenarios": [_case(moves, assets) for moves in cases]}
    return document


def _case(moves: Floats, assets: Assets) -> dict[str, float]:
    """A shock vector by asset; one that moves nothing keeps one asset, as an empty one would be an error."""
    return _by_asset(moves, assets) or {assets.ids[0]: 0.0}


def _triggers(triggers: TriggersOf) -> dict[str, Any]:
    document: dict[str, Any] = {
        "max_leverage": _leverage(triggers.max_leverage),
        "stop_loss": triggers.stop_loss,
        "scope": triggers.scope,
        "cure_steps": triggers.cure_steps,
        "closeout_participation": triggers.closeout_participation,
    }
    if document["max_leverage"] != "none":
        document["target_leverage"] = _leverage(triggers.target_leverage)
    if triggers.has_target:
        target = _leverage(triggers.own_target)
        document |= {"target_leverage": target, "band": triggers.band, "two_way": triggers.two_way}
    if triggers.has_target_vol:
        target = _leverage(triggers.target_vol)
        document |= {"target_vol": target, "vol_band": triggers.vol_band, "speed": triggers.speed}
    return document


def _impact(table: Impact) -> dict[str, Any]:
    """The table without the parameters of other laws; with law "none" those that were written stay."""
    document = _plain(table)
    for law, keys in KEYS_OF_LAW.items():
        for key in keys:
            if law != table.law and (table.law != "none" or key not in table.given):
                document.pop(key, None)
    return document


def _leverage(level: units.Leverage | units.Volatility) -> float | str:
    if level.value == float("inf"):
        return "none"
    return f"{level.value!r} x start" if level.relative else level.value
