"""The scenario as one JSON document: files inlined, defaults filled in, entries sorted by id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stress.scenarios.build.correlation import MatrixInput, read_matrix
from stress.scenarios.build.fund_types import BookOf, TypeOf
from stress.scenarios.build.margin import type_moves
from stress.scenarios.build.terms import TriggersOf
from stress.scenarios.impact.registry import LAWS
from stress.scenarios.outside.registry import TABLES as OUTSIDE
from stress.scenarios.problem import Assets, Floats
from stress.scenarios.read.days import in_days
from stress.scenarios.read.fields import Table
from stress.scenarios.schema.impact import Impact
from stress.scenarios.schema.margin import MarginTerms
from stress.scenarios.schema.market import Shocks
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.shocks.loadings import read_loadings
from stress.scenarios.shocks.registry import TABLES as MODELS
from stress.scenarios.triggers.registry import TABLES as TRIGGERS

_OWN = ("books", "positions", "gamma", "theta", "margin", "triggers")  # of a fund, written by functions of their own


def canonical_document(
    scenario: Scenario,
    assets: Assets,
    types: Sequence[TypeOf],
    outside: Mapping[str, Any],
    shock_model: Mapping[str, Any],
) -> dict[str, Any]:
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
    if scenario.liquidity is not None:
        document["liquidity"] = _plain(scenario.liquidity)
    for name, record in outside.items():
        table = getattr(scenario, name)
        document[name] = _plain(table) | OUTSIDE[name].document(table, record, assets)
    if scenario.impact is not None:
        document["impact"] = _impact(scenario.impact)
    crowds = {kind.fund.id: _plain(kind.crowd) | {"styles": kind.crowd.distinct} for kind in types if kind.crowd}
    brokers = {name: _plain(terms) for name, terms in scenario.prime_brokers.items()}
    document |= {key: table for key, table in (("crowding", crowds), ("prime_brokers", brokers)) if table}
    if scenario.groups:
        groups = {group.id: sorted(group.funds) for group in scenario.groups}
        document["groups"] = [{"id": name, "funds": groups[name]} for name in sorted(groups)]
    if scenario.correlation is not None:
        document["correlation"] = _correlation(scenario, assets)
    if scenario.shocks is not None:
        document["shocks"] = _shocks(scenario, shock_model)
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
    tables = ("horizon", "shocks", "margin", "triggers", "impact", "liquidity", "cascade", "estimation")
    for name in (*tables, *OUTSIDE):
        filled += _unset(name, getattr(scenario, name, None))
    if scenario.shocks is not None:
        filled += _unset(f"shocks.{scenario.shocks.model}", scenario.shocks.own_table())
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
    derived = {"target_leverage", "weights", "styles", "question"}  # None: a default worked out from other keys
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
    of_triggers = {name for trigger in TRIGGERS.values() if trigger.keys for name in trigger.keys.model_fields}
    if of_triggers <= set(type(table).model_fields):
        values = {name: getattr(table, name) for name in of_triggers}
        return all(trigger.matters(values).get(key, True) for trigger in TRIGGERS.values())
    if isinstance(table, MarginTerms):
        return key != "allow_start_in_call" and (key != "floor" or table.method == "portfolio")
    if isinstance(table, Impact):
        return all(key not in law.keys.written_keys() for name, law in LAWS.items() if name != table.law)
    if isinstance(table, Shocks):
        return key not in MODELS and (key != "dof" or MODELS[table.model].fat(table.own_table()))
    return True


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
    if table.factor is not None:
        loadings = read_loadings(table.factor, "correlation.factor", assets.ids, scenario.files)
        rows = (dict(zip(loadings.names, row, strict=True)) for row in loadings.weights.tolist())
        document["factor"] = dict(zip(assets.ids, rows, strict=True))
    if table.matrix is not None:
        document["matrix"] = _matrix(scenario, assets, table.matrix, "correlation.matrix")
    if table.blend is not None:
        matrix = _matrix(scenario, assets, table.blend.matrix, "correlation.blend.matrix")
        document["blend"] = {"matrix": matrix, "weight": table.blend.weight}
    return document


def _matrix(scenario: Scenario, assets: Assets, source: MatrixInput, key: str) -> Any:
    """Rows in the order of ids; without assets with loadings where all of these draw independently."""
    matrix = read_matrix(source, key, assets.ids, assets.file_order, scenario.files, assets.tied)
    tied = np.array([asset in assets.tied for asset in assets.ids])
    among = matrix[np.ix_(tied, tied)]
    if tied.any() and np.array_equal(among, np.eye(len(among))):
        matrix = matrix[np.ix_(~tied, ~tied)]
    return matrix.tolist()


def _shocks(scenario: Scenario, shock_model: Mapping[str, Any]) -> dict[str, Any]:
    """Entries of the script that share a step are merged, so that their order in the file does not matter.

    Of the tables of models only that of the scenario's own stays.
    """
    if scenario.shocks is None:
        return {}
    script: dict[int, dict[str, float]] = {}
    for entry in scenario.shocks.script:
        script.setdefault(entry.step, {}).update(entry.moves)
    plain = {key: value for key, value in _plain(scenario.shocks).items() if key not in MODELS}
    steps = [{"step": step, "moves": script[step]} for step in sorted(script)]
    fixed: dict[int, dict[str, Any]] = {
        entry.step: {} for entry in sorted(scenario.shocks.condition, key=lambda entry: entry.step)
    }
    for entry in scenario.shocks.condition:
        moves = fixed[entry.step].get("moves", {}) | entry.moves
        fixed[entry.step] |= {"step": entry.step, "moves": moves} | (
            {} if entry.bandwidth is None else {"bandwidth": entry.bandwidth}
        )
    condition = {"condition": list(fixed.values())} if fixed else {}
    plain = {key: value for key, value in plain.items() if key not in ("condition", "replay")}
    return plain | dict(shock_model) | {"script": steps} | condition


def _fund(scenario: Scenario, kind: TypeOf, assets: Assets) -> dict[str, Any]:
    fund = kind.fund
    document = fund.model_dump(mode="json", exclude_none=True, exclude={*_OWN})
    if fund.books is None:
        document |= {"positions": _by_asset(kind.books[0].written, assets)} | _options(kind.books[0], assets)
    else:
        document["books"] = [_book(book, assets) for book in kind.books]
    per_day = scenario.horizon.steps_per_day
    if kind.margin.written:
        document["margin"] = in_days(_margin(scenario, kind, assets), per_day)
    if kind.triggers.written:
        document["triggers"] = in_days(_triggers(kind.triggers), per_day)
    return document


def _options(book: BookOf, assets: Assets) -> dict[str, Any]:
    found = {} if book.written_options is None else book.written_options._asdict()
    return {name: table for name, values in found.items() if (table := _by_asset(values, assets))}


def _book(book: BookOf, assets: Assets) -> dict[str, Any]:
    document: dict[str, Any] = {"id": book.id, "positions": _by_asset(book.written, assets)}
    document |= _options(book, assets)
    if not book.empty:
        document["share"] = book.share
    for name, table in TRIGGERS.items():
        document |= table.book_document(book.terms[name], book.empty)
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
    if margin.allow_start_in_call:
        document["allow_start_in_call"] = True
    if margin.method == "portfolio":
        cases = type_moves(scenario, kind, assets)
        document |= {"floor": margin.floor, "scenarios": [_case(moves, assets) for moves in cases]}
    return document


def _case(moves: Floats, assets: Assets) -> dict[str, float]:
    """A shock vector by asset; one that moves nothing keeps one asset, as an empty one would be an error."""
    return _by_asset(moves, assets) or {assets.ids[0]: 0.0}


def _triggers(triggers: TriggersOf) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, table in TRIGGERS.items():
        document |= table.document(triggers.terms[name])
    return document


def _impact(table: Impact) -> dict[str, Any]:
    """The table without the parameters of other laws; with law "none" those that were written stay."""
    document = _plain(table)
    for law, parts in LAWS.items():
        for key in parts.keys.written_keys():
            if law != table.law and (table.law != "none" or key not in table.given):
                document.pop(key, None)
    return document
