"""A run with `--tile 64`: workers, resume, verify and replay take tile and kind of device from its spec."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import stress
from short_desk import SIZED
from stress.cli import app
from stress.engine import sizes
from stress.run_directory.spec import check_same, problem_of, read_spec, spec_of

PATHS, TILE = 6_000, 64
RUN = ("run", *SIZED, "--paths", str(PATHS), "--quiet", "--out")


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "narrow"
    for args in ((*RUN, str(out), "--tile", str(TILE), "--prepare"), ("worker", str(out), "--quiet")):
        done = invoke(*args)
        assert done.exit_code == 0, done.stderr
    return out


@pytest.mark.slow
def test_another_tile_is_refused_and_the_same_goes_on_to_a_result_that_verifies(made: Path) -> None:
    refused = invoke(*RUN, str(made), "--resume", "--tile", "128")
    assert refused.exit_code == 3
    assert "tile: 64 there, 128 now" in refused.stderr
    done = invoke(*RUN, str(made), "--resume")
    assert done.exit_code == 0, done.stderr
    spec, tree = read_spec(made), stress.open_result(made)
    assert spec["options"]["tile"] == spec["resolved"]["tile"] == spec["identity"]["tile"] == TILE
    assert tree.attrs["tile"] == json.loads(tree.attrs["options"])["tile"] == TILE
    again = invoke("verify", str(made), "--again", "--quiet")
    assert again.exit_code == 0, again.output
    assert stress.replay(made, worst=1).attrs["figures_compared"] > 0, "each to the last bit"


def test_the_kind_of_device_is_not_chosen_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke(*RUN, str(tmp_path), "--prepare").exit_code == 0
    monkeypatch.setattr(sizes, "gpus", lambda devices: 1)
    monkeypatch.setattr(sizes, "fastest_device", lambda *_: ("gpu", "a GPU has been put in since"))
    spec = read_spec(tmp_path)
    problem, options = problem_of(spec, "this run")
    assert (spec["options"]["device"], options.device) == ("auto", "cpu")
    check_same("this run", spec, spec_of(problem, options))
    assert invoke(*RUN, str(tmp_path), "--resume").exit_code == 0
    assert stress.open_result(tmp_path).attrs["device"].startswith("cpu")


@pytest.mark.parametrize("words", [("run", "desk"), ("bench",)])
def test_a_tile_that_is_none_is_a_usage_error(words: tuple[str, ...]) -> None:
    refused = invoke(*words, "--tile", "96")
    assert refused.exit_code == 2
    assert "'96' is not a power of two from 64 to 1,048,576" in " ".join(refused.stderr.split())
