"""`levstress validate SCENARIO` as a user types it, and what makes it fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from flat import overridden
from stress.cli import app
from stress.engine.devices import set_up
from stress.options import RunOptions
from stress.questions.validate import validation
from stress.questions.validate.check import Check, largest
from stress.questions.validate.engine import Run, run
from stress.questions.validate.figures.summary import recomputed
from stress.questions.validate.nearness import nearest_threshold
from stress.questions.validate.probes import CHANGES, probe, probe_draws
from stress.reference.result import simulate
from stress.reference.state import CAUSES, TRIGGERS
from stress.results.dataset.tree import to_datatree
from stress.results.statistics import estimators
from stress.scenarios.problem import Problem
from tiny import falls, single


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, ["validate", *args])


@pytest.mark.slow
def test_a_scenario_of_the_library(tmp_path: Path) -> None:
    out = tmp_path / "checks.nc"
    done = invoke("archegos-2021", "--paths", "8", "--no-probes", "--json", "--quiet", "--out", str(out))
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["passed"] is True
    assert document["paths"] == 8
    names = {check["check"] for check in document["checks"]}
    for part in (
        "kernels against reference: price",
        "dataset, by path: group loss",
        "es at 0.95",
        "the impact law is odd",
    ):
        assert part in names
    with xr.open_dataset(out, engine="scipy") as dataset:
        assert dataset.sizes["check"] == len(document["checks"])
        assert int(dataset["passed"].min()) == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["desk", "--model", "glt"], "belong to published models"),
        (["desk", "--grid", "a=0:1:2"], "belong to published models"),
        (["glt", "--model", "breuer"], "give one of them"),
        (["--paths", "5"], "--paths needs SCENARIO"),
        (["desk", "--paths", "0"], "--paths"),
        (["--out", "x.nc"], "give SCENARIO or --grid"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(args: list[str], says: str) -> None:
    done = invoke(*args)
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


def test_the_device_that_is_here_is_the_one_that_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[RunOptions] = []
    monkeypatch.setattr("stress.cli.validate._scenario", lambda scenario, options, *_: seen.append(options))
    assert invoke("desk", "--device", "auto").exit_code == 0
    assert seen[0].device == "cpu", "not chosen by the length of a run"


def test_an_unknown_scenario_is_refused() -> None:
    done = invoke("dsk")
    assert done.exit_code == 3
    assert "desk" in done.output


def test_a_failed_check_ends_with_exit_code_9(monkeypatch: pytest.MonkeyPatch) -> None:
    found = validation.Validation(
        "desk", 1, 1, 1, (), (Check("scenario", "a", 2.0, 1.0), Check("scenario", "b", 0.0, 1.0))
    )
    monkeypatch.setattr(validation, "validate", lambda *args: found)
    done = invoke("desk")
    assert done.exit_code == 9
    assert "FAIL" in done.stdout
    assert "1 of 2 checks failed" in done.stdout
    assert "the first: a" in done.stderr


def test_what_is_no_number_does_not_pass() -> None:
    assert not Check("a", "b", np.nan, 1.0).passed
    assert not Check("a", "b", largest([0.0, np.nan]), 1.0).passed
    assert largest([]) == 0.0


def test_a_mechanism_from_outside_is_refused() -> None:
    problem = single()
    problem = replace(problem, impact=replace(problem.impact, law="cubic"))
    with pytest.raises(Exception, match="cubic"):
        validation.validate(problem, RunOptions())


# -- probes ---------------------------------------------------------------------------------------------------------


def test_every_mechanism_acts_in_the_probes() -> None:
    results = {name: simulate(probe(name), probe_draws(probe(name))) for name in CHANGES}
    for name, result in results.items():
        sold, built = (x.sum(axis=(0, 2, 3)) for x in (result.sold_by_trigger_usd, result.built_by_trigger_usd))
        assert {t for t, usd in zip(TRIGGERS, sold, strict=True) if usd > 0} == {*TRIGGERS} - {"overlay"}, name
        assert {t for t, usd in zip(TRIGGERS, built, strict=True) if usd > 0} == {"overlay", "leverage_target"}, name
        assert result.defaulted.any()
    capped = results["square-root"]
    assert capped.done.any()
    assert probe("square-root").books.tier.max() >= 1
    assert capped.depth.min() < 0.3
    assert (capped.retail_budget_usd[-1] == 0).any()
    for name, causes in (("square-root", {*CAUSES} - {"through_loadings"}), ("loadings", {*CAUSES})):
        largest = dict(zip(CAUSES, np.abs(results[name].attribution).max(axis=(1, 2)), strict=True))
        assert {cause for cause, size in largest.items() if size > 1e-3} == causes
    assert results["linear"].rounds.max() >= 10
    assert results["exponential"].at_round_limit.any()
    assert results["bounded-exponential"].displacement.min() == pytest.approx(np.log(0.75), rel=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        {"funds": {"hike_size": 0.0}},
        {"funds": {"lockup_steps": 0}},
        {"funds": {"portfolio": False}},
        {"funds": {"procyclicality": 0.0}},
        {"funds": {"grace_steps": 0}},
        {"books": {"priority": 0}},
        {"impact": {"half_life": np.inf}},
        {"liquidity": {"evaporation": 0.0}},
        {"liquidity": {"flow_sensitivity": 0.0}},
    ],
    ids=str,
)
def test_a_probe_without_a_mechanism_is_another(change: dict[str, Any]) -> None:
    problem = probe("square-root")
    draws = probe_draws(problem)[:, :, :12]
    with_it, without = simulate(problem, draws), simulate(overridden(problem, change), draws)
    assert (np.abs(with_it.loss - without.loss) > 1e-6).any()


# -- statistics -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> Run:
    set_up("cpu", 1)
    return run(probe("square-root"), 1024, 1, "float64", 16, RunOptions(device="cpu", devices=1))


def failed(found: Run) -> set[str]:
    checks = recomputed("probe", probe("square-root"), found._replace(tree=to_datatree(found.output)))
    return {check.name for check in checks if not check.passed}


def test_the_summary_is_what_its_paths_say(small: Run) -> None:
    assert failed(small) == set()


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("value_at_risk", "var at 0.95"),
        ("expected_shortfall", "es at 0.95"),
        ("mean", "mean_loss"),
        ("probability", "prob_margin_call"),
        ("against_static_mean", "added_loss at 0"),
        ("against_static", "added_loss at 0.95"),
    ],
)
def test_an_error_in_an_estimator_is_seen(name: str, sees: str, small: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(estimators, name)

    def wrong(*args: Any, **kwargs: Any) -> Any:
        found = right(*args, **kwargs)
        if isinstance(found, tuple):
            return tuple(replace(one, value=one.value + 1e-6) for one in found)
        return replace(found, value=found.value + 1e-6)

    monkeypatch.setattr(estimators, name, wrong)
    assert sees in failed(small)


def test_an_error_twice_too_small_is_seen(small: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    right = estimators.mean
    monkeypatch.setattr(estimators, "mean", lambda *a, **k: replace(right(*a, **k), se=right(*a, **k).se / 2))
    assert "standard error of mean_loss over a bootstrap's" in failed(small)


def test_a_lost_path_of_the_histogram_is_seen(small: Run) -> None:
    histogram = small.output.loss[0].histogram
    counts = histogram.counts.copy()
    at = int(np.flatnonzero(counts)[0])
    counts[at] -= 1
    broken = replace(small.output.loss[0], histogram=replace(histogram, counts=counts))
    every = dict(small.output.distributions)
    every["fund_loss"] = [broken, *every["fund_loss"][1:]]
    output = replace(small.output, distributions=every)
    assert "histogram of loss: bins with another count" in failed(small._replace(output=output))


# -- paths aside ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fall", "near"), [(1 / 16 - 1e-12, True), (1 / 16 - 1e-5, False), (0.2 - 1e-11, False)])
def test_how_near_a_margin_call_came(fall: float, near: bool) -> None:
    """1 - 4 x = 0.2 x 4 (1 - x) at x = 1/16."""
    draws = falls(-fall)[:, :, 0]
    assert (nearest_threshold(single(steps=1), draws) <= 1e-9) is near


def hiked(level: float) -> Problem:
    """One fund whose broker asks for more above a level of `sigma/sigma_0`."""
    problem: Problem = overridden(single(steps=2), {"funds": {"hike_level": level, "hike_size": 0.5}})
    return problem


def test_how_near_a_hike_came() -> None:
    draws = falls(-0.01, -0.01)[:, :, 0]
    ratio = float(np.sqrt(simulate(single(steps=2), draws[:, :, None]).variance_ratio[0, 0, 0]))
    assert nearest_threshold(hiked(ratio * (1 + 1e-11)), draws) <= 1e-9
    assert nearest_threshold(hiked(ratio * (1 + 1e-6)), draws) > 1e-9


@pytest.mark.parametrize(("moves", "near"), [([0.0, 1e-12], True), ([0.0, 1e-6], False), ([0.0, 0.0], False)])
def test_how_near_a_down_day_came(moves: list[float], near: bool) -> None:
    """An index that stands still is no question of rounding."""
    problem = probe("square-root")
    draws = np.zeros((problem.steps, len(problem.assets.ids)))
    draws[:, 1] = -0.001
    draws[: len(moves), :] = np.array(moves)[:, None]
    assert (nearest_threshold(problem, draws) <= 1e-9) is near


def test_a_tenth_up_to_rounding_is_not_more_than_a_tenth(small: Run) -> None:
    table = small.output.stored
    assert table is not None
    share = table.metrics["called_share"]
    stored = replace(table, metrics=table.metrics | {"called_share": np.where(share > 0.1, share, 0.1 + 1e-7)})
    names = failed(small._replace(output=replace(small.output, stored=stored)))
    assert "called_nav_share" in names
    assert "prob_called_over_10pct" not in names
