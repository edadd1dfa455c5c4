"""Which modules the digest of loaded code follows: those that programs take something from, whatever else is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stress.engine.kept.loaded_code import loaded_code
from stress.results.statistics import slice_means


def test_a_function_of_the_host_counts_where_a_module_of_programs_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = loaded_code()
    monkeypatch.setattr(slice_means, "slice_mean", lambda *_: None)
    assert loaded_code() != before


def test_it_depends_on_no_module_that_happens_to_be_there_and_needs_no_scipy() -> None:
    program = """
import sys
from stress.engine.kept.loaded_code import loaded_code, _modules
first = loaded_code()
print("scipy.stats" in sys.modules, "stress.results.statistics.slice_means" in _modules())
import stress.results.statistics.backtests.attribution, stress.results.statistics.tails.hill
_modules.cache_clear()
print(loaded_code() == first)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True", "True"], done.stderr
