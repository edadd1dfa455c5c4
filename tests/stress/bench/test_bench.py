"""The benchmark: baselines that do the same work as the twin, parts that add up, and the commands around them."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import util
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from flat import limits_of
from stress.bench import suite
from stress.bench.desk import NotTheDeskModel, desk_of
from stress.bench.measure import Sample, alternate, ratio, repeat
from stress.bench.numba_paths import NumbaPaths
from stress.bench.numpy_block import BlockSimulator
from stress.bench.numpy_workers import NumpyWorkers
from stress.bench.street import street_problem
from stress.cli import app
from stress.reference.result import Result, simulate
from stress.scenarios.library import library_path
from stress.scenarios.start import start_table

FIVE = ("desk-calm", "desk", "tariff-2025", "ai-unwind-2026", "street")
PATHS = 120
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def problem_and_draws(name: str, precision: str) -> tuple[Any, np.ndarray[Any, Any], Result]:
    problem = suite.load_workload(name)
    desk = desk_of(problem, precision)
    normals = np.random.default_rng(5).standard_normal((problem.steps, len(problem.assets.ids), PATHS))
    draws = np.einsum("ij,sjp->sip", desk.draw_matrix, normals) + desk.draw_mean[:, None]
    return desk, normals, simulate(problem, draws)


def numpy_losses(desk: Any, normals: np.ndarray[Any, Any], precision: str) -> np.ndarray[Any, Any]:
    step = iter(normals)
    loss, defaults = BlockSimulator(desk, normals.shape[-1], precision).simulate(lambda out: np.copyto(out, next(step)))
    assert defaults == 0
    return loss


def assert_same(loss: np.ndarray[Any, Any], theirs: Result, tolerance: float) -> None:
    np.testing.assert_allclose(loss[:-1], theirs.loss, rtol=0, atol=tolerance)
    np.testing.assert_allclose(loss[-1], theirs.group_loss[-1], rtol=0, atol=tolerance)


@pytest.mark.parametrize("precision", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [pytest.param("desk-calm", marks=pytest.mark.slow), "desk"])
def test_the_baselines_do_the_work_of_the_twin_path_by_path(name: str, precision: str) -> None:
    desk, normals, theirs = problem_and_draws(name, precision)
    called = (theirs.first_call_step > 0).any(axis=0).mean()
    assert called > 0.2 if name == "desk" else called < 0.1
    assert_same(numpy_losses(desk, normals, precision), theirs, TOLERANCE[precision])
    assert_same(NumbaPaths(desk, 1, precision).on(normals), theirs, TOLERANCE[precision])


def test_a_planted_bug_in_a_baseline_is_seen() -> None:
    desk, normals, theirs = problem_and_draws("desk", "float64")
    wrong = replace(desk, decay=desk.decay * 1.01)
    for loss in (numpy_losses(wrong, normals, "float64"), NumbaPaths(wrong, 1, np.float64).on(normals)):
        with pytest.raises(AssertionError):
            assert_same(loss, theirs, TOLERANCE["float32"])


@pytest.mark.slow
def test_both_baselines_draw_from_the_same_law() -> None:
    desk, count = desk_of(suite.load_workload("desk")), 8192
    random = np.random.Generator(np.random.SFC64(3))
    numba = NumbaPaths(desk, 2)
    mine = numba.batch(count).astype(np.float64)
    theirs, _ = BlockSimulator(desk, count).simulate(lambda out: random.standard_normal(dtype=np.float32, out=out))
    for power in (1, 2):
        a, b = mine**power, theirs.astype(np.float64) ** power
        error = np.sqrt((a.var(axis=1) + b.var(axis=1)) / count)
        assert (np.abs(a.mean(axis=1) - b.mean(axis=1)) < 5 * error).all()
    assert len(np.unique(mine[-1])) > 0.99 * count
    assert not np.array_equal(numba.batch(count), mine.astype(np.float32))


def test_workers_run_side_by_side_and_end() -> None:
    with NumpyWorkers(desk_of(suite.load_workload("desk-calm")), 2, width=64) as workers:
        sample = workers.run(0.05)
        processes = [process for process, _ in workers._workers]
    assert sample.paths >= 2 * 64
    assert sample.paths % 64 == 0
    assert sample.seconds >= 0.05
    assert [process.exitcode for process in processes] == [0, 0]


@pytest.mark.parametrize(
    ("override", "lacks"),
    [
        ("shocks.model=student_t", "gaussian draws"),
        ("margin.grace_steps=1", "calls without grace"),
        ("impact.law=none", "square-root impact"),
        ("cascade.feedback=false", "feedback"),
    ],
)
def test_a_mechanism_that_the_baselines_leave_out_is_refused(override: str, lacks: str) -> None:
    extra = ["shocks.dof=4"] if "student" in override else []
    with pytest.raises(NotTheDeskModel, match=lacks):
        desk_of(suite.load_workload("desk", [override, *extra]))


def test_street_has_everything_on_and_nobody_starts_in_a_call() -> None:
    from stress.compile.structure import structure_of

    problem = street_problem()
    assert (len(problem.assets.ids), len(problem.funds.ids), problem.books.manager_of.max() + 1) == (100, 60, 120)
    assert (problem.steps, len(problem.funds.brokers)) == (20, 6)
    start = start_table(problem)
    assert start.requirement.max() < 1.0
    assert (start.gross < limits_of(problem).max_leverage).all()
    assert np.linalg.eigvalsh(problem.shocks.correlation).min() > 1e-6
    structure = structure_of(problem)
    assert {"margin_call", "leverage_limit", "stop_loss"} <= set(structure.triggers)
    assert structure.participation
    assert structure.depth
    assert structure.outside == ("retail",)
    assert structure.impact is not None
    assert structure.impact.decay
    assert structure.margin is not None
    assert structure.margin.terms == 1
    assert structure.shocks == "student_t"


def test_street_of_a_small_size_agrees_with_the_twin() -> None:
    from parity import run_both

    pair = run_both(street_problem(assets=12, funds=4, brokers=3, steps=6), 16)
    np.testing.assert_allclose(pair.metrics.fund_loss[:-1], pair.twin.loss, rtol=0, atol=1e-9)
    assert pair.twin.forced_sales_usd.max() > 0


def test_alternation_gives_each_its_turn_and_ratios_by_round() -> None:
    seen: list[str] = []
    speed = iter([10, 5, 20, 40])

    def contender(name: str) -> Any:
        def run(seconds: float) -> Sample:
            seen.append(name)
            return Sample(next(speed), 1.0)

        return run

    rates = alternate({"a": contender("a"), "b": contender("b")}, 1.0, 2)
    assert seen == ["a", "b", "b", "a"]
    assert rates == {"a": [10.0, 40.0], "b": [5.0, 20.0]}
    assert ratio(rates, "a", "b") == 2.0
    assert repeat(lambda: None, 7, 0.0).paths == 7


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    words = ["bench", "--workload", "desk-calm", "--seconds", "0.01", "--rounds", "1", "--block-size", "1"]
    done = CliRunner().invoke(app, [*words, "--device", "cpu", "--devices", "1", "--json", "--quiet"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.slow
def test_the_document_has_rates_ratios_and_seconds(document: dict[str, Any]) -> None:
    (measured,) = document["workloads"]
    names = {*suite.PROGRAMS, suite.NUMPY, suite.NUMBA}
    assert set(measured["paths_per_second"]) == names
    assert all(rate > 0 for rate in measured["paths_per_second"].values())
    assert measured["share_of_floor"]["random numbers"] == 1.0
    rates = measured["paths_per_second"]
    assert measured["ratios"]["losses / blocked NumPy"] == pytest.approx(rates["losses"] / rates["blocked NumPy"])
    assert measured["ratios"]["block / losses"] == pytest.approx(rates["block"] / rates["losses"])
    seconds = measured["seconds_per_million_paths"]
    on_device = ("random numbers", "draw: products and clipping", "cascade: everything but the draw")
    parts = sum(seconds[name] for name in (*on_device, "twin and metrics", "statistics on the device"))
    assert parts == pytest.approx(1e6 / rates["block"])
    assert measured["seconds_to_compile"] > 0.05
    assert measured["paths_in_a_call"] == measured["tile"] == 1024


@pytest.mark.slow
def test_the_tables_name_every_program(document: dict[str, Any]) -> None:
    from io import StringIO

    from rich.console import Console

    from stress.bench.table import tables

    text = StringIO()
    screen = Console(file=text, width=120)
    for table in tables(document):
        screen.print(table)
    assert all(label in text.getvalue() for label in (*suite.PROGRAMS.values(), suite.NUMPY, suite.NUMBA))
    assert "compiling the block" in text.getvalue()


def test_without_numba_the_row_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import ExitStack

    monkeypatch.setattr(suite, "find_spec", lambda name: None if name == "numba" else util.find_spec(name))
    monkeypatch.setattr(suite, "available_cores", lambda: 1)
    contenders: dict[str, Any] = {}
    with ExitStack() as stack:
        notes = suite.add_baselines(suite.load_workload("desk-calm"), suite.BenchOptions(), contenders, stack)
    assert set(contenders) == {suite.NUMPY}
    assert notes == [suite.HOW_TO_NUMBA]
    assert "pip install 'levstress[bench]'" in suite.HOW_TO_NUMBA


@pytest.mark.parametrize("asked", [(), ("--workload", "calm", "--workload", "own.toml")])
def test_workloads_are_the_desks_what_trades_on_every_path_and_whatever_is_asked_for(
    asked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    seen: list[Any] = []

    def run_suite(problems: Any, options: Any, say: Any) -> dict[str, Any]:
        seen.extend(problem.name for problem in problems)
        seen.append(options.run.tile)
        return {}

    monkeypatch.setattr(suite, "run_suite", run_suite)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(library_path("quant-2007-08").read_text(), encoding="utf-8")
    done = CliRunner().invoke(app, ["bench", *asked, "--tile", "128", "--json"])
    assert done.exit_code == 0, done.output
    assert seen == [*(("calm", "quant-2007-08") if asked else FIVE), 128]
    assert all(name in CliRunner().invoke(app, ["bench", "--help"], env={"COLUMNS": "200"}).output for name in FIVE)


def test_what_is_here_is_measured_whatever_a_run_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(suite, "devices_for", lambda problem, run: seen.append(run.device))
    monkeypatch.setattr(suite, "measure", lambda *_: {})
    suite.run_suite([suite.load_workload("desk")], suite.BenchOptions())
    assert seen == ["cpu"]


def test_street_takes_no_overrides() -> None:
    done = CliRunner().invoke(app, ["bench", "--workload", "street", "--set", "horizon.steps=3"])
    assert done.exit_code == 3
    assert "street" in done.output


def test_street_is_measured_without_baselines() -> None:
    from contextlib import ExitStack

    contenders: dict[str, Any] = {}
    (note,) = suite.add_baselines(street_problem(), suite.BenchOptions(), contenders, ExitStack())
    assert not contenders
    assert "no baselines" in note


@pytest.mark.slow
def test_the_simulation_without_statistics_gives_the_losses_of_the_block() -> None:
    from stress.bench.parts import engine_of
    from stress.engine.block import QuietBlock
    from stress.engine.devices import set_up

    engine = engine_of(suite.load_workload("desk"), set_up("cpu", 1), 1)
    found: dict[str, Any] = {}
    for name, simulator in engine.simulators.items():
        for finished in simulator.run(2_000):
            block, tiled = finished.block, finished.tiled
            if isinstance(block, QuietBlock):
                losses: Any = block.metrics.fund_loss
            else:
                losses = block.metrics if name == "losses" else block.metrics.fund_loss
            table = found.setdefault(name, np.full((9, 2_000), np.nan))
            table[:, tiled.ids.astype(int)] = tiled.by_path(np.asarray(losses))
    for name in ("metrics", "losses"):
        np.testing.assert_allclose(found[name], found["block"], rtol=0, atol=1e-6)
    draws, normals = (np.asarray(engine.floor[name]()) for name in ("draws", "random numbers"))
    assert normals.std() == pytest.approx(np.sqrt(40), rel=0.1), "the normals of the last two steps, added up"
    assert draws.std() > 0.1
