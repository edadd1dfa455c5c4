"""Where a run writes: a directory that is free, can be written and has room, or a message before anything is done."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stress import run
from stress.cli import app
from stress.cli.simulate import output_location
from stress.errors import NotEnoughResources
from stress.results.files.store import RunExists
from stress.run_directory.writing import CannotWrite, check_writable, writing

PATHS = "2048"


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_directory_of_a_run_is_free_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = []
    for _ in range(3):
        where = output_location(None, "desk", 1, 10, overwrite=False, resume=False).folder
        where.mkdir(parents=True)
        names.append(where.as_posix())
    assert names == ["runs/desk-1-10", "runs/desk-1-10-2", "runs/desk-1-10-3"]
    assert output_location(None, "desk", 1, 10, overwrite=True, resume=False).folder.as_posix() == "runs/desk-1-10"
    assert output_location("runs/desk-1-10", "desk", 1, 10, overwrite=False, resume=False).is_empty()
    with pytest.raises(RunExists):
        output_location(tmp_path / "runs", "desk", 1, 10, overwrite=False, resume=False)


def never(*args: object, **options: object) -> None:
    raise AssertionError("the run was started")


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("file", "a file is in the way"),
        ("file/x", "a file is in the way"),
        ("file/x/y", "a file is in the way"),
        ("a" * 300, "name too long"),
        ("/proc/x", "No such file or directory"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--overwrite",)], ids=["new", "overwrite"])
def test_a_directory_that_cannot_be_written_ends_with_2_before_the_run(
    out: str, reason: str, more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    monkeypatch.setattr("stress.engine.runner.execute", never)
    result = invoke("run", "desk", "--paths", PATHS, "--out", out, *more)
    assert result.exit_code == 2, result.stderr
    assert f"{out} cannot be written" in result.stderr
    assert reason in result.stderr
    assert files_in(tmp_path) == {"file": b"mine"}


def test_a_folder_without_permission_ends_with_2_and_a_full_disk_with_5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(number: int) -> None:
        def temporary_file(**options: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr("tempfile.mkstemp", temporary_file)

    monkeypatch.setattr("stress.engine.runner.execute", never)
    for number, code in ((errno.EACCES, 2), (errno.EROFS, 2), (errno.ENOSPC, 5), (errno.EDQUOT, 5)):
        refuse(number)
        result = invoke("run", "desk", "--paths", PATHS, "--out", str(tmp_path / "a" / "b"))
        assert result.exit_code == code, result.stderr
        assert os.strerror(number) in result.stderr
        assert list(tmp_path.iterdir()) == []


def test_too_little_disk_ends_with_5_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.engine.runner.execute", never)
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    for more in ((), ("--dry-run",)):
        result = invoke("run", "desk", "--paths", PATHS, "--out", str(tmp_path / "a" / "b"), *more)
        assert result.exit_code == 5, result.stderr
        assert "of disk" in result.stderr
        assert list(tmp_path.iterdir()) == []


def test_python_has_the_same_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.engine.runner.execute", never)
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="a file is in the way"):
        run("desk", paths=int(PATHS), out=tmp_path / "file" / "x")


def test_a_disk_that_fills_up_while_writing_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughResources, match="the disk is full"), writing(tmp_path):
        raise OSError(errno.ENOSPC, "no space left")
    with pytest.raises(CannotWrite, match=f"{tmp_path} cannot be written: Input/output error"), writing(tmp_path):
        raise OSError(errno.EIO, "Input/output error")


def test_what_was_there_stays_when_a_directory_is_tried(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for folder in (tmp_path / "a", tmp_path / "a" / "b" / "c", tmp_path / "d"):
        check_writable(folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]
