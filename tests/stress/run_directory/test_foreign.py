"""What has the name of a part of a run and is none stays where it is, and is named."""

from __future__ import annotations

import json
from pathlib import Path

import fsspec
import pytest
from typer.testing import CliRunner

import stress
from short_desk import options, short_desk
from stress.cli import app
from stress.run_directory.writing import CannotWrite

FOREIGN = {
    "spec.json": {"spec.json": '{"openapi": "3.0"}'},
    "blocks": {"blocks/mine.txt": "mine"},
    "result.zarr": {"result.zarr/zarr.json": json.dumps({"zarr_format": 3, "attributes": {"title": "mine"}})},
    "result.zarr without metadata": {"result.zarr/c/0": "mine"},
    "result.zarr a file": {"result.zarr": "mine"},
    "blocks a file": {"blocks": "mine"},
    ".replaced/notes": {".replaced/notes/a": "mine"},
    ".replaced/spec.json": {".replaced/spec.json": "[]"},
}


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_what_is_not_ours_stays_and_is_named(
    what: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stress.engine.runner.execute", lambda *_: pytest.fail("the run was started"))
    url = str(tmp_path / "run") if where == "folder" else f"memory://foreign/{what.replace(' ', '-')}"
    system, root = fsspec.core.url_to_fs(url)
    for name, content in FOREIGN[what].items():
        system.makedirs(f"{root}/{name}".rsplit("/", 1)[0], exist_ok=True)
        system.pipe_file(f"{root}/{name}", content.encode())
    before = {path: system.cat_file(path) for path in system.find(root)}
    for overwrite in (True, False):
        with pytest.raises(CannotWrite, match=what.split()[0]):
            stress.run(short_desk(), **options(2048), out=url, overwrite=overwrite)
    ended = CliRunner().invoke(app, ["run", "desk", "--paths", "2048", "--out", url, "--overwrite"])
    assert ended.exit_code == 2, ended.output
    assert "move it away" in ended.stderr
    assert {path: system.cat_file(path) for path in system.find(root)} == before
