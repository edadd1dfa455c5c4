"""A mutated data file is refused, or read as a second reader, which shares nothing with ours, reads the same bytes."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import pytest

import mutated_tables
import plain_reader
from hostile import check_message, watched
from plain_reader import MONEY, SHARE, Unclear, amount
from stress.scenarios.build.correlation import read_matrix
from stress.scenarios.build.market import build_assets
from stress.scenarios.build.positions import book_weights
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.read.loader import load_scenario


def ours(folder: Path, name: str) -> object:
    """What a file comes to, read as a part of the scenario."""
    scenario = load_scenario(folder / "scenario.toml")
    if name == "assets.csv":
        return [a.model_dump(exclude_unset=True) for a in scenario.assets]
    if name == "funds.csv":
        return [f.model_dump(exclude_unset=True) for f in scenario.funds]
    assets = build_assets(scenario)
    if name == "positions.csv":
        fund = scenario.funds[0]
        return dict(zip(assets.ids, book_weights(scenario, fund, name, "positions", assets).tolist(), strict=True))
    order = assets.file_order
    return read_matrix(name, "correlation.matrix", order, order, scenario.files).tolist()


def theirs(data: bytes, name: str) -> object:
    """The same by the second reader; raises Unclear."""
    names = {
        "assets.csv": plain_reader.ASSETS,
        "funds.csv": plain_reader.FUNDS,
        "positions.csv": plain_reader.POSITIONS,
    }
    sign, header, rows = plain_reader.table(data, names.get(name, ()))
    texts = plain_reader.WORDS if name in names else header[:1]
    found = plain_reader.numbers(sign, header, rows, tuple(texts))
    if name == "positions.csv":
        held = {str(row["asset"]): amount(row["position"], MONEY) for row in found}
        if len(held) < len(found):
            raise Unclear("an asset twice")
        return {asset: held.get(asset, 0.0) / 1250000000.5 for asset in sorted(mutated_tables.IDS)}
    if name == "correlation.csv":
        labels = [str(row[header[0]]) for row in found]
        if sorted(labels) != sorted(header[1:]) or sorted(labels) != sorted(mutated_tables.IDS):
            raise Unclear("labels")
        by_label = dict(zip(labels, found, strict=True))
        return [[amount(by_label[i][j], SHARE) for j in mutated_tables.IDS] for i in mutated_tables.IDS]
    return [entry(row) for row in found]


def entry(row: dict[str, object]) -> dict[str, object]:
    """One asset or fund: numbers in base units, brokers in a table of their own."""
    result: dict[str, object] = {}
    for column, value in row.items():
        head, dot, broker = column.partition(".")
        if column in plain_reader.WORDS:
            result[column] = value if column != "in_net" else str(value).lower() in ("true", "1")
        elif dot:
            table = result.setdefault(head.lower(), {})
            assert isinstance(table, dict)
            table[broker] = amount(value, SHARE)
        else:
            result[column] = amount(value, MONEY if column in ("nav", "adv") else SHARE)
    return result


def wrong_readings(seed: int, count: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """How many files were refused and accepted, and those that were accepted with another meaning."""
    (folder / "scenario.toml").write_text(mutated_tables.SCENARIO)
    for name, text in mutated_tables.FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    outcomes: Counter[str] = Counter()
    wrong = []
    for what, name, data in mutated_tables.files(seed, count):
        (folder / name).write_bytes(data)
        with warnings.catch_warnings(), watched():
            warnings.simplefilter("ignore", ScenarioWarning)
            try:
                mine = ours(folder, name)
            except ScenarioError as error:
                outcomes["refused"] += 1
                check_message(error)
                continue
            finally:
                (folder / name).write_text(mutated_tables.FILES[name], encoding="utf-8")
        outcomes["accepted"] += 1
        try:
            meant = theirs(data, name)
        except Unclear as error:
            meant = f"unclear: {error}"
        if mine != meant:
            wrong.append(f"{what}: {data!r}\n    read as {mine}\n    means   {meant}")
    return outcomes, wrong


def test_what_is_not_mutated_is_read_alike(tmp_path: Path) -> None:
    wrong_readings(0, 0, tmp_path)
    for name, text in mutated_tables.FILES.items():
        for dialect in mutated_tables.dialects(text):
            (tmp_path / name).write_bytes(dialect.encode())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ScenarioWarning)
                assert ours(tmp_path, name) == theirs(dialect.encode(), name), dialect
        (tmp_path / name).write_text(text, encoding="utf-8")


def test_mutated_tables_are_refused_or_mean_what_their_text_says(tmp_path: Path) -> None:
    outcomes, wrong = wrong_readings(21, 800, tmp_path)
    assert wrong == []
    assert outcomes["accepted"] > 150
    assert outcomes["refused"] > 300


@pytest.mark.slow
def test_ten_thousand_mutated_tables_are_refused_or_mean_what_their_text_says(tmp_path: Path) -> None:
    outcomes, wrong = wrong_readings(22, 10_000, tmp_path)
    print(dict(outcomes))
    assert wrong == []
