"""The Oxford model: its published table and path, other points against plain Python, on published and made-up banks."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from published_reference import BANKS, EBA, EXACT, needs_eba, oxford, read_banks, same, solved, write_banks

OXFORD_TABLE = [  # impact, defaults, sold; shock 20 %, buffer 4 %
    (0.0, 0.145833, 0.605124447221),
    (0.005, 0.1875, 0.793419897673),
    (0.01, 0.375, 0.914500581225),
    (0.015, 0.520833, 0.944158005400),
    (0.02, 0.666667, 0.981624408121),
    (0.03, 0.791667, 0.993847711080),
    (0.05, 0.916667, 0.996053555315),
    (0.08, 0.9375, 1.0),
]


@needs_eba
@pytest.mark.parametrize(("impact", "defaults", "sold"), OXFORD_TABLE)
def test_oxford_table(impact: float, defaults: float, sold: float) -> None:
    outputs, compared = solved("oxford", f"impact={impact}", data=EBA)
    assert abs(outputs["default_share"] - defaults) < 5.1e-7
    assert abs(outputs["sold_share"] - sold) < EXACT
    assert compared
    assert all(x.agrees for x in compared)


@needs_eba
def test_oxford_in_full() -> None:
    outputs, compared = solved("oxford", data=EBA)
    assert outputs["defaults_by_step"].tolist() == [0, 7, 35, 2, 0, 0, 0]
    same(outputs["sold_by_step"], [0, 0, 0.605124447221, 0.993847711080, *[0.996053555315] * 3])
    same(outputs["price"], [0.361809238274, 0.287329971274])
    assert {x.name for x in compared} == {"default_share", "sold_share", "defaults_by_step", "sold_by_step", "price"}


@needs_eba
@pytest.mark.parametrize("seed", range(12))
def test_oxford_elsewhere_on_the_published_banks(seed: int) -> None:
    check_oxford(EBA, seed)


@pytest.mark.parametrize("seed", range(12))
def test_oxford_on_made_up_banks(tmp_path: Path, seed: int) -> None:
    check_oxford(write_banks(tmp_path / "banks.csv"), seed)


def check_oxford(data: Path, seed: int) -> None:
    draw = random.Random(seed)
    shock, impact, buffer = draw.uniform(0, 0.4), draw.uniform(0, 0.2), draw.choice([0.04, 0.045, 0.05, 1.0])
    steps = draw.choice([1, 2, 6, 9])
    outputs, compared = solved(
        "oxford", f"shock={shock}", f"impact={impact}", f"buffer={buffer}", f"steps={steps}", data=data
    )
    reference = oxford(read_banks(data), shock, impact, buffer, steps)
    for name, value in reference.items():
        same(outputs[name], value)
    assert not compared  # nothing is published there


def test_a_bank_without_bonds_and_a_market_without_corporate_bonds(tmp_path: Path) -> None:
    banks = [("a", 40.0, 4.0, 300.0, 300.0), ("b", 40.0, 3.1, 0.0, 0.0), ("c", 30.0, 3.2, 200.0, 200.0)]
    data = write_banks(tmp_path / "banks.csv", banks)
    outputs, _ = solved("oxford", data=data)
    reference = oxford(read_banks(data), 0.2, 0.05)
    assert sum(reference["defaults_by_step"]) > 0
    for name, value in reference.items():
        same(outputs[name], value)
    assert outputs["price"][0] == 1.0


def test_few_defaults_count_as_none(tmp_path: Path) -> None:
    banks = [("weak", 30.0, 2.9, 100.0, 50.0), *((f"bank{i}", 100.0, 10.0, 100.0, 50.0) for i in range(24))]
    data = write_banks(tmp_path / "banks.csv", banks)
    outputs, _ = solved("oxford", data=data)
    assert outputs["defaulted"].sum() == 1
    assert outputs["default_share"] == 0.0
    assert solved("oxford", "smallest_share=0", data=data)[0]["default_share"] == 1 / 25


def test_leverage_targeting_sells_more_than_a_buffer(tmp_path: Path) -> None:
    data = write_banks(tmp_path / "banks.csv")
    shares = [solved("oxford", "shock=0.05", f"buffer={b}", "steps=2", data=data)[0]["sold"] for b in (0.04, 1.0)]
    assert np.all(shares[1] >= shares[0])
    assert shares[1].sum() > shares[0].sum()


def test_made_up_banks_fail_and_sell_at_the_points_above() -> None:
    """Otherwise the comparisons with the reference would be of zeros."""
    outcome = oxford([row[1:] for row in BANKS], 0.2, 0.05)
    assert 0 < outcome["default_share"] < 1
    assert outcome["sold_share"] > 0
