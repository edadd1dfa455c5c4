"""What the scenario assumes: every default that was filled in, then the settings, funds, assets and scripted moves."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from stress.results.report.elements import Block, Cell, Folded, Row, Section, Table, Text
from stress.results.report.numbers import plain, shown
from stress.results.terminal.cells import money_unit
from stress.scenarios.guessed import guessed, sentence

TITLE = "Assumptions"
DEFAULTS = "Defaults: what the scenario file left open, and what was filled in"
LONGEST = 300  # characters of a value
TABLES_OF_FUNDS = ("margin", "triggers")
OF_ASSETS = {"returns": "daily returns", "loadings": "loadings"}  # tables of numbers, an asset a row
SHOWN_APART = {"assets", "funds", "schema", "name", "title", "description", "sources"}

Spec = dict[str, Any]


def assumptions(spec: Spec | None) -> Section:
    """From `spec.json`; a result without one says so."""
    blocks: list[Block] = []
    scenario = _table(spec, "scenario")
    if spec is None or not scenario:
        blocks.append(
            Text("There is no spec.json beside this result, so its assumptions are not known here.", quiet=True)
        )
        return Section("assumptions", TITLE, blocks)
    told = scenario.get("sources")
    named = guessed(told) if isinstance(told, list) else []
    if named:
        funds = _short(", ".join(named))
        blocks.append(Text(f"{sentence(named)} By judgement (grade D) and not given: {funds}."))
    defaults = [str(key) for key in spec.get("defaults", []) if isinstance(key, str)]
    if defaults:
        rows = tuple(Row(key, (Cell(_default(scenario, key)),)) for key in sorted(defaults))
        blocks.append(Table(DEFAULTS, ("Key", "Value"), rows, keys=True))
    else:
        blocks.append(Text("The scenario file leaves nothing open: no default was filled in.", quiet=True))
    rest = tuple(Row(key, (Cell(value),)) for key, value in _settings(scenario) if key not in defaults)
    settings = "Settings of the scenario"
    folded = (
        (settings, Table(settings, ("Key", "Value"), rest, keys=True) if rest else None),
        ("Funds", _funds(_entries(scenario, "funds"))),
        ("Assets", _assets(_entries(scenario, "assets"))),
        ("Scripted moves", _script(scenario)),
    )
    blocks += [Folded(name, (table,)) for name, table in folded if table is not None]
    return Section("assumptions", TITLE, blocks)


def _table(table: Spec | None, key: str) -> Spec:
    value = (table or {}).get(key)
    return value if isinstance(value, dict) else {}


def _entries(table: Spec, key: str) -> list[Spec]:
    value = table.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _made(caption: str, columns: tuple[str, ...], rows: list[Row]) -> Table | None:
    return Table(caption, columns, tuple(rows)) if rows else None


def _default(scenario: Spec, key: str) -> str:
    """The value that a default has come to: in its table, or in that of the funds."""
    table, _, name = key.partition(".")
    if not name:
        return _written(scenario.get(table))
    if name in _table(scenario, table):
        return _written(_table(scenario, table)[name])
    if table in TABLES_OF_FUNDS:
        funds = _entries(scenario, "funds")
        values = Counter(_written(_same(_table(fund, table)[name])) for fund in funds if name in _table(fund, table))
        if values:
            if len(values) == 1 and values.total() == len(funds):
                return next(iter(values))
            return "; ".join(f"{value} ({times} of {len(funds)} funds)" for value, times in sorted(values.items()))
    return "none"


def _same(value: Any) -> Any:
    """A list of equal values (of the members of a type) as one of them."""
    return value[0] if isinstance(value, list) and value and all(item == value[0] for item in value) else value


def _settings(scenario: Spec) -> Iterator[tuple[str, str]]:
    for name in sorted(set(scenario) - SHOWN_APART):
        yield from _flat(name, scenario[name])


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    last = name.rpartition(".")[2]
    if name.endswith("correlation.matrix") and isinstance(value, list | dict):
        yield name, f"a matrix of {len(value)} {'assets' if isinstance(value, list) else 'factors'}"
    elif last in OF_ASSETS and isinstance(value, dict):
        yield name, f"{OF_ASSETS[last]} of {len(value)} assets"
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from _flat(f"{name}.{key}", value[key])
    elif name != "shocks.script":
        yield name, _written(value)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, int | float):
        return plain(float(value), 6) if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return _short(", ".join(map(_written, value))) or "none"
    if isinstance(value, dict):
        return _short(", ".join(f"{key} = {_written(item)}" for key, item in sorted(value.items()))) or "none"
    return _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"


def _number(entry: Spec, key: str) -> float:
    value = entry.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _funds(funds: list[Spec]) -> Table | None:
    unit, scale = money_unit(_number(fund, "nav") for fund in funds)
    rows = [
        Row(
            str(fund.get("id", "?")),
            (
                Cell(_short(str(fund.get("strategy", "")))),
                Cell(str(fund.get("region", ""))),
                Cell(shown(_number(fund, "nav"), scale, 1)),
                Cell(shown(_number(fund, "gross"))),
                Cell(shown(_number(fund, "net"))),
                Cell(_written(_table(fund, "margin").get("buffer"))),
                Cell(_written(_table(fund, "triggers").get("max_leverage"))),
                Cell(_written(sorted(_table(fund, "prime_brokers")))),
            ),
        )
        for fund in funds
    ]
    return _made(
        "Funds",
        (
            "Fund",
            "Strategy",
            "Region",
            f"NAV, {unit}",
            "Gross",
            "Net",
            "Margin buffer",
            "Largest leverage",
            "Prime brokers",
        ),
        rows,
    )


def _assets(assets: list[Spec]) -> Table | None:
    unit, scale = money_unit(_number(asset, "adv") for asset in assets)
    rows = [
        Row(
            str(asset.get("id", "?")),
            (
                Cell(_short(str(asset.get("name", "")))),
                Cell(str(asset.get("asset_class", ""))),
                Cell(str(asset.get("region", ""))),
                Cell(shown(_number(asset, "vol"), 100, 1)),
                Cell(plain(scale * _number(asset, "adv"), 3)),
                Cell(shown(_number(asset, "margin"), 100, 1)),
            ),
        )
        for asset in assets
    ]
    heads = ("Asset", "Name", "Class", "Region", "Volatility, % a year", f"Volume, {unit} a day", "Margin rate, %")
    return _made("Assets", heads, rows)


def _script(scenario: Spec) -> Table | None:
    """Scripted moves: assets down, steps across."""
    steps = [entry for entry in _entries(_table(scenario, "shocks"), "script") if isinstance(entry.get("step"), int)]
    names = sorted({str(asset) for entry in steps for asset in _table(entry, "moves")})
    rows = [
        Row(asset, tuple(Cell(shown(_number(_table(entry, "moves"), asset), 100)) for entry in steps))
        for asset in names
    ]
    heads = ("Asset", *(f"Step {entry['step']}" for entry in steps))
    return _made("Scripted moves, simple returns in %", heads, rows)
