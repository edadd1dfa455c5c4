"""The suite for a GPU machine: steps within a budget, what is read from a profile, and all of it on a CPU, tiny."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import stress
from checkout import ROOT, benchmark_script
from library_scenarios import problem_of
from stress.options import Progress

BENCHMARKS = ROOT / "benchmarks"


gpu_steps, gpu_profile = benchmark_script("gpu_steps"), benchmark_script("gpu_profile")
SHARES = {"one": 0.5, "two": 0.25, "three": 0.25}


class Clock:
    """Seconds that go by when a step says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def step(self, part: str, name: str, thought: float, takes: float) -> Any:
        def work() -> dict[str, str]:
            self.now += takes
            return {"step": name}

        return gpu_steps.Step(part, name, thought, work)


def test_each_part_has_its_share_and_what_it_leaves_goes_to_the_next(tmp_path: Path) -> None:
    clock, out = Clock(), tmp_path / "report.json"
    steps = gpu_steps.Steps(SHARES, 100.0, out, {"machine": "this"}, clock.now, clock)
    plan = [("one", "a", 40, 45), ("one", "b", 6, 1), ("two", "c", 30, 25), ("two", "d", 5, 1), ("three", "e", 25, 25)]
    for part, name, thought, takes in plan:
        steps.do(clock.step(part, name, thought, takes))
        assert json.loads(out.read_text()) == steps.report, "what is done is in the file"
    steps.do(clock.step("three", "f", 5.5, 1))
    steps.do(clock.step("not asked for", "g", 0, 1))
    report = json.loads(out.read_text())
    assert report["machine"] == "this"
    assert {part: [entry["step"] for entry in report[part]] for part in SHARES} == {
        **{"one": ["a"], "two": ["c", "d"], "three": ["e"]}
    }
    assert [(line["part"], line["step"]) for line in report["left_out"]] == [("one", "b"), ("three", "f")]
    assert report["left_out"][0]["why"] == "6 s needed, 5 s left of the part"
    assert report["seconds"] == {"one: a": 45.0, "two: c": 25.0, "two: d": 1.0, "three: e": 25.0}
    assert list(tmp_path.iterdir()) == [out]


def test_an_error_is_told_and_the_rest_goes_on() -> None:
    clock = Clock()
    steps = gpu_steps.Steps(SHARES, 100.0, None, {}, clock.now, clock)
    steps.do(gpu_steps.Step("one", "bad", 1, lambda: os.environ["ABSENT"]))
    steps.do(gpu_steps.Step("one", "good", 1, lambda: [1, 2]))
    assert steps.report["failed"] == [{"part": "one", "step": "bad", "error": "KeyError: 'ABSENT'"}]
    assert steps.report["one"] == [1, 2]
    steps.stop("enough")
    steps.do(clock.step("two", "late", 1, 1))
    assert (steps.report["two"], steps.report["stopped"]) == ([], "enough")


def test_a_step_that_hangs_ends_with_the_budget(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib\n"
        "from gpu_steps import Step, Steps\n"
        "steps = Steps({'one': 1.0}, 0.5, pathlib.Path(sys.argv[1]), {}, time.monotonic())\n"
        "with steps.killed_in_time(5):\n"
        "    steps.do(Step('one', 'quick', 0, lambda: 1))\n"
        "    steps.do(Step('one', 'slow', 0, lambda: time.sleep(60)))\n"
    )
    out = tmp_path / "report.json"
    call = [sys.executable, "-c", code, str(out)]
    done = subprocess.run(call, cwd=BENCHMARKS, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 5, done.stderr
    report = json.loads(out.read_text())
    assert report["one"] == [1]
    assert report["stopped"] == "the budget of 0.5 s was over in the middle of one: slow"


class Event(NamedTuple):
    name: str
    start_ns: float
    duration_ns: float
    stats: tuple[tuple[str, Any], ...] = ()


class Line(NamedTuple):
    name: str
    events: list[Event]


class Plane(NamedTuple):
    name: str
    lines: list[Line]


class Profile(NamedTuple):
    planes: list[Plane]


def test_kernels_are_those_of_the_streams_of_a_gpu_and_overlap_counts_once() -> None:
    streams = [
        Line("Stream #1(Compute)", [Event("sum", 100, 50), Event("sum", 200, 50), Event("MemcpyD2D", 300, 10)]),
        Line("Stream #2(Compute)", [Event("wide", 120, 100), Event("wide", 390, 10)]),
        Line("XLA Ops", [Event("whole", 0, 1_000)]),
    ]
    host = Plane("/host:CPU", [Line("python", [Event("sum", 0, 5_000, (("hlo_op", "sum"),))])])
    found = gpu_profile.summary(Profile([host, Plane("/device:GPU:0", streams)]))
    assert (found["kernels"], found["copies"], found["different_kernels"]) == (5, 1, 3)
    assert found["device_seconds"] == pytest.approx(300e-9)
    assert found["busy_share"] == pytest.approx((150 + 10 + 10) / 300)
    assert [(line["kernel"], line["times"]) for line in found["slowest"]] == [("wide", 2), ("sum", 2), ("MemcpyD2D", 1)]
    assert found["slowest"][0]["seconds"] == pytest.approx(110e-9)


def test_without_a_gpu_they_are_the_operations_and_nothing_may_be_there() -> None:
    one, loop = (("hlo_op", "a"), ("run", 1)), (("hlo_op", "w"),)
    events = [Event("a", 0, 10, one), Event("while.2", 0, 90, loop), Event("waiting", 0, 50), Event("a", 20, 20, one)]
    found = gpu_profile.summary(Profile([Plane("/host:CPU", [Line("thread", events)])]))
    assert (found["kernels"], found["busy_share"]) == (2, pytest.approx(0.75))
    nothing = gpu_profile.summary(Profile([]))
    assert (nothing["kernels"], nothing["busy_share"], nothing["slowest"]) == (0, 0.0, [])


def gpu_suite(*words: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, str(BENCHMARKS / "gpu_suite.py"), *words]
    return subprocess.run(call, capture_output=True, text=True, check=False, env={**os.environ, "JAX_PLATFORMS": "cpu"})


def test_it_says_that_there_is_no_gpu() -> None:
    done = gpu_suite()
    assert done.returncode == 4
    assert "no GPU" in done.stderr


def runs_on_a_cpu(out: Path, *words: str) -> dict[str, Any]:
    done = gpu_suite("--allow-cpu", "--out", str(out), *words)
    report: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert done.returncode == 0, (done.stderr, report["failed"])
    assert "agreement with the CPU" in done.stdout
    assert all(line["passed"] for line in report["agreement"])
    assert not [*report["failed"], *report["left_out"], *report["stopped"]]
    for line in report["rates"] + report.get("tiles", []):
        assert line["of_predicted"] == pytest.approx(line["paths_per_second"] / line["predicted"])
        assert line["paths_per_second"] > 0
    for line in report["profile"]:
        assert 0.0 < line["busy_share"] <= 1.0
        assert line["kernels"] > line["different_kernels"] > 10
        assert line["predicted_kernels_a_tile"] > 100
    return report


def test_it_runs_on_a_cpu_at_tiny_size(tmp_path: Path) -> None:
    words = ("--workloads", "desk", "--parts", "agreement", "rates", "profile")
    report = runs_on_a_cpu(tmp_path / "gpu.json", *words)
    assert len(report["agreement"]) == 5
    assert [(line["workload"], line["tile"]) for line in report["rates"]] == [("desk", 1_024)]
    assert [(line["workload"], line["program"]) for line in report["profile"]] == [("desk", "quiet"), ("desk", "sales")]
    assert "tiles" not in report


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Any:
    from stress.bench.suite import load_workload
    from stress.engine.devices import set_up

    monkeypatch.syspath_prepend(str(BENCHMARKS))
    given = argparse.Namespace(paths=1e9, budget=400.0, tiles=[64, 1_024], seconds=1.0)
    names = ("desk-calm", "tariff-2025", "ai-unwind-2026")
    return benchmark_script("gpu_suite").Suite(set_up("cpu", 1), [load_workload(name) for name in names], given)


def test_the_heavy_scenarios_are_in_every_part_but_the_long_run(suite: Any) -> None:
    by_part: dict[str, list[str]] = {}
    for step in suite.steps():
        by_part.setdefault(step.part, []).append(step.name)
    every = ["desk-calm", "tariff-2025", "ai-unwind-2026"]
    assert by_part == {
        "agreement": ["numbers", *every],
        "rates": every,
        "profile": every,
        "long_run": ["desk-calm"],
        "tiles": ["desk-calm, 64", *(f"{name}, {tile}" for name in every[1:] for tile in ("64", "1,024"))],
    }
    tariff = suite.problems[1]
    assert suite.compiling(tariff, 64) == 0.0
    suite.tiny = False  # as on a GPU: by the ledger
    known = [one.compile_seconds for one in suite.ledger.programs if one.scenario == "tariff-2025"]
    assert suite.compiling(tariff, 64) == pytest.approx(1.5 * sum(known))
    assert known
    assert suite.compiling(problem_of("calm"), 64) == 40.0
    suite.simulators["tariff-2025", 64] = None
    assert suite.compiling(tariff, 64) == 0.0, "it is there"


@pytest.mark.parametrize("seconds_each", [1.0, 30.0])
def test_the_long_run_is_that_of_the_command_and_stops_in_its_time(
    seconds_each: float, suite: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, asked = Clock(), dict[str, Any]()

    def run(problem: Any, out: Path, progress: Any, **options: Any) -> Any:
        asked.update(options, name=problem.name)
        for done in (0, 2 * 10**8, 4 * 10**8, 6 * 10**8, 8 * 10**8, 10**9):
            clock.now += seconds_each
            progress(Progress(done, 10**9, "paths" if done else "compiling"))
        return type("Tree", (), {"attrs": {"seconds": '{"paths": 5.0}'}})

    monkeypatch.setattr(stress, "run", run)
    monkeypatch.setattr("time.perf_counter", clock)
    found = suite.long_run()
    assert (asked["name"], asked["paths"], asked["store"], asked["device"]) == ("desk-calm", 10**9, "summary", "cpu")
    assert found["stopped"] == (seconds_each == 30.0), "a quarter of the budget"
    assert found["paths_done"] == (6 * 10**8 if found["stopped"] else 10**9)
    assert found["seconds_until_the_first_paths"] == 2 * seconds_each
    assert found["paths_per_second"] == pytest.approx(2e8 / seconds_each)
    assert found["seconds_by_phase"] == ({} if found["stopped"] else {"paths": 5.0})
    assert found["predicted_by_the_device"] > 1e6


@pytest.mark.slow
def test_every_part_runs_on_a_cpu_with_the_heavy_scenarios(tmp_path: Path) -> None:
    report = runs_on_a_cpu(tmp_path / "gpu.json", "--workloads", "tariff-2025", "ai-unwind-2026")
    assert len(report["agreement"]) == 7
    assert [line["workload"] for line in report["profile"]] == ["tariff-2025", "ai-unwind-2026"]
    assert [line["tile"] for line in report["rates"] + report["tiles"]] == [128, 128, 256, 256]
    (long_run,) = report["long_run"]
    assert long_run["paths_done"] == long_run["paths_asked_for"] == 4_096
    assert long_run["seconds_by_phase"]["paths"] > 0
    assert not long_run["stopped"]
