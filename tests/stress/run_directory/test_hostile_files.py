"""Inputs and folders that are not what they are said to be: pipes, devices, loops of links, huge tables."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from hostile import check_message, watched
from scenario_example import example
from stress.engine import devices as _jax
from stress.run_directory.writing import CannotWrite, check_room, check_writable
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.loader import load_scenario, scenario_from_document


def refused(folder: Path, **tables: Any) -> ScenarioError:
    """The error of the example with other tables, its files in `folder`."""
    with watched(), pytest.raises(ScenarioError) as caught:
        build_problem(scenario_from_document(example(**tables), folder=folder))
    check_message(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "name", ["pipe", "folder", "loop", "/dev/zero", "/dev/tty", "a\0b", "x" * 5000, "../../../../no", ""]
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    for tables in ({"assets": name}, {"funds": name}, {"correlation": {"matrix": name}}):
        assert "cannot read the file" in str(refused(tmp_path, **tables)) or name == ""
    with watched(), pytest.raises(ScenarioError) as caught:
        load_scenario(name if name.startswith("/") else f"{tmp_path}/{name}")
    check_message(caught.value)


def test_files_have_a_size_limit(tmp_path: Path) -> None:
    for name, size in (("t.csv", (64 << 20) + 1), ("s.toml", (2 << 20) + 1)):
        with open(tmp_path / name, "wb") as file:
            file.truncate(size)
    assert "larger than 64 MiB" in str(refused(tmp_path, assets="t.csv"))
    with pytest.raises(ScenarioError, match="larger than 2 MiB"):
        load_scenario(tmp_path / "s.toml")


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("id,asset_class,vol,adv\n" + "a,equity,0.2,1e9\n" * 1_000_000, {"assets": "t.csv"}),
        ("id,nav,positions\n" + "f,1e9,p.csv\n" * 1_000_000, {"funds": "t.csv"}),
        ("asset,semis\n" + "semis,1\n" * 1_000_000, {"correlation": {"matrix": "t.csv"}}),
        ("#\n" * 1_000_000, {"assets": "t.csv"}),
        ("\r" * 3_000_000 + "x,y", {"assets": "t.csv"}),
        (",".join(f"c{n}" for n in range(1_000_000)) + "\n", {"assets": "t.csv"}),
        ("id," * 6_000_000, {"assets": "t.csv"}),
    ],
    ids=["assets", "funds", "matrix", "comments", "returns", "columns", "commas"],
)
def test_a_million_rows_or_columns_are_refused(tmp_path: Path, text: str, tables: dict[str, Any]) -> None:
    (tmp_path / "t.csv").write_text(text)
    assert refused(tmp_path, **tables).file == "t.csv"


def test_a_matrix_file_that_is_not_symmetric_or_holds_nan_is_refused(tmp_path: Path) -> None:
    for cells, phrase in ((("0.1", "0.2"), "mirror image"), (("nan", "nan"), "is not finite"), (("2", "2"), "outside")):
        rows = f"x,semis,bonds,japan\nsemis,1,{cells[0]},0\nbonds,{cells[1]},1,0\njapan,0,0,1\n"
        (tmp_path / "m.csv").write_text(rows)
        assert phrase in str(refused(tmp_path, correlation={"matrix": "m.csv"}))


def test_the_run_directory_may_be_anywhere_but_must_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to("loop")
    for wrong in (tmp_path / "file", tmp_path / "file" / "run", tmp_path / "loop" / "x", tmp_path / ("x" * 300)):
        with pytest.raises(CannotWrite):
            check_writable(wrong)
    for wrong in (tmp_path / "a\0b", tmp_path / "a\0b" / "c"):
        with pytest.raises(CannotWrite, match="NUL"):
            check_room(wrong, 1)
        with pytest.raises(CannotWrite, match="NUL"):
            check_writable(wrong)
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "sub").mkdir()
    check_writable(tmp_path / "sub" / ".." / "beside")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop", "sub"]


def test_the_cache_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "compiled").mkdir(mode=0o777)
    (tmp_path / "compiled").chmod(0o777)
    monkeypatch.setenv("LEVSTRESS_CACHE_DIR", str(tmp_path))
    settings: dict[str, Any] = {}

    class Config:
        jax_compilation_cache_dir = None
        update = staticmethod(settings.__setitem__)

    class Jax:
        config = Config

    _jax._use_cache(Jax)
    assert settings["jax_compilation_cache_dir"] == str(tmp_path / "compiled")
    assert stat.S_IMODE((tmp_path / "compiled").stat().st_mode) == 0o700
