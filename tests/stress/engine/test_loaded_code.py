"""The digest of the code that programs are made from: of all of it, and of nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from stress.engine.kept.loaded_code import _modules, loaded_code
from stress.kernels.cascade import trade
from stress.kernels.triggers import margin_call
from stress.results.statistics import estimators


def test_code_in_place_of_other_code_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {loaded_code()}

    def times(factor: float) -> Any:
        return lambda *_: factor

    for factor in (2.0, 3.0):  # the same instructions
        monkeypatch.setattr(trade, "price_gain", times(factor))
        seen.add(loaded_code())
    monkeypatch.setattr(margin_call._MarginCall, "fraction", times(1.0))
    seen.add(loaded_code())
    monkeypatch.setattr(margin_call.TRIGGER, "size", times(1.0), raising=False)
    seen.add(loaded_code())
    assert len(seen) == 5
    monkeypatch.undo()
    assert loaded_code() in seen


@pytest.mark.parametrize("module", ["stress.engine.detail.program", "stress.engine.block", "stress.engine.tiles"])
def test_the_code_of_every_program_counts(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = loaded_code()
    monkeypatch.setattr(import_module(module), "put_tile", lambda *_: None, raising=False)
    assert loaded_code() != before


def test_results_count_where_a_program_reads_them_and_no_others_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    before, read = loaded_code(), {name.removeprefix("stress.results.") for name in _modules()}
    assert {"dataset.components", "statistics.estimators", "statistics.histogram"} <= read
    assert not [name for name in read if name.startswith("statistics.backtests")]
    monkeypatch.setattr(estimators, "binomial_ranks", lambda *_: None)
    assert loaded_code() != before
