"""`run --method`: the run as ever, and beside it a figure by as many more paths, the same however it is computed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import stress
from damage import said
from short_desk import SIZED, options, short_desk, undisturbed_run
from stress.cluster.worker import work_on
from stress.engine.chunks import Chunk
from stress.engine.weighted import paths as weighted_paths
from stress.results.answers.rare.beside import as_answer, lacking
from stress.results.answers.rare.beside_shown import sentences
from stress.results.answers.rare.dataset import WEIGHTS
from stress.results.answers.rare.report import beside
from stress.results.answers.rare.words import counted
from stress.results.files.store import RESULT, UnfinishedRun
from stress.results.report.risk import Risk
from stress.results.report.sections.answers import answers
from stress.run_directory.chunk_store import chunk_of, read_state, write_state
from stress.run_directory.rebuilt import disagreements
from stress.run_directory.verify import verify

PATHS = 40_000
ASKED: dict[str, Any] = {"method": "tilt", "question": "es(system, 0.999)"}
NEW = "the group diagnostics/weights, the group rare"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("beside") / "run"
    stress.run(short_desk(), **options(PATHS), **ASKED, out=out)
    return out


@pytest.fixture
def run(sealed: Path, tmp_path: Path) -> Path:
    shutil.copytree(sealed, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighted_paths, "PATHS_OF_A_CHUNK", 7_000)


def blocks_of_the_method(run: Path) -> list[Path]:
    found = [(chunk_of(path.name), path) for path in sorted((run / "blocks").iterdir())]
    return [path for chunk, path in found if chunk is not None and chunk.first >= PATHS]


def change_spec(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    spec = json.loads((run / "spec.json").read_text(encoding="utf-8"))
    change(spec)
    (run / "spec.json").write_text(json.dumps(spec), encoding="utf-8")


def other_shift(spec: dict[str, Any]) -> None:
    spec["method"]["numbers"]["every"][0] += 1e-3


def test_the_run_is_as_ever_and_the_figure_agrees_with_it(sealed: Path) -> None:
    tree = stress.open_result(sealed)
    found = disagreements(undisturbed_run(PATHS), tree)
    assert found == [f"the result has not what its run gives: {NEW}"]
    rare, summary = tree["rare"].to_dataset(), tree["summary"].to_dataset().sel(level=0.999)
    assert rare.attrs["method"] == "tilt"
    for name in ("", "_se", "_ci_low", "_ci_high"):
        assert float(rare[f"plain{name}"]) == float(summary[f"system_es{name}"])
    error = float(np.hypot(rare["plain_se"], rare["answer_se"]))
    assert abs(float(rare["plain"]) - float(rare["answer"])) < 4 * error
    assert float(rare["answer_se"]) < float(rare["plain_se"]) / 5
    assert tree["diagnostics/weights"].attrs["plain_check"] in ("agrees", "not verified")


def test_it_is_verified(run: Path) -> None:
    found = verify(run, blocks=9)
    assert not found.problems
    assert found.compared
    assert found.paths_on_disk == 2 * PATHS
    assert any(chunk.first >= PATHS for chunk in found.recomputed)


def test_other_weights_under_the_digest_that_goes_with_them_are_found(run: Path) -> None:
    (block,) = blocks_of_the_method(run)
    state = read_state(block, block.stem.split("-")[-1])
    assert state is not None
    state["weight"][5] *= 1.001
    block.unlink()
    write_state(run / "blocks", Chunk(PATHS, 2 * PATHS), state)
    found = verify(run, blocks=9)
    assert f"paths {PATHS} to {2 * PATHS - 1}: other numbers for weight" in found.problems
    assert any("diagnostics/weights" in problem for problem in found.problems)


def test_a_changed_number_of_the_tilt_is_found(run: Path) -> None:
    change_spec(run, other_shift)
    assert "spec.json is not what was run: the result says otherwise" in verify(run, blocks=0).problems
    shutil.rmtree(run / RESULT)
    for go_on in (stress.resume, work_on, verify):
        with pytest.raises(UnfinishedRun, match="its method has not the numbers"):
            go_on(run)
    for numbers in {"every": 3.0}, {"every": [[1.0, 2.0]]}, {"slots": [10**30]}, {"course": None}:
        change_spec(run, lambda spec, numbers=numbers: spec["method"]["numbers"].update(numbers))  # type: ignore[misc]
        with pytest.raises(UnfinishedRun, match="has been changed: its method"):
            stress.resume(run)


@pytest.mark.usefixtures("small_chunks")
def test_resumed_without_some_blocks_it_has_the_same_bits(run: Path, sealed: Path) -> None:
    shutil.rmtree(run / RESULT)
    (block,) = blocks_of_the_method(run)
    state = read_state(block, block.stem.split("-")[-1])
    assert state is not None
    block.unlink()
    part = {name: values[9_000:20_001] if values.ndim else values for name, values in state.items()}
    chunk = Chunk(PATHS + 9_000, PATHS + 20_001)
    write_state(run / "blocks", chunk, part | {"range": np.array(chunk)})
    assert disagreements(stress.open_result(sealed), stress.resume(run)) == []
    assert len(blocks_of_the_method(run)) == 6


@pytest.mark.usefixtures("small_chunks")
def test_workers_refit_nothing_and_have_the_same_bits(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    shutil.copy(sealed / "spec.json", out / "spec.json")  # as the coordinator wrote it
    monkeypatch.setattr("stress.questions.rare.choose.chosen", None)
    assert work_on(out, 2, 3).missing_elsewhere == 2 * PATHS - 2 * PATHS // 3 - 1
    work_on(out, 1, 3)
    assert work_on(out, 0, 3).missing_elsewhere == 0
    assert disagreements(stress.open_result(sealed), stress.resume(out)) == []


def test_the_same_command_goes_on_and_another_is_refused(run: Path, sealed: Path) -> None:
    shutil.rmtree(run / RESULT)
    words = ("run", *SIZED, "--paths", str(PATHS), "--resume", "--out", str(run), "--quiet")
    for others, expected in (
        ((), "method: tilt for es(system, 0.999) there, plain now"),
        (("--method", "auto"), "method tilt there, auto now"),
    ):
        code, _, err = said(*words, *others)
        assert (code, expected in err) == (3, True), err
    code, out, err = said(*words, "--method", "tilt", "--json")
    assert code == 0, err
    document = json.loads(out)["rare"]
    rare = stress.open_result(sealed)["rare"]
    assert document["answer"]["value"] == float(rare["answer"])
    assert document["plain"]["se"] == float(rare["plain_se"])


def test_it_is_shown(sealed: Path) -> None:
    code, out, _ = said("show", str(sealed))
    assert code == 0
    assert "by importance sampling" in out
    assert "A rare figure over" in out
    lines = sentences(stress.open_result(sealed))
    assert len(lines) == 5
    assert "by importance sampling, 40,000 more paths" in lines[0]
    assert lines[1].startswith("By the 40,000 plain paths of the run alone: ")
    tree = stress.open_result(sealed)
    assert answers(tree, Risk(tree))[0] == ("What was asked?", f"{lines[0]} {lines[1]}")
    assert "The event: the whole system loses more than its VaR 99.9 %" in lines[2]
    assert "on 0.1 % of paths" in lines[2]
    assert "The pilot expects" in lines[3]
    (section,) = beside(stress.open_result(sealed))
    assert len(section.blocks) == 5 + 4
    assert stress.open_result(sealed).stress.plot.rare().get_yscale() == "log"


def test_a_result_without_a_part_of_it_is_refused(sealed: Path) -> None:
    tree = stress.open_result(sealed).load().copy()
    assert lacking(tree) == ""
    for group, name in ("rare", "es_se"), ("rare", "plain"), ("diagnostics/weights", "plain_events"):
        other = tree.copy()
        nodes = {node.path.strip("/"): node for node in other.subtree}
        other[group] = xr.DataTree(nodes[group].to_dataset(inherit=False).drop_vars(name))
        assert lacking(other) == f"{group}/{name}"
    del tree["rare"].attrs["asked"]
    assert lacking(tree) == "the attribute asked of rare"


def test_a_scenario_asks_by_itself_and_where_nothing_is_gained_no_path_is_added(tmp_path: Path) -> None:
    scenario = short_desk("estimation.method=auto", "estimation.question='default(credit)'")
    tree = stress.run(scenario, **options(2_000), out=tmp_path / "run")
    rare = tree["rare"].to_dataset()
    assert rare.attrs["method"] == "plain"
    assert as_answer(tree) is None
    (line,) = sentences(tree)
    assert "No others were simulated: the pilot" in line
    assert "default(credit): on no path; its probability is below 0.19" in line
    assert "±" not in line
    assert float(rare["plain"]) == 0.0
    assert not verify(tmp_path / "run").problems
    spec = json.loads((tmp_path / "run" / "spec.json").read_text(encoding="utf-8"))
    assert spec["method"]["numbers"] is None
    plain = stress.run(scenario, **options(2_000), method="plain")
    assert "rare" not in plain.children
    with pytest.raises(ValueError, match="target_se"):
        stress.run(scenario, **options(2_000), target_se=0.1)


def test_the_cost_is_told_first_and_what_cannot_be_is_refused(tmp_path: Path) -> None:
    words = ("run", "desk", "--paths", "1e5", "--out", str(tmp_path / "new"))
    assert said(*words, "--for", "default(system)")[0] == 2  # needs a method
    assert said(*words, "--method", "tilt", "--set", "shocks.model=none")[0] == 3
    assert said(*words, "--method", "tilt", "--for", "es(nobody, 0.9)")[0] == 3
    assert said(*words, "--method", "auto", "--time-budget", "1min")[0] == 2


@pytest.mark.slow
def test_screening_beside_a_run(tmp_path: Path) -> None:
    tree = stress.run(short_desk(), **options(PATHS), method="screen", out=tmp_path / "run")
    rare = tree["rare"].to_dataset()
    assert rare.attrs["method"] == "screen"
    assert abs(float(rare["plain"]) - float(rare["answer"])) < 4 * float(np.hypot(rare["plain_se"], rare["answer_se"]))
    assert tree["diagnostics/weights"].attrs["plain_check"] == "by design"
    assert not verify(tmp_path / "run", blocks=9).problems


def test_few_expected_events_read_as_a_bound(sealed: Path) -> None:
    tree = as_answer(stress.open_result(sealed))
    assert tree is not None
    for expected, told in ((4e-9, "under 0.01"), (2.5, "2.5")):
        tree[WEIGHTS] = xr.DataTree(tree[WEIGHTS].to_dataset().assign(plain_expected=expected, plain_expected_se=0.2))
        assert counted(tree)[1].startswith(told)
