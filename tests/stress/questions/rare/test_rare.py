"""Rare losses by importance sampling: known probabilities, plain paths that contradict, and every way to show it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from typer.testing import CliRunner

import stress
from stress.cli import app
from stress.engine.weighted import paths as weighted_paths
from stress.engine.weighted.method import Method
from stress.engine.weighted.mixture import Mixture, weights
from stress.engine.weighted.paths import MethodSimulator, paths_of
from stress.options import Progress, RunOptions
from stress.questions.lean import run_lean
from stress.questions.rare.asked import read_asked, row_of
from stress.questions.rare.choose import _joined, chosen
from stress.questions.rare.rare import answer, rare_problem
from stress.results.answers.rare.curve import rows, thresholds
from stress.results.answers.rare.estimates import Paths
from stress.results.answers.rare.event import event_of, paths_to_check
from stress.results.answers.rare.words import chances, gain_of, verdict_of
from stress.results.files.store import RunExists, UnfinishedRun
from stress.run_directory.location import location_of
from stress.run_directory.spec import OtherRun
from stress.scenarios.problem import Problem
from tilts import some_mixture
from tiny import make_problem, single

PROBLEM = replace(single(cascade={"feedback": False}), input_hashes={})
OPTIONS = RunOptions(paths=20_000, seed=5, device="cpu")
FAT = make_problem(steps=2)


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "80"})


def answered_by(problem: Problem, options: RunOptions, method: Method) -> xr.DataTree:
    method = replace(method, paths=options.paths)
    return answer(problem, options, method, paths_of(MethodSimulator(problem, options, method)))


def exact(loss: float) -> float:
    """P(loss > x) of four times the asset, three gaussian steps."""
    return float(stats.norm.cdf(math.log1p(-loss / 4) / (0.16 * math.sqrt(3 / 252))))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rare") / "answer"
    rare_problem(PROBLEM, OPTIONS, read_asked("loss(f) > 30 %", PROBLEM), location_of(out))
    return out


@pytest.fixture(scope="module")
def tree(written: Path) -> xr.DataTree:
    return stress.open_result(written)


def test_a_known_probability_of_one_in_a_hundred_thousand(tree: xr.DataTree) -> None:
    table, health = tree["rare"].to_dataset(), tree["weights"].to_dataset()
    assert exact(0.3) < 2e-5
    assert abs(float(table["answer"]) - exact(0.3)) < 3 * float(table["answer_se"])
    assert float(table["answer_se"]) < 0.03 * exact(0.3)
    assert tree.attrs["method"] == "tilt"
    assert tree.attrs["plain_check"] == "not verified"
    assert abs(float(health["mean_weight"]) - 1) < 3 * float(health["mean_weight_se"])
    assert float(health["largest_weight"]) < 5.01
    for loss, value, se in zip(table["loss"], table["prob_loss_over"], table["prob_loss_over_se"], strict=True):
        assert abs(float(value) - exact(float(loss))) < 4 * float(se)


def test_the_shift_is_near_the_mean_of_the_normals_on_the_paths_of_the_event(tree: xr.DataTree) -> None:
    """Which it would be by cross-entropy, in closed form; without the pilot's weights it would lie a fifth beyond."""
    fitted = json.loads(tree.attrs["tilt"])
    threshold = stats.norm.isf(exact(0.3))
    mean = -stats.norm.pdf(threshold) / exact(0.3) / math.sqrt(3)
    np.testing.assert_allclose(np.outer(fitted["course"], fitted["every"]).ravel(), mean, rtol=0.06)


def test_the_same_numbers_whatever_travels_together(tree: xr.DataTree) -> None:
    options = replace(OPTIONS, block_size=2048, devices=1)
    again = rare_problem(PROBLEM, options, read_asked("loss(f) > 30 %", PROBLEM), None)
    xr.testing.assert_identical(again["rare"].to_dataset(), tree["rare"].to_dataset())
    assert again.attrs["tilt"] == tree.attrs["tilt"]


def test_an_answer_that_was_stopped_goes_on_to_the_same_bits(
    written: Path, tree: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weighted_paths, "PATHS_OF_A_CHUNK", 6_000)
    asked, out = read_asked("loss(f) > 30 %", PROBLEM), location_of(tmp_path / "answer")
    begun = 0

    def stops(progress: Progress) -> None:
        nonlocal begun
        begun += progress.phase.startswith("paths for") and progress.done_paths > 12_000
        if begun == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rare_problem(PROBLEM, OPTIONS, asked, out, progress=stops)
    kept = sorted(path.name for path in (tmp_path / "answer" / "blocks").iterdir())
    assert kept
    with pytest.raises(OtherRun, match="method auto there, screen now"):
        rare_problem(PROBLEM, OPTIONS, asked, out, wanted="screen", resume=True)
    spec = tmp_path / "answer" / "spec.json"
    before = spec.read_bytes()
    for old, new in ('"row": 0', '"row": -1'), ('"bound": 0.3', '"bound": 0.2'), ('"course": [', '"course": [1e999, '):
        assert old in before.decode()
        spec.write_text(before.decode().replace(old, new), encoding="utf-8")
        with pytest.raises(UnfinishedRun, match="has been changed: its method"):
            rare_problem(PROBLEM, OPTIONS, asked, out, resume=True)
    spec.write_bytes(before)
    monkeypatch.setattr("stress.questions.rare.rare.chosen", None)  # nothing is fitted again
    again = rare_problem(PROBLEM, OPTIONS, asked, out, resume=True)
    xr.testing.assert_identical(again["rare"].to_dataset(), tree["rare"].to_dataset())
    xr.testing.assert_identical(again["weights"].to_dataset(), tree["weights"].to_dataset())
    assert set(kept) < {path.name for path in (tmp_path / "answer" / "blocks").iterdir()}


def test_a_directory_that_is_taken_is_refused_before_any_pilot(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for where in ("stress.questions.rare.rare.chosen", "stress.questions.rare.beside.chosen"):
        monkeypatch.setattr(where, None)
    with pytest.raises(RunExists, match="already holds a finished run"):
        stress.rare(PROBLEM, "loss(f) > 30 %", out=written)
    with pytest.raises(RunExists, match="already holds a finished run"):
        stress.run(PROBLEM, out=written, method="tilt", question="loss(f) > 30 %")
    with pytest.raises(OtherRun, match="for loss"):  # that nothing is left is not true of another question
        stress.rare(PROBLEM, "loss(f) > 20 %", out=written, resume=True)
    with pytest.raises(OtherRun, match="seed"):
        rare_problem(
            PROBLEM, replace(OPTIONS, seed=99), read_asked("loss(f) > 30 %", PROBLEM), location_of(written), resume=True
        )
    with pytest.raises(RunExists, match="nothing is left to compute"):
        rare_problem(PROBLEM, OPTIONS, read_asked("loss(f) > 30 %", PROBLEM), location_of(written), resume=True)


def test_a_group_and_a_member_are_asked_about_by_their_id() -> None:
    grouped = replace(FAT, fund_groups={"pair": tuple(FAT.funds.types[:2])})
    asked = read_asked("var(pair, 0.95)", grouped)
    assert row_of(asked, grouped) == len(FAT.funds.types)
    options = RunOptions(paths=2_000, seed=3, device="cpu")
    found = rare_problem(grouped, options, asked, None, wanted="plain")
    stored = run_lean(grouped, options).of_groups["pair"].stored
    assert stored is not None
    losses = np.sort(stored.metrics["fund_loss"][-1])
    assert float(found["rare"]["answer"]) == losses[1_900 - 1]
    member = read_asked(f"default({FAT.funds.ids[1]})", FAT, members=True)
    assert row_of(member, FAT, members=True) == 1


@pytest.mark.slow
def test_fat_tails_agree_with_plain_paths() -> None:
    options = RunOptions(paths=16_000, seed=3, device="cpu")
    asked = read_asked("es(system, 0.999)", FAT)
    method = chosen(FAT, options, "auto", asked)
    assert method.name == "tilt"
    assert method.expected[0] > 1.5
    assert isinstance(method.numbers, Mixture)
    assert len(method.numbers.slots) == 2 + 2 * 2  # a large shock, or a large scale, at each of two steps
    tilted = answered_by(FAT, options, method)
    usual = rare_problem(FAT, replace(options, paths=200_000), asked, None, wanted="plain")
    assert usual.attrs["method"] == "plain"
    assert usual.attrs["plain_check"] == "plain"
    for name in ("es", "var"):
        for level in (0.99, 0.999):
            a, b = (x["rare"].to_dataset().sel(level=level) for x in (tilted, usual))
            error = math.hypot(float(a[f"{name}_se"]), float(b[f"{name}_se"]))
            assert abs(float(a[name]) - float(b[name])) < 3.5 * error, (name, level)
    assert tilted.attrs["plain_check"] in ("agrees", "not verified")


def test_plain_paths_contradict_a_tilt_that_misses_most_of_the_event() -> None:
    options = RunOptions(paths=60_000, seed=2, device="cpu")
    method = chosen(PROBLEM, options, "tilt", read_asked("loss(f) > 8 %", PROBLEM))  # one path in fifty
    assert isinstance(method.numbers, Mixture)
    shifts = method.numbers.shifts
    away = replace(method.numbers, shifts=shifts._replace(every=-5 * shifts.every))
    tree = answered_by(PROBLEM, options, replace(method, numbers=away))
    assert tree.attrs["plain_check"] == "rejected"
    assert tree["weights"]["largest_weight"] < 5.01


def test_weights_are_those_of_the_balance_heuristic() -> None:
    ratios = np.log(np.array([[1.0, 1.0, 1.0], [0.5, 2.0, 4.0]]))
    found = weights(ratios, np.array([1, 2]))
    np.testing.assert_allclose(found, 1 / (1 / 3 + 2 / 3 * np.array([0.5, 2.0, 4.0])))
    tilted = Paths(np.zeros(3), found, np.ones(3, bool), np.array([0, 1, 1]), "tilt").tilted_alone(np.ones(3, bool))
    assert tilted.value == pytest.approx((1 / 2 + 1 / 4) / 2)  # against the tilted ones alone


def test_any_range_of_ids_is_balanced() -> None:
    mixture = some_mixture(1, 3)
    assert mixture.slots.sum() == 1000
    for first in (0, 123, 2**63):
        there = mixture.components(np.uint64(first) + np.arange(100, dtype=np.uint64))
        shares = np.bincount(there, minlength=8) / 100
        np.testing.assert_allclose(shares, mixture.slots / 1000, atol=0.05)
        ids = np.uint64(first) + np.arange(2345, dtype=np.uint64)
        np.testing.assert_array_equal(mixture.counts(first, 2345), np.bincount(mixture.components(ids), minlength=8))


def test_draws_that_are_no_normals_are_refused() -> None:
    refused = invoke("rare", "desk", "--set", "shocks.model=none", "--dry-run", "--method", "tilt")
    assert refused.exit_code == 3
    assert "gaussian, student_t, factor, garch" in refused.output


def test_it_is_shown_again_in_json_and_as_a_page(written: Path, tree: xr.DataTree) -> None:
    shown = invoke("show", str(written))
    assert shown.exit_code == 0, shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    assert "loss(f) > 30 %" in shown.output
    assert "Not verified by plain paths" in shown.output
    assert "over 3 days: loss(f) > 30 %" in shown.output
    document = json.loads(invoke("show", str(written), "--json").output)
    assert document["answer"]["value"] == float(tree["rare"]["answer"])
    assert document["tilt_sha256"] == json.loads(tree.attrs["tilt"])["sha256"]
    spec = json.loads((written / "spec.json").read_text(encoding="utf-8"))
    assert spec["identity"]["question"]["method"]["numbers"]["sha256"] == document["tilt_sha256"]
    assert invoke("report", str(written)).exit_code == 0
    assert "The rare loss" in (written / "report.html").read_text(encoding="utf-8")
    assert tree.stress.plot.rare().get_yscale() == "log"
    assert invoke("resume", str(written)).exit_code == 3


def test_thresholds_are_round_numbers_that_were_simulated_and_no_more_than_the_whole_nav(tree: xr.DataTree) -> None:
    losses = tree["rare"].to_dataset()["loss"].values
    shown = 100 * losses[rows(losses)]
    assert 3 <= len(shown) <= 8
    assert all(float(f"{x:.2g}") == round(x, 9) for x in shown)
    far = 3.0 * np.linspace(0.0, 1.0, 5_000) ** 20
    paths = Paths(far, np.ones(5_000), far > 1, np.zeros(5_000, np.int64), "plain")
    assert thresholds(paths, 0.0, 0.0)[-1] == 1.0
    assert 2.4 <= thresholds(paths, 0.0, 2.5)[-1] <= 2.5  # what was asked about lies beyond
    still = Paths(np.full(50, -0.0), np.ones(50), np.zeros(50, bool), np.zeros(50, int))
    assert not np.signbit(thresholds(still, 0.0, 0.0)).any()  # "-0" would be shown
    assert rows(np.linspace(0.1128, 0.3389, 60)) == list(range(0, 60, 8))  # of an older result


def test_how_many_paths_would_have_verified_it(tree: xr.DataTree) -> None:
    enough = paths_to_check(tree)
    assert enough is not None
    plain = float(tree["weights"]["share"].sel(component="plain"))
    assert 1.1 <= enough * plain * float(tree["rare"]["answer"]) / 10 < 1.2
    assert f"with --paths {enough} there would be enough" in verdict_of(tree)
    far = tree.copy(deep=True)
    far["weights"] = xr.DataTree(far["weights"].to_dataset().assign(plain_expected=1e-9))
    assert re.search(r"; some \de\+1\d paths would have enough\.$", verdict_of(far))
    assert event_of(tree) == ""  # the question says it


def test_dry_run(tmp_path: Path) -> None:
    dry = invoke("rare", "desk", "--dry-run", "--json", "--out", str(tmp_path / "new"))
    assert json.loads(dry.stdout)["for"] == "es(system, 0.999)"
    assert json.loads(dry.stdout)["pilot_paths_at_most"] == 9 * 16_384 + 65_536
    plain = invoke("rare", "desk", "--dry-run", "--paths", "2e3", "--method", "plain")
    assert "paths:    2,000, float32" in plain.stdout
    assert not (tmp_path / "new").exists()


def test_tiny_probabilities_are_written_in_one_unit() -> None:
    assert chances(1.4e-7, 4.99e-9, 1.3e-7, 1.5e-7) == ("1.40e-07", "±0.05e-07", "1.30e-07 to 1.50e-07")
    assert chances(0.0356, 0.000593, 0.0348, 0.0371) == ("3.56 %", "±0.06 %", "3.48 % to 3.71 %")
    assert chances(1.7e-7, math.inf, 0.0, 1.0) == ("1.70e-07", "±?", "")  # too few paths: no interval from 0 to 1
    assert chances(0.0018, 1e-5, 0.00178, 0.00182) == ("0.1800 %", "±0.0010 %", "0.1780 % to 0.1820 %")
    assert chances(0.0018, 1e-9, 0.0018, 0.0018)[1] == "±<0.0001 %"
    assert chances(0.0, 3e-5, 0.0, 2e-4) == ("0", "", "below 0.0002")
    assert chances(0.0, math.inf, 0.0, 2e-4) == ("0", "", "below 0.0002")
    assert chances(math.nan, math.nan, math.nan, math.nan) == ("-", "", "")


def test_every_reason_for_plain_paths_is_given() -> None:
    missed, none = "the pilot did not find the event", "the pilot shows no gain for this question"
    assert _joined({"tilt": missed, "screen": none}) == f"{missed} (importance sampling); {none} (screening)"
    assert _joined({"tilt": none, "screen": none}) == none


def test_paths_so_few_that_none_is_tilted() -> None:
    options = replace(OPTIONS, paths=1)
    method = chosen(PROBLEM, options, "tilt", read_asked("loss(f) > 8 %", PROBLEM))
    assert isinstance(method.numbers, Mixture)
    tree = answered_by(PROBLEM, options, method)
    assert tree.attrs["method"] == "plain"
    assert "tilt" not in tree.attrs
    assert verdict_of(tree) == "Plain paths: there are so few that none is tilted."
    assert gain_of(tree) == ""
