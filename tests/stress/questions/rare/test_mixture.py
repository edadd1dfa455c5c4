"""Mixtures of any number of steps, and weights that are the same on any processor."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stress.engine.weighted.exponential import exponential
from stress.engine.weighted.mixture import Mixture, Shifts, weights
from stress.kernels.shocks.tilt import SLOTS
from tilts import shares, some_mixture


@pytest.mark.parametrize(("large", "wide"), [(0.0, 0.0), (0.3, 0.2), (0.473, 0.473), (0.7, 0.25)])
def test_the_slots_of_any_number_of_steps_are_all_dealt(large: float, wide: float) -> None:
    row = np.zeros(2)
    for steps in range(1, 101):
        step = np.zeros(steps)
        mixture = Mixture.of_shares(Shifts(row, step, row, row, step, row), shares(steps, large, wide))
        assert mixture.slots.sum() == SLOTS
        assert mixture.slots[0] == SLOTS / 5
        assert (mixture.slots[1:] >= 1).all()
        assert len(mixture.slots) == len(Mixture.plain(2, steps, True).slots) == 2 + 2 * steps
        assert len(mixture.names) == len(set(mixture.names)) == len(mixture.slots)
        np.testing.assert_array_equal(np.bincount(mixture.of_slot(), minlength=len(mixture.slots)), mixture.slots)


def test_slots_follow_the_shares_but_for_what_each_component_has_at_least() -> None:
    row, step = np.zeros(2), np.zeros(4)
    of_all = np.array([0.5, 0.2, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025])
    slots = Mixture.of_shares(Shifts(row, step, row, row, step, row), of_all).slots
    np.testing.assert_allclose(slots[1:], 800 * of_all, atol=8)
    assert slots[1] >= 400  # what is rounded down goes to every step


def test_a_document_brings_it_back() -> None:
    mixture = some_mixture(4, 5)
    again = Mixture.of(mixture.document())
    assert again.document() == mixture.document()
    np.testing.assert_array_equal(again.added(), mixture.added())
    every, course, once, others, beside, scale = mixture.shifts
    assert {x.dtype for x in mixture.shifts} == {np.dtype(np.float32)}
    added = mixture.added()
    assert not added[:, :, 0].any()
    np.testing.assert_array_equal(added[2, :-1, 2 + 2], once)  # the third step
    np.testing.assert_array_equal(added[4, :-1, 2 + 2], beside[4] * others)
    np.testing.assert_array_equal(added[2, :-1, 2 + 5 + 2], scale)
    np.testing.assert_array_equal(added[3, :-1, 1], course[3] * every)
    assert not added[[0, 1, 3, 4], :, 2 + 5 + 2].any()
    assert not added[5:].any()


def test_the_exponential_is_right_to_two_units_of_the_last_place() -> None:
    x = np.concatenate([np.linspace(-708.0, 709.0, 5_001), np.random.default_rng(0).uniform(-30.0, 1.0, 5_000)])
    exact = np.array([math.exp(value) for value in x])
    assert np.abs(exponential(x) / exact - 1).max() < 2.0**-51
    assert exponential(np.array([0.0, -np.inf])).tolist() == [1.0, 5e-324]


def test_weights_are_one_over_the_mean_ratio() -> None:
    ratios = np.random.default_rng(2).normal(0.0, 3.0, (3, 500))
    counts = np.array([200, 300, 500])
    by_hand = 1.0 / (counts / 1000 @ np.exp(ratios))
    np.testing.assert_allclose(weights(ratios, counts), by_hand, rtol=1e-14)
