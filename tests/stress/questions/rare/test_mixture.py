"""Mixtures of any number of steps, and weights that are the same on any processor."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stress.engine.weighted.exponential import exponential
from stress.engine.weighted.mixture import Mixture, weights
from stress.kernels.shocks.tilt import SLOTS


@pytest.mark.parametrize("shares", [(0.0, 0.0), (0.3, 0.2), (0.473, 0.473), (0.7, 0.25)])
def test_the_slots_of_any_number_of_steps_are_all_dealt(shares: tuple[float, float]) -> None:
    nothing = np.zeros(2)
    for steps in range(1, 101):
        mixture = Mixture.plain(2, steps, True).fitted(nothing, np.zeros(steps), nothing, nothing, nothing, shares)
        assert mixture.slots.sum() == SLOTS
        assert (mixture.slots[2:] >= 1).all()
        assert mixture.slots[1] >= 0
        assert len(mixture.names) == len(set(mixture.names)) == len(mixture.slots)
        np.testing.assert_array_equal(np.bincount(mixture.of_slot(), minlength=len(mixture.slots)), mixture.slots)


def test_a_document_brings_it_back() -> None:
    rng = np.random.default_rng(1)
    every, once, others, scale = rng.standard_normal((4, 4))
    course = rng.standard_normal(5)
    mixture = Mixture.plain(4, 5, True).fitted(every, course, once, others, scale, (0.4, 0.2))
    again = Mixture.of(mixture.document(), 5)
    np.testing.assert_array_equal(mixture.course, course.astype(np.float32))
    assert again.document() == mixture.document()
    shifts = mixture.shifts()
    np.testing.assert_array_equal(shifts[2, :-1, 2 + 2], mixture.once)  # the third step
    np.testing.assert_array_equal(shifts[4, :-1, 2 + 2], mixture.others)
    np.testing.assert_array_equal(shifts[2, :-1, 2 + 5 + 2], mixture.scale)
    np.testing.assert_array_equal(shifts[3, :-1, 1], mixture.course[3] * mixture.every)
    assert not shifts[[0, 1, 3, 4], :, 2 + 5 + 2].any()
    assert not shifts[5:].any()


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
