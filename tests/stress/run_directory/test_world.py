"""Thousands of small worlds in which a run directory meets what may befall it; a seed that fails is printed.

`python -m pytest -m slow tests/stress/run_directory/test_world.py` lives 40,000 more of them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from world.afterwards import check
from world.bugs import PLANTED, Plant, everybody_gone
from world.patches import patched

SEEDS, MANY = 1_200, 42_000


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder in memory, where there is one."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        scratch, root = Path(folder) / "scratch", Path(folder) / "disk"
        scratch.mkdir()
        root.mkdir()
        with patched(scratch):
            yield root


def live(seeds: range, root: Path) -> None:
    """Let worlds happen; one is replayed by `check(SEED, root)`."""
    for seed in seeds:
        wrong = check(seed, root)
        assert not wrong, f"world {seed}: {wrong}"


@pytest.mark.parametrize("part", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_nothing_wrong_counts_and_nothing_finished_is_lost(part: int, root: Path) -> None:
    live(range(part * SEEDS // 2, (part + 1) * SEEDS // 2), root)


@pytest.mark.slow
def test_many_more_worlds(root: Path) -> None:
    live(range(SEEDS, MANY), root)


def notices(bug: Plant, seeds: range, root: Path, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """The first of some seeds whose world notices an error."""
    with monkeypatch.context() as patch:
        bug(patch)
        for seed in seeds:
            try:
                wrong = bool(check(seed, root))
            except Exception:  # code that falls over has been noticed, too
                wrong = True
            if wrong:
                return seed
    return None


def test_planted_errors_are_noticed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(PLANTED) >= 20
    missed = []
    for bug, seen in PLANTED.items():  # begins a little before the seed that noticed it when this was written
        around = range(max(0, seen - 2), SEEDS)
        if notices(bug, around, root, monkeypatch) is None and notices(bug, range(seen), root, monkeypatch) is None:
            missed.append(bug.__name__)
    assert len(missed) <= 1, missed


def test_one_world_is_the_same_each_time(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = notices(everybody_gone, range(SEEDS), root, monkeypatch)
    assert seed is not None
    everybody_gone(monkeypatch)
    assert check(seed, root) == check(seed, root) != []
