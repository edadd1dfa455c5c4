"""Shifts that are fitted to paths, against laws whose shifts are known; likelihoods against NumPy's."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pytest

from plain_fit import plain_fit
from stress.engine.chunks import Chunk
from stress.engine.weighted.method import Method
from stress.engine.weighted.mixture import Mixture
from stress.engine.weighted.paths import MethodSimulator
from stress.engine.weighted.sampler import Drawn, Sampler
from stress.kernels.shocks.draw import normals_drawn
from stress.options import RunOptions
from stress.questions.rare.asked import read_asked
from stress.questions.rare.components import fit
from stress.questions.rare.pilot import STAGES, Fitted, _amounts, fit_tilt, pilot_ids, scales_of
from stress.questions.rare.screening import PATHS as PATHS_OF_SCREENING
from stress.results.answers.rare.question import Question
from tilts import some_mixture
from tiny import make_problem

STEPS, ROWS, PATHS = 6, 8, 4_000
NORMALS = np.random.default_rng(3).standard_normal((STEPS, ROWS, PATHS))
ALIKE = np.ones(PATHS)
EARLY = np.array([0.4, 0.2, 0.1, 0.1, 0.1, 0.1])
COURSE = np.array([1.5, 1.2, 0.8, 0.5, 0.3, 0.3])
FAT = make_problem(steps=2)


def single(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return values.astype(np.float32)


def test_one_direction_is_found_with_its_course_and_noise_is_left_out() -> None:
    direction = np.array([1.0, -0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.6])
    course = np.array([1.5, 1.2, 0.8, 0.5, 0.0, 0.0])
    moved = single(NORMALS + course[:, None, None] * direction[:, None])
    shifts, shares = fit(moved, ALIKE, scales=0, order=0.0)
    assert shares.tolist() == [1.0]
    np.testing.assert_allclose(np.outer(shifts.course, shifts.every), np.outer(course, direction), atol=0.06)
    assert np.count_nonzero(shifts.every[direction == 0.0]) <= 1  # 5 % of noise is beyond two errors
    few, _ = fit(moved[..., :50], ALIKE[:50], scales=0, order=0.0)
    assert np.count_nonzero(few.every[direction == 0.0]) <= 1


def test_paths_of_large_weight_count_as_the_few_that_they_are() -> None:
    """Of ten a shift of half a standard deviation is noise in most rows, of all of them it is none."""
    moved = single(NORMALS + np.where(np.arange(ROWS) < 4, 0.25, 0.0)[:, None])
    few, _ = fit(moved, np.where(np.arange(PATHS) < 10, 1.0, 1e-9), scales=0, order=0.0)
    every, _ = fit(moved, ALIKE, scales=0, order=0.0)
    assert np.count_nonzero(few.every) < 4  # a mean of 10 x 6 normals has an error of 0.13 in each row
    assert np.count_nonzero(every.every[:4]) == 4


def test_a_large_shock_at_one_step_is_told_from_a_large_scale() -> None:
    z, rng = NORMALS.copy(), np.random.default_rng(4)
    at, wide = rng.choice(STEPS, size=PATHS, p=EARLY), rng.random(PATHS) < 0.4
    paths = np.arange(PATHS)
    shock, scale = np.array([2.5, -1.5, 0, 0, 0, 0, 0, -3.0]), np.array([0, 0, 0, 0, 0, 0, 0, -4.0])
    z += np.where(wide, 0.0, COURSE[:, None])[:, None] * np.where(np.arange(ROWS) < 2, 0.5, 0.0)[:, None]
    z[at, :, paths] = NORMALS[at, :, paths] + np.where(wide[:, None], scale, shock)
    shifts, shares = fit(single(z), ALIKE, scales=1, order=0.0)
    # Some 2,400 and 1,600 paths have one or the other: errors of 0.02; the rest is what twenty turns leave.
    np.testing.assert_allclose(shifts.once, shock, atol=0.2)
    np.testing.assert_allclose(shifts.scale, scale, atol=0.2)
    beside = np.outer(shifts.beside, shifts.others)
    np.testing.assert_allclose(beside[:, :2], np.outer(COURSE, [0.5, 0.5]), atol=0.1)
    np.testing.assert_allclose(shifts.others[2:], 0.0, atol=0.05)
    large, wider = shares[1 : STEPS + 1], shares[STEPS + 1 :]
    assert abs(wider.sum() / (large.sum() + wider.sum()) - 0.4) < 0.08
    np.testing.assert_allclose(large / large.sum(), 0.9 * EARLY + 0.1 / STEPS, atol=0.03)
    np.testing.assert_allclose(wider, wider[0])
    assert 0.05 - 1e-12 <= shares[0] < 0.15  # paths remain for a shift of every step
    assert shares.sum() == pytest.approx(1.0)


def test_a_scale_that_few_paths_tell_of_still_makes_all_assets_move_more() -> None:
    alike = single(NORMALS + np.array([0.4, 0, 0, 0, 0, 0, 0, 0.2])[:, None])  # a shift of every step, and calmer ones
    for scales in (1, 4):
        shifts, shares = fit(alike, ALIKE, scales)
        assert (shifts.scale[-scales:] < 0.0).all()
        assert not shifts.scale[:-scales].any()
        assert np.linalg.norm(shifts.scale) >= 2.0 - 1e-12
        assert shares[1:].sum() >= 0.1 - 1e-12  # such components are always kept
        assert shares[STEPS + 1 :].sum() >= 0.1 * shares[1:].sum() - 1e-12


def test_what_is_fitted_has_less_variance_than_what_is_nearest() -> None:
    """A sum of steps of different importance beyond a bound; nearest is the shift to its mean there."""
    draws, asked = np.random.default_rng(5), np.array([2.0, 1.0, 1.0, 0.5, 0.5, 0.2])
    start = 1.2 * asked  # of a tilt that was there before
    z = draws.standard_normal((STEPS, 1, 60_000)) + start[:, None, None]
    event = np.einsum("s,srp->p", asked, z) > 4.0 * np.linalg.norm(asked)
    z = z[..., event]
    before = np.exp(0.5 * start @ start - np.einsum("s,srp->p", start, z))
    shifts, _ = fit(single(z), before, scales=0)
    nearest = z[:, 0] @ before / before.sum()

    def variance(shift: npt.NDArray[np.float64]) -> float:
        ratio = np.logaddexp(np.log(0.2), np.log(0.8) + shift @ z[:, 0] - 0.5 * shift @ shift)
        return float(before @ np.exp(-ratio))

    found = shifts.course * shifts.every[0]
    assert variance(found) < variance(nearest)
    assert np.linalg.norm(found) < np.linalg.norm(nearest)  # the paths that just reach the bound weigh most


@pytest.mark.parametrize("order", [0.0, 0.5])
@pytest.mark.parametrize("scales", [1, 2])
def test_the_fit_is_that_of_the_twin(order: float, scales: int) -> None:
    steps, rows, paths = 4, 5, 120
    rng = np.random.default_rng(8)
    z = rng.standard_normal((steps, rows, paths)) + 0.6 * np.array([1.0, 0.8, 0.0, -0.5, 0.0])[:, None]
    z[rng.choice(steps, size=paths, p=[0.4, 0.3, 0.2, 0.1]), :, np.arange(paths)] += [2.0, 1.0, 0.0, -1.0, -2.5]
    weights = rng.exponential(size=paths) ** 3  # some are truncated
    shifts, shares = fit(single(z), weights, scales, order)
    by_hand, of_twin = plain_fit(single(z).astype(np.float64), weights, scales, order)
    for name, found, expected in zip(shifts._fields, shifts, by_hand, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(shares, of_twin, rtol=1e-7)


def test_an_es_weighs_paths_by_what_they_lose_beyond_the_least_bad() -> None:
    losses = np.array([0.5, 0.3, 0.4], np.float32)
    amounts = {text: _amounts(losses, read_asked(text, FAT)) for text in ("es(system, 0.99)", "var(system, 0.99)")}
    np.testing.assert_allclose(amounts["es(system, 0.99)"], [0.2, 0.0, 0.1], atol=1e-7)
    assert amounts["var(system, 0.99)"].tolist() == [1.0, 1.0, 1.0]
    assert _amounts(losses[:1], read_asked("es(system, 0.99)", FAT)).tolist() == [1.0]


def test_paths_that_lie_far_out_are_fitted_too() -> None:
    shifts, shares = fit(single(NORMALS[..., :50] + 30.0), ALIKE[:50], scales=1)
    assert np.isfinite(shares).all()
    assert (np.outer(shifts.course, shifts.every) > 15.0).all()


def test_steps_without_a_neighbour_and_families_without_paths() -> None:
    moved = single(NORMALS[:1] + np.array([1.0, 0, 0, 0, 0, 0, 0, -2.0])[:, None])
    shifts, shares = fit(moved, ALIKE, scales=1)
    assert all(np.isfinite(x).all() for x in shifts)
    assert not shifts.others.any()
    assert shares.shape == (3,)
    assert fit(moved[..., :2], np.array([1.0, 0.0]), scales=1)[1].sum() == pytest.approx(1.0)


@pytest.mark.slow
def test_a_tilt_that_is_worse_than_the_one_before_is_not_taken() -> None:
    options, used = RunOptions(paths=2_000, seed=5, device="cpu"), list[Mixture]()
    plain = Sampler(FAT, options, -1).simulate(None, np.arange(8_192, dtype=np.uint64)).losses

    class Spoilt(Sampler):
        """One of the tilts that are drawn from finds the event on few paths."""

        def draw(self, mixture: Mixture, ids: Any, done: Any = lambda _: None) -> Drawn:
            used.append(mixture)
            drawn = super().draw(mixture, ids)
            few = np.arange(len(ids)) % 50 == 0
            return drawn._replace(losses=np.where(few, drawn.losses, -1.0)) if len(used) == spoilt else drawn

    def fitted(paths: int) -> Fitted:
        used.clear()
        asked = Question("", "loss", "system", None, float(np.quantile(plain, 0.94)))
        return fit_tilt(Spoilt(FAT, options, -1), asked, paths)

    spoilt = 0
    assert fitted(8_192).numbers is used[-1]
    assert len(used) == 3  # plain, the first tilt, and that which is fitted to its many paths of the event
    spoilt = 2
    assert fitted(8_192).why == "no tilt was better than plain paths"
    spoilt = 3
    assert fitted(2_000).numbers is used[1]
    assert used[-1] is used[1]


def test_likelihoods_and_shifted_normals_are_numpys() -> None:
    sampler = Sampler(FAT, RunOptions(paths=2_000, seed=5, device="cpu", precision="float64"), -1)
    rows, steps = sampler.rows(), FAT.steps
    assert scales_of(FAT) == 1
    mixture = some_mixture(rows, steps)
    ids = np.arange(2_000, dtype=np.uint64)
    drawn, found = sampler.draw(mixture, ids), sampler.normals(mixture, ids)
    shifts = mixture.added()[:steps, :-1].astype(np.float64)
    with jax.enable_x64(True):
        chunks = sampler._chunks(None)
        low, high = (jnp.asarray(word.astype(np.uint32)) for word in (ids, ids >> np.uint64(32)))
        plain = np.asarray(normals_drawn(chunks.structure, chunks.params.shocks, low, high))
    by_hand = plain + shifts[:, :, mixture.components(ids)]
    np.testing.assert_allclose(found, by_hand, atol=1e-6)  # handed on in single precision
    ratios = np.einsum("src,srp->cp", shifts, by_hand) - 0.5 * (shifts**2).sum(axis=(0, 1))[:, None]
    np.testing.assert_allclose(drawn.ratios, ratios, atol=1e-11)
    counts = np.bincount(mixture.components(ids), minlength=len(mixture.slots))
    np.testing.assert_allclose(drawn.weights, 1.0 / (counts / 2_000 @ np.exp(ratios)), rtol=1e-11)
    assert abs(drawn.weights.mean() - 1.0) < 0.1


def test_weights_are_against_the_components_that_the_paths_of_the_answer_have() -> None:
    """Whatever id they begin with and however many they are, not against those of all slots."""
    options = RunOptions(paths=150, seed=5, device="cpu", precision="float64")
    mixture = some_mixture(Sampler(FAT, options, -1).rows(), 2)
    method = Method("tilt", "tilt", read_asked("es(system, 0.99)", FAT), -1, 777, options.paths, mixture)
    simulator = MethodSimulator(FAT, options, method)
    found = simulator.simulate(Chunk(method.first, method.last))
    drawn = simulator.sampler.draw(mixture, np.arange(method.first, method.last, dtype=np.uint64))
    dealt = np.bincount(drawn.components, minlength=len(mixture.slots))
    assert (dealt * 1000 != mixture.slots * options.paths).any()
    np.testing.assert_allclose(found["weight"], 1.0 / (dealt / dealt.sum() @ np.exp(drawn.ratios)), rtol=1e-12)


def test_pilots_have_ids_that_no_run_and_no_other_pilot_has() -> None:
    every = [pilot_ids(stage, PATHS_OF_SCREENING) for stage in range(STAGES + 2)]
    assert min(int(ids[0]) for ids in every) >= 2**63
    assert all(int(a[-1]) < int(b[0]) for a, b in itertools.pairwise(every))
