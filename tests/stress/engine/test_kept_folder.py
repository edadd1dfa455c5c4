"""The folder of compiled programs: private, and what others may have written is not run."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from stress.engine.kept import folder as kept
from stress.engine.kept.folder import forget, make_private, not_kept, trusted

ME = os.geteuid()


def test_a_folder_is_made_private(tmp_path: Path) -> None:
    new = tmp_path / "a" / "b"
    make_private(new)
    assert new.stat().st_mode & 0o777 == 0o700
    new.chmod(0o755)
    (new / "one").write_bytes(b"x")
    make_private(new)
    assert new.stat().st_mode & 0o777 == 0o700
    assert (new / "one").exists(), "nobody else could write"


def test_what_others_could_have_put_there_goes(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for name, mode in (("mine", 0o600), ("open", 0o666)):
        (tmp_path / name).write_bytes(b"x")
        (tmp_path / name).chmod(mode)
    (tmp_path / "link").symlink_to("/etc/passwd")
    make_private(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("user", "mode", "fine"), [
    (ME, 0o700, True), (ME, 0o755, True), (ME, 0o775, False), (ME, 0o707, False), (ME + 1, 0o700, ME == 0)
])  # fmt: skip
def test_who_is_trusted(user: int, mode: int, fine: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This user and root, where nobody else may write; `user` asks."""
    tmp_path.chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert trusted(tmp_path) == fine


def test_somebody_else_s_folder_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: ME + 1)
    with pytest.raises(PermissionError, match="belongs to another user"):
        make_private(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_cannot_be_written_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="cannot be written"):
        make_private(tmp_path)
    monkeypatch.setattr(kept, "_told", set())
    for _ in range(3):
        not_kept(OSError(errno.ENOSPC, "no space left on device"))
    assert capsys.readouterr().err.count("no space left on device") == 1


def test_what_was_used_longest_ago_goes(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "old", "older")):
        (tmp_path / name).write_bytes(b"12345")
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    (tmp_path / "folder").mkdir()
    forget(tmp_path, 14)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "new", "old"]
