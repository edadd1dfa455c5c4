"""Tails of blocks are verified as far as they have a place among the largest."""

from __future__ import annotations

import numpy as np
import pytest

from stress.engine.totals import State
from stress.results.statistics.running_tail import RunningTail
from stress.run_directory.verify import differences

KEEP = 100
VALUES = np.random.default_rng(3).permutation(np.arange(190.0))
IDS = np.arange(190, dtype=np.uint64)


def state(values: np.ndarray, ids: np.ndarray) -> State:
    return {"tail_0_values": values, "tail_0_ids": ids}


def again() -> State:
    """The block by itself: pruned when it was asked for what is ranked last."""
    tail = RunningTail(KEEP)
    tail.add(VALUES, IDS)
    tail.last()
    return state(*tail.of(0, 190))


def test_a_block_may_hold_more_than_has_a_place() -> None:
    tail = RunningTail(KEEP)
    tail.add(VALUES, IDS)
    held = state(*tail.of(0, 190))
    assert len(held["tail_0_values"]) == 190 > len(again()["tail_0_values"]) == KEEP
    assert differences(held, again(), [KEEP]) == []
    assert differences(again(), held, [KEEP]) == []


@pytest.mark.parametrize("rank", [1, 50, 100])
def test_what_has_a_place_must_be_right(rank: int) -> None:
    values = again()["tail_0_values"].copy()
    at = np.argsort(-values)[rank - 1]
    values[at] += 0.5
    assert differences(state(values, again()["tail_0_ids"]), again(), [KEEP]) == ["tail_0"]


def test_a_path_that_is_none_of_the_largest_cannot_pass_for_one() -> None:
    held = again()
    outside = int(IDS[VALUES == 20.0][0])
    forged = state(np.append(held["tail_0_values"], 150.5), np.append(held["tail_0_ids"], np.uint64(outside)))
    assert differences(forged, again(), [KEEP]) == ["tail_0"]
    assert differences({}, again(), [KEEP]) == ["tail_0"]
