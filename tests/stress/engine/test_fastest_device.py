"""`--device auto`: where a run is predicted to end first, told in words; a GPU need not be there to ask."""

from __future__ import annotations

import math
from typing import Any

import pytest

from library_scenarios import problem_of
from stress.bench.gpu_ledger import read_ledger
from stress.engine import sizes
from stress.engine.devices import set_up as machine
from stress.engine.fastest_device import CORES_OF_A_GPU, START, fastest_device, predicted_seconds, rows_of
from stress.engine.plan import plan
from stress.options import RunOptions

DESK, TARIFF = problem_of("desk"), problem_of("tariff-2025")


def test_without_a_gpu_it_is_the_cpu() -> None:
    assert fastest_device(DESK, 10**12, 2, 0) == ("cpu", "no GPU that JAX can use")


@pytest.mark.parametrize(
    ("paths", "cores", "kind"), [(10_000, 2, "cpu"), (10**9, 2, "gpu"), (10**8, 2, "gpu"), (10**7, 64, "cpu")]
)
def test_a_gpu_is_for_long_runs(paths: int, cores: int, kind: str) -> None:
    for problem in (DESK, TARIFF):
        assert fastest_device(problem, paths, cores, 1)[0] == kind


def test_the_reason_has_both_predictions() -> None:
    kind, why = fastest_device(TARIFF, 10**7, 2, 2, 1)
    on_gpu = predicted_seconds(TARIFF, 10**7, "gpu", CORES_OF_A_GPU)
    on_cpu = predicted_seconds(TARIFF, 10**7, "cpu", 2)
    assert on_gpu < on_cpu
    assert (kind, why) == ("gpu", f"predicted: {on_gpu:,.0f} s on 1 GPU, {on_cpu:,.0f} s on 2 cores")


def test_more_devices_than_there_are_gpus_are_of_the_cpu() -> None:
    assert fastest_device(DESK, 10**12, 16, 1, 4) == ("cpu", "4 devices asked for, of GPUs there are 1")


def test_a_run_takes_its_start_and_its_paths() -> None:
    for kind, (fixed, each) in START.items():
        start = predicted_seconds(TARIFF, 0, kind, 2)  # type: ignore[arg-type]
        assert start == pytest.approx(fixed + each * rows_of(TARIFF))
        one = predicted_seconds(TARIFF, 10**6, kind, 2) - start  # type: ignore[arg-type]
        assert predicted_seconds(TARIFF, 2 * 10**6, kind, 2) - start == pytest.approx(2 * one)  # type: ignore[arg-type]
        assert predicted_seconds(TARIFF, 10**6, kind, 4) - start == pytest.approx(one / 2)  # type: ignore[arg-type]
    assert predicted_seconds(TARIFF, 0, "gpu", 1) > predicted_seconds(TARIFF, 0, "cpu", 1)
    host = predicted_seconds(DESK, 10**9, "gpu", 10**6) - predicted_seconds(DESK, 10**8, "gpu", 10**6)
    assert host == pytest.approx(0.9e9 * 2e-7), "the host keeps up with no more"


def test_the_model_is_that_of_the_ledger_within_a_factor() -> None:
    ledger = read_ledger()
    assert ledger is not None
    off = []
    for name in dict.fromkeys(one.scenario for one in ledger.programs):
        problem, compiling = problem_of(name), sum(x.compile_seconds for x in ledger.programs if x.scenario == name)
        start, cells = predicted_seconds(problem, 0, "gpu", 1), len(problem.assets.ids) * rows_of(problem)
        assert compiling < start < 6 * compiling  # they are seconds of a machine that may have had other work
        off.append(math.log(ledger.rate(name) * cells * problem.steps * 5e-10 / CORES_OF_A_GPU))
    assert abs(sum(off) / len(off)) < math.log(5), "set CORES_OF_A_GPU by the ledger"


def test_what_is_chosen_is_set_up_planned_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def set_up(kind: str, devices: int | None) -> Any:
        asked.append((kind, devices))
        return machine("cpu", devices)

    monkeypatch.setattr(sizes, "set_up", set_up)
    monkeypatch.setattr(sizes, "gpus", lambda devices: 1)
    monkeypatch.setattr(sizes, "available_cores", lambda: 2)
    few = plan(DESK, RunOptions(paths=1_000))
    assert few.device_why == fastest_device(DESK, 1_000, 2, 1)[1]
    sizes.devices_for(DESK, RunOptions(paths=10**9))
    assert sizes.devices_for(DESK, RunOptions(paths=10**9, devices=1)).why == fastest_device(DESK, 10**9, 1, 1, 1)[1]
    assert asked == [("cpu", None), ("gpu", None), ("gpu", 1)]
    assert plan(DESK, RunOptions(paths=1_000, device="cpu")).device_why == ""
