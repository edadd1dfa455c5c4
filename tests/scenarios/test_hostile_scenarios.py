"""Hostile scenarios end in a refusal that says where and why, or in a problem whose numbers are sound."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import mutations
from hostile import TooSlow, check_message, watched
from mutations import Case
from scenario_example import example
from soundness import simulated, unsound
from stress.cli import app
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.canonical import digest
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import load_scenario, scenario_from_document


def judge(case: Case, folder: Path) -> tuple[str, Problem | None]:
    """ "refused" and nothing, or "sound" and the problem; anything else fails."""
    path = mutations.write(case, folder)
    with watched(), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ScenarioWarning)
        try:
            if case.document is not None:
                scenario = scenario_from_document(case.document, case.overrides, folder=folder)
            else:
                scenario = load_scenario(path, case.overrides)
            problem = build_problem(scenario)
        except ScenarioError as error:
            check_message(error)
            return "refused", None
        digest(problem.canonical)
    assert unsound(problem) == []
    assert re.fullmatch(r"\w[\w.-]{0,63}", problem.name, re.ASCII)
    return "sound", problem


def failures(many: Iterable[Case], folder: Path) -> tuple[Counter[str], list[str], list[tuple[str, Problem]]]:
    """How often each outcome came, what went wrong, and the problems that were sound."""
    outcomes: Counter[str] = Counter()
    wrong, sound = [], []
    for case in many:
        try:
            outcome, problem = judge(case, folder)
            if problem is not None:
                sound.append((case.what, problem))
        except (Exception, TooSlow) as error:
            outcome = "wrong"
            wrong.append(f"{case.what}\n    {type(error).__name__}: {str(error)[:300]}")
        outcomes[outcome] += 1
    return outcomes, wrong, sound


def test_mutations_are_refused_or_sound(tmp_path: Path) -> None:
    outcomes, wrong, _ = failures(mutations.cases(seed=11, count=250), tmp_path)
    assert wrong == []
    assert outcomes["refused"] > 200
    assert outcomes["sound"] > 10


@pytest.mark.slow
def test_ten_thousand_mutations_are_refused_or_sound(tmp_path: Path) -> None:
    outcomes, wrong, sound = failures(mutations.cases(seed=12, count=10_000), tmp_path)
    print(dict(outcomes))
    assert wrong == []
    assert simulated(sound[:: max(1, len(sound) // 20)]) == []


NUMBERS = (  # of the example: where a number may be as far out as the schema lets it
    ("funds/0/nav", (1e-300, 1e300, 1)),
    ("assets/0/adv", (1e-300, 1e300, 1)),
    ("assets/1/vol", (1e-300, 20)),
    ("shocks/dof", (2.0000001, 1e308)),
    ("shocks/drift", (-1e308, 1e308)),
    ("shocks/scale", (100,)),
    ("shocks/max_move", (1e-308, 1e308)),
    ("shocks/script/0/moves/semis", (1e30, 1e308)),
    ("retail", ({"per_percent": 1e300, "cap": 1e300, "budget": 1e300},)),
    ("impact", ({"coefficient": 100, "core": 1e-300}, {"law": "linear", "lambda": 1e300}, {"half_life": 1e-300})),
    ("margin/grace_steps", (2**62,)),
    ("triggers/cure_steps", (2**62,)),
    ("funds/0/margin/lockup_steps", (2**62,)),
    ("retail/fatigue", (100,)),
    ("liquidity", ({"evaporation": 10, "flow_sensitivity": 100, "floor": 1e-300},)),
    ("estimation", ({"levels": [1e-15, 0.999999999999999]}, {"detail_paths": 2**62})),
)


@pytest.mark.slow
def test_numbers_at_the_ends_of_their_ranges_run_or_are_refused() -> None:
    sound = []
    for path, values in NUMBERS:
        for value in values:
            document: Any = example()
            *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
            here = document
            for part in parents:
                here = here[part]
            here[last] = value
            try:
                problem = build_problem(scenario_from_document(document))
            except ScenarioError as error:
                check_message(error)
                continue
            assert unsound(problem) == []
            sound.append((f"{path} = {value}", problem))
    assert simulated(sound) == []


COMMANDS = (
    ("check", "scenario.toml"),
    ("check", "nowhere.toml"),
    ("check", "."),
    ("check", "/dev/zero"),
    ("check", "latin.toml"),
    ("check", "deep.toml"),
    ("check", "digits.toml"),
    ("check", "ok.toml", "--set", "=1"),
    ("check", "ok.toml", "--set", "funds.²=1"),
    ("check", "ok.toml", "--set", "name=../../x"),
    ("check", "ok.toml", "--set", "name=\udcff"),
    ("check", "ok.toml", "--set", "\udcff=1"),
    ("check", "ok.toml", "--set", "assets=" + "[" * 3000),
    ("check", "ok.toml", "--set", "funds.quant.nav=" + "9" * 5000),
    ("check", "ok.toml", "--set", "x\x1b[31m=1"),
    ("check", "ok.toml", "--set", "assets=/dev/zero"),
    ("run", "ok.toml", "--out", "ok.toml"),
    ("run", "ok.toml", "--out", "ok.toml/below"),
    ("run", "ok.toml", "--out", "x" * 300),
    ("run", "ok.toml", "--paths", "nan"),
    ("run", "ok.toml", "--paths", "1e400"),
    ("run", "ok.toml", "--paths", "9" * 5000),
    ("run", "ok.toml", "--seed", "-1"),
    ("run", "ok.toml", "--seed", "1" + "0" * 30),
    ("run", "ok.toml", "--max-memory", "1e400 GB"),
    ("run", "ok.toml", "--worst", "-1"),
    ("run", "ok.toml", "--block-size", "0"),
    ("show", "."),
    ("show", "ok.toml"),
    ("show", "nowhere"),
    ("show", "bad"),
)


def in_a_process(arguments: tuple[str, ...]) -> tuple[int, bytes, bytes]:
    """Exit code, stdout and stderr of the command."""
    done = subprocess.run(
        [sys.executable, "-c", "from stress.cli import main; main()", *arguments],
        capture_output=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return done.returncode, done.stdout, done.stderr


def in_this_process(arguments: tuple[str, ...]) -> tuple[int, bytes, bytes]:
    with watched(60):
        done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout_bytes, done.stderr_bytes


@pytest.mark.parametrize(
    ("call", "commands"),
    [
        pytest.param(in_this_process, COMMANDS, id="here"),
        pytest.param(in_a_process, COMMANDS[3::4], id="some in a process"),
        pytest.param(in_a_process, COMMANDS, id="all in a process", marks=pytest.mark.slow),
    ],
)
def test_the_command_line_ends_with_2_or_3_and_no_traceback(
    call: Callable[[tuple[str, ...]], tuple[int, bytes, bytes]],
    commands: tuple[tuple[str, ...], ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ok.toml").write_text(mutations.to_toml(example()))
    (tmp_path / "scenario.toml").write_bytes(b"\0\xff")
    (tmp_path / "latin.toml").write_bytes("name = 'é'".encode("latin-1"))
    (tmp_path / "deep.toml").write_text("a = " + "[" * 50_000)
    (tmp_path / "digits.toml").write_text("schema = " + "9" * 5000)
    (tmp_path / "bad" / "result.zarr").mkdir(parents=True)
    (tmp_path / "bad" / "result.zarr" / "zarr.json").write_text("{}")
    before = sorted(path.name for path in tmp_path.iterdir())
    wrong = []
    for arguments in commands:
        code, printed, said = call(arguments)
        if code not in (2, 3) or b"Traceback" in said or b"\x1b" in said or printed:
            wrong.append((arguments[:4], code, said[-300:]))
    assert wrong == []
    assert sorted(path.name for path in tmp_path.iterdir()) == before
