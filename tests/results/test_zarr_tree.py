"""The files of `result.zarr` are on the disk, name by name, before anybody can see one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from collected_example import collected
from stress.results.dataset.tree import to_datatree
from stress.results.files.store import write_run


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return to_datatree(collected(paths=600, detail=300))


def test_all_of_a_result_is_on_the_disk_before_it_is_seen(
    tree: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe: dict[int, Any] = {}  # by number: how large a file was when it was flushed, which names a folder held
    at_rename: dict[int, Any] = {}
    flush, rename = os.fsync, Path.rename

    def fsync(handle: int) -> None:
        flush(handle)
        place = Path(os.readlink(f"/proc/self/fd/{handle}"))
        safe[place.stat().st_ino] = sorted(os.listdir(place)) if place.is_dir() else place.stat().st_size

    def renamed(self: Path, target: Path) -> Path:
        if target.name == "result.zarr":
            at_rename.update(safe)
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)
    result = write_run(tree, {"schema": 1}, tmp_path, overwrite=False)
    for place in (result, *result.rglob("*")):
        now = sorted(os.listdir(place)) if place.is_dir() else place.stat().st_size
        assert at_rename[place.stat().st_ino] == now, place.relative_to(result)
