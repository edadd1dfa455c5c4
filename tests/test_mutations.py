"""The errors of `benchmarks/mutations.py`: the tests that it names are there, and examples have no deadline here."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import settings

from checkout import ROOT, benchmark_script


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return benchmark_script("mutations")


def test_every_part_and_every_test_is_there(script: ModuleType) -> None:
    for part, tests in script.TESTS.items():
        assert (ROOT / part).exists(), part
        assert tests
        for test in tests:
            assert (ROOT / test).is_file(), test


def test_the_longest_name_decides(script: ModuleType) -> None:
    assert script.tests_of("results/statistics/paired.py") == ("tests/results/test_paired.py",)
    assert script.tests_of("results/statistics/levels.py") == script.TESTS["results/statistics"]
    assert "results/statistics/paired.py" in script.modules("results/statistics")
    for part in script.CHOSEN:
        assert all(script.tests_of(module) for module in script.modules(part))
    with pytest.raises(KeyError, match="no tests are named"):
        script.tests_of("kernels/step.py")


def test_no_example_has_a_deadline() -> None:
    """On a machine that is shared, or where the first of a shape compiles, one would fail by chance."""
    assert settings().deadline is None
