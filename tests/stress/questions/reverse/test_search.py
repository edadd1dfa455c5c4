"""The search through the cascade: one large step where none is constant, and nothing nearer by chance."""

from __future__ import annotations

import numpy as np
import pytest

import stress
from stress.engine.sizes import devices_for
from stress.options import RunOptions
from stress.questions.reverse import starts
from stress.questions.reverse.crossing import first_crossings, unit
from stress.questions.reverse.event import Judge, names_of, parse_event
from stress.questions.reverse.paths import GivenPaths

pytestmark = pytest.mark.slow
OPTIONS = RunOptions(paths=2000, seed=1)


def test_a_default_with_heavy_tails_needs_one_large_step(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = stress.load_scenario("desk").set("shocks.model", "student_t")
    found = stress.reverse(scenario, "default(multi_strategy)", paths=1000, stories=0)["reverse"].to_dataset()
    size = np.sort(found["step_norm"].sel(answer=1).values)
    assert size[-1] == pytest.approx(float(found["norm"].sel(answer=1)), rel=1e-3)
    monkeypatch.setattr(starts, "STRETCHES", ())
    monkeypatch.setattr(starts, "TILTS", (0.0,))
    nothing = stress.reverse(scenario, "default(multi_strategy)", paths=1000, stories=0)["reverse"].to_dataset()
    assert nothing.sizes["answer"] == 0 or float(nothing["norm"][0]) > float(found["norm"][0])


def test_no_start_and_no_random_direction_is_nearer() -> None:
    found = stress.reverse("desk", "loss(system) > 15 %", paths=2000, stories=0)["reverse"].to_dataset()
    norm = float(found["norm"].sel(answer=1))
    problem = stress.build_problem(stress.load_scenario("desk"))
    given = GivenPaths(problem, OPTIONS, devices_for(problem, OPTIONS))
    event = parse_event("loss(system) > 15 %")
    judge = Judge(event, problem, False, np.ones(len(names_of(problem, False))))
    shape = given.shape
    rest = np.zeros((shape.steps, shape.rows))

    def moves(normals: np.ndarray) -> np.ndarray:
        return given.moves(normals.reshape(-1, shape.steps, shape.rows))

    slopes = given.pulled_back(rest, given.slopes(moves(rest[None])[0])["fund_loss"][-1])
    rng = np.random.default_rng(5)
    near = slopes.ravel() / np.linalg.norm(slopes)
    turned = unit(near + rng.uniform(0, 0.6, (300, 1)) * unit(rng.standard_normal((300, shape.size))))
    every = np.concatenate([starts.from_slopes(shape, slopes[None]), turned, unit(rng.standard_normal((100, 200)))])
    radii = first_crossings(lambda z: judge.happens(given.through(moves(z))), every)
    assert radii.min() > norm * (1.0 - 1e-4)
