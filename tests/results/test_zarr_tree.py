"""The files of `result.zarr`: those that zarr itself would write, each on the disk before anybody can see it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from collected_example import collected
from stress.results.dataset.tree import to_datatree
from stress.results.files import zarr_tree
from stress.results.files.store import write_run

TURNED = np.arange(6, dtype=">i2").reshape(3, 2).T  # neither in the order nor with the bytes that are written


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


def test_every_file_is_the_one_that_zarr_itself_would_write(
    tree: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zarr_tree, "PATHS_PER_CHUNK", 256)  # 600 paths: the last chunk is filled up
    more = xr.Dataset(
        {
            "none": ("path", np.empty(0)),
            "texts": ("x", ["", "größer"]),
            "turned": (("x", "y"), TURNED),
            "every_other": ("y", np.arange(4)[::2]),
        }
    )
    whole = tree.copy()
    whole["more"] = xr.DataTree(more)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    zarr_tree.write_tree(whole, ours)
    root = zarr.open_group(
        theirs, mode="w", zarr_format=3, attributes={str(key): value for key, value in whole.attrs.items()}
    )
    for name, group in whole.children.items():
        variables, attrs = xr.conventions.encode_dataset_coordinates(group.to_dataset(inherit=False))
        there = root.create_group(name, attributes=attrs)
        for key, variable in variables.items():
            _as_zarr_does(there, str(key), xr.conventions.encode_cf_variable(variable, name=key))
    with pytest.warns(UserWarning, match="Consolidated metadata"):
        zarr.consolidate_metadata(theirs, zarr_format=3)
    names = [sorted(path.relative_to(at) for path in at.rglob("*") if path.is_file()) for at in (ours, theirs)]
    assert names[0] == sorted([*names[1], Path("manifest.json")])
    for file in names[1]:
        mine, other = (ours / file).read_bytes(), (theirs / file).read_bytes()
        if file.name == "zarr.json":
            mine, other = (json.loads(x, parse_constant=str) for x in (mine, other))
        assert mine == other, file


def _as_zarr_does(group: zarr.Group, key: str, variable: xr.Variable) -> None:
    values, dims = np.asarray(variable.data), [str(dim) for dim in variable.dims]
    values = values.astype(np.dtypes.StringDType()) if values.dtype.kind == "U" else values
    group.create_array(
        key,
        data=values,
        chunks=tuple(max(1, min(n, 256) if dim == "path" else n) for n, dim in zip(values.shape, dims, strict=True)),
        chunk_key_encoding={"name": "default", "separator": "."},
        compressors=(ZstdCodec(), Crc32cCodec()),
        config={"write_empty_chunks": True},
        fill_value=np.nan if values.dtype.kind == "f" else None,
        dimension_names=dims,
        attributes={name: x for name, x in variable.attrs.items() if name != "_FillValue"},
    )
