"""What makes two runs the same run: each part of a run's identity is refused once, and each change is in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import stress
from short_desk import options, short_desk
from stress.engine import plan as planning
from stress.engine.sizes import devices_for
from stress.options import RunOptions
from stress.run_directory.spec import OtherRun, check_same, identity_digest, read_spec, spec_of, write_spec
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.problem import Problem

PARTS = {
    "scenario_sha256",
    "numbers_sha256",
    "seed",
    "paths",
    "precision",
    "members",
    "every_path_stored",
    "rng",
    "device_kind",
    "tile",
    "blocks",
    "jaxlib",
    "levstress",
}
BY_OPTION: dict[str, dict[str, Any]] = {
    "seed": {"seed": 6},
    "paths": {"paths": 9_000},
    "precision": {"precision": "float64"},
    "members": {"members": True},
    "every_path_stored": {"store": "paths"},
    "tile": {"tile": 64},
}
SAME: list[dict[str, Any]] = [{"block_size": 4_096}, {"devices": 1}, {"worst": 7}, {"store": "summary"}]


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build_problem(short_desk())


def asked(**changes: Any) -> RunOptions:
    return RunOptions(**(options(8_000) | changes))


def refused(old: dict[str, Any], new: dict[str, Any]) -> str:
    with pytest.raises(OtherRun) as caught:
        check_same("the run", old, new)
    return str(caught.value)


@pytest.mark.parametrize("part", sorted(PARTS - {"scenario_sha256"}))
def test_each_part_is_refused_by_name(part: str, problem: Problem, tmp_path: Path) -> None:
    spec = spec_of(problem, asked())
    assert set(spec["identity"]) == PARTS
    write_spec(tmp_path, spec)
    now = spec["identity"][part]
    spec["identity"][part] = "other"
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(OtherRun, match=re.escape(f"\n  {part}: other there, {now} now")):
        stress.resume(tmp_path)
    assert identity_digest(read_spec(tmp_path)) != identity_digest(spec_of(problem, asked()))


def test_another_scenario_is_refused_by_its_keys(problem: Problem) -> None:
    other = build_problem(short_desk("impact.coefficient=1.5", "margin.buffer=0.2"))
    said = refused(spec_of(problem, asked()), spec_of(other, asked()))
    for words in ("scenario_sha256", "numbers_sha256", "scenario.impact.coefficient: 1.0 there, 1.5 now"):
        assert words in said


@pytest.mark.parametrize("part", BY_OPTION)
def test_each_option_that_decides_a_number_is_in_it(part: str, problem: Problem) -> None:
    said = refused(spec_of(problem, asked()), spec_of(problem, asked(**BY_OPTION[part])))
    assert f"\n  {part}: " in said
    assert part in ("seed", "members", "precision") or "numbers_sha256" not in said


@pytest.mark.parametrize("changes", SAME)
def test_what_decides_no_number_is_not(changes: dict[str, Any], problem: Problem) -> None:
    check_same("the run", spec_of(problem, asked()), spec_of(problem, asked(**changes)))


@pytest.mark.parametrize(("part", "changes"), [("device_kind", {"kind": "gpu"}), ("tile", {"tile": 512})])
def test_another_device_is_in_it(
    part: str, changes: dict[str, Any], problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    (value,) = changes.values()
    here = spec_of(problem, asked())
    monkeypatch.setattr(planning, "devices_for", lambda *args: replace(devices_for(*args), **changes))
    assert f"\n  {part}: {here['identity'][part]} there, {value} now" in refused(here, spec_of(problem, asked()))
