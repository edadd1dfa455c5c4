"""A dry run refuses what the run would, with the same words, and neither computes a path nor leaves a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from short_desk import WORDS
from stress.cli import app
from stress.cli.quantities import format_seconds, format_size
from stress.cluster import dask_executor

REFUSED: list[tuple[tuple[str, ...], int, str]] = [
    (("--out", "full"), 2, "full is already there"),
    (("--out", "file"), 2, "a file is in the way"),
    (("--out", "file/x", "--overwrite"), 2, "a file is in the way"),
    (("--out", "/proc/x"), 2, "/proc/x cannot be written"),
    (("--out", "begun"), 2, "it holds an unfinished run"),
    (("--out", "begun", "--resume", "--seed", "2"), 3, "begun holds another run"),
    (("--out", "damaged", "--resume"), 3, "is not that of a run that can be taken up again"),
    (("--resume",), 2, "--resume needs --out"),
    (("--fail-on", "es(nobody, 0.99) > 1 %"), 3, "unknown fund 'nobody'"),
    (("--fail-on", "es(trend"), 2, "--fail-on"),
    (("--set", "funds.nobody.gross=3"), 3, "has no entry 'nobody'"),
    (("--devices", "1000"), 4, "devices asked for"),
    (("--max-memory", "1 MB"), 5, "memory"),
    (("--paths", "1e12", "--store", "paths"), 5, "the run needs"),
    (("--executor", "tcp://127.0.0.1:9"), 4, "no dask scheduler answers at tcp://127.0.0.1:9"),
    (("--executor", "nowhere"), 2, "'nowhere' is no executor; allowed: local, dask"),
]


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, ["run", *WORDS, *args])


def never(*args: object, **options: object) -> None:
    raise AssertionError("a path was computed")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Some places that cannot be written, or only by some runs; nothing is computed there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stress.engine.runner.execute", never)
    monkeypatch.setattr("stress.engine.runner.estimate", never)
    monkeypatch.setattr(dask_executor, "TIMEOUT", "0.3s")
    (tmp_path / "file").touch()
    for name in ("full", "damaged"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "damaged" / "spec.json").write_text("{}", encoding="utf-8")
    return tmp_path


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _words(text: str) -> list[str]:
    """A message without its figures: how much memory is free changes from one call to the next."""
    return re.sub(r"[0-9][0-9,.]* [KMGT]i?B", "SIZE", text).split()


@pytest.mark.parametrize(("args", "code", "says"), REFUSED, ids=lambda x: " ".join(x) if isinstance(x, tuple) else "")
def test_it_refuses_what_the_run_would(args: tuple[str, ...], code: int, says: str, place: Path) -> None:
    if "begun" in args:
        assert invoke("--out", "begun", "--prepare").exit_code == 0
    before = files_in(place)
    dry, real = invoke(*args, "--dry-run"), invoke(*args)
    assert (dry.exit_code, real.exit_code) == (code, code), (dry.stderr, real.stderr)
    assert _words(dry.stderr) == _words(real.stderr)
    assert dry.stderr.count(says) == 1, "said once"
    assert files_in(place) == before


def test_an_executor_without_its_library(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "find_spec", lambda name: None)
    for more in (("--dry-run",), ()):
        result = invoke("--executor", "dask", *more)
        assert result.exit_code == 2
        assert "--executor needs dask.distributed" in result.stderr


def test_what_is_possible_is_planned(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.engine.runner.estimate", lambda *_: 1.0)
    assert invoke("--out", "begun", "--prepare").exit_code == 0
    before = files_in(place)
    for args in (("--out", "begun", "--resume"), ("--executor", "dask"), ("--out", "full", "--overwrite"), ()):
        result = invoke(*args, "--dry-run")
        assert result.exit_code == 0, result.stderr
        assert "blocks of" in result.stdout
    assert files_in(place) == before


def test_each_line_of_the_plan_is_the_figure_of_its_name(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.engine.runner.estimate", lambda *_: 90.0)
    facts = json.loads(invoke("--dry-run", "--json").stdout)
    lines = {line.partition(":")[0]: line.partition(":")[2].strip() for line in invoke("--dry-run").stdout.splitlines()}
    assert facts["memory_bytes"] != facts["disk_bytes"]
    sizes = f"{facts['steps']} steps, {facts['assets']} assets, {facts['funds']} funds"
    blocks = f"{facts['blocks']:,} blocks of {facts['block_size']:,}, tiles of {facts['tile']:,}"
    assert lines == {
        "scenario": f"{facts['scenario']} ({sizes})",
        "paths": f"{facts['paths']:,} in {blocks}",
        "device": f"{facts['device']}, {facts['precision']} ({facts['device_why']})",
        "memory": format_size(facts["memory_bytes"]),
        "disk": f"{format_size(facts['disk_bytes'])} in {facts['directory']}",
        "time": f"about {format_seconds(90.0)}, compiling included",
    }


def test_a_usage_error_is_one_line_whatever_was_typed() -> None:
    result = CliRunner().invoke(app, ["show", "a\nError: b\x07"])
    assert result.exit_code == 2
    assert "a\\nError: b\\x07 is no directory" in result.stderr
