"""A mutated scenario file is refused, or each of its numbers and texts is the one that stands in the file."""

from __future__ import annotations

import tomllib
import warnings
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import mutated_toml
from hostile import check_message, watched
from plain_reader import MONEY, SHARE, Unclear, amount, number
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.read.loader import load_scenario


def other(ours: Any, text: Any, key: str = "") -> Iterator[str]:
    """Keys whose value is not what the file says."""
    if isinstance(ours, BaseModel):
        names = {field.alias or name: name for name, field in type(ours).model_fields.items()}
        given = {key: getattr(ours, name) for key, name in names.items() if name in ours.model_fields_set}
        yield from other(given, text, key)
    elif isinstance(ours, dict):
        if not isinstance(text, dict) or set(ours) != set(text):
            yield f"{key}: other keys"
        else:
            for name in ours:
                yield from other(ours[name], text[name], f"{key}.{name}".lstrip("."))
    elif isinstance(ours, list | tuple):
        if not isinstance(text, list) or len(ours) != len(text):
            yield f"{key}: other entries"
        elif key == "estimation.levels":
            if [Decimal(level) for level in ours] != sorted(Decimal(repr(level_of(level))) for level in text):
                yield key
        else:
            for n, (one, two) in enumerate(zip(ours, text, strict=True)):
                yield from other(one, two, f"{key}[{n}]")
    elif not same(ours, text):
        yield f"{key}: {ours!r} for {text!r}"


def level_of(text: object) -> float:
    return amount(number(text, "."), SHARE) if isinstance(text, str) else float(str(text))


def same(ours: object, text: object) -> bool:
    """Whether a number or text is what the file says, a text with a unit read by the second reader."""
    if isinstance(ours, float) and isinstance(text, str):
        units = MONEY | {unit: power for unit, power in SHARE.items() if unit}
        try:
            return ours == amount(number(text, "."), MONEY if text.endswith("USD") else units)
        except Unclear:
            return False
    if ours is None:
        return text == "none"
    if isinstance(ours, float):
        return not isinstance(text, bool) and isinstance(text, int | float) and ours == text
    return type(ours) is type(text) and ours == text


def wrong_readings(seed: int, count: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """How many files were refused and accepted, and what of those that were accepted is not in the file."""
    outcomes: Counter[str] = Counter()
    wrong = []
    path = folder / "scenario.toml"
    for what, data in mutated_toml.texts(seed, count):
        path.write_bytes(data)
        with warnings.catch_warnings(), watched():
            warnings.simplefilter("ignore", ScenarioWarning)
            try:
                scenario = load_scenario(path)
            except ScenarioError as error:
                outcomes["refused"] += 1
                check_message(error)
                continue
        outcomes["accepted"] += 1
        found = list(other(scenario, tomllib.loads(data.decode("utf-8-sig"))))
        wrong += [f"{what}: {key}" for key in found]
    return outcomes, wrong


def test_mutated_scenarios_are_refused_or_say_what_their_text_says(tmp_path: Path) -> None:
    outcomes, wrong = wrong_readings(31, 400, tmp_path)
    assert wrong == []
    assert outcomes["accepted"] > 120
    assert outcomes["refused"] > 120


@pytest.mark.slow
def test_ten_thousand_mutated_scenarios_are_refused_or_say_what_their_text_says(tmp_path: Path) -> None:
    outcomes, wrong = wrong_readings(32, 10_000, tmp_path)
    print(dict(outcomes))
    assert wrong == []


@pytest.mark.parametrize(
    ("ours", "text"),
    [(0.15, "15"), (15.0, "15 %"), (5e9, "5 mn USD"), (1.0, True), (1, 1.0), (0.5, 0.25), ("a", "b"), (None, "x")],
)
def test_the_comparison_sees_another_meaning(ours: object, text: object) -> None:
    assert not same(ours, text)
    assert list(other({"a": [ours]}, {"a": [text]})) == [f"a[0]: {ours!r} for {text!r}"]
    assert list(other({"a": ours}, {})) == [": other keys"]
