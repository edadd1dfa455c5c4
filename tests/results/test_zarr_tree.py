"""The files of `result.zarr` are those that zarr writes, and on the disk, name by name, before anybody can see one."""

from __future__ import annotations

import asyncio
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr
import zarr.api.asynchronous as zarr_async
from packaging.version import Version
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import LocalStore

from collected_example import collected
from stress.results.dataset.tree import to_datatree
from stress.results.files import zarr_format, zarr_tree
from stress.results.files.manifest import MANIFEST, files_below
from stress.results.files.store import write_run


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return to_datatree(collected(paths=600, detail=300))


CHUNKS = {"single": [256, 3], "turned": [3, 256], "label": [256], "steps": [7], "scalar": [], "none": [1, 3]}


def odd_tree() -> xr.DataTree:
    """Every kind of number and text, scalars, nothing at all, edges of chunks, strides and another order of bytes."""
    random = np.random.default_rng(5)
    kinds = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64")
    numbers = {f"n_{kind}": ("path", random.integers(0, 100, 700).astype(kind)) for kind in kinds}
    odd = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324])
    root = xr.Dataset(
        {
            "single": (("path", "fund"), random.standard_normal((700, 3)).astype(np.float32)),
            "turned": (("fund", "path"), random.standard_normal((700, 3)).T),
            "steps": ("step", np.arange(20)[::-3]),
            "odd": ("odd", odd),
            "scalar": ((), 1.5, {"units": "1", "levels": np.array([0.9, 0.99]), "count": np.int64(3)}),
            "text": ((), "ein Text"),
            "none": (("nobody", "fund"), np.zeros((0, 3))),
            "nothing": ("nobody", np.zeros(0, "U3")),
            "when": ("day", np.array(["2025-04-03", "2025-04-09"], "datetime64[ns]")),
            "yes": ("path", random.integers(0, 2, 700).astype(bool)),
            "other": ("path", np.arange(700, dtype=">i4")),
            "order": ("path", np.arange(700, dtype=">f8")),
            **numbers,
        },
        coords={
            "fund": ["a", "", "Zürich \N{ROCKET}"],
            "label": ("path", [f"path {i}" for i in range(700)]),
            "alone": ("here", [1.0, 2.0]),
        },
        attrs={"title": "odd \N{EURO SIGN}", "seed": np.uint64(2**63 + 1), "nan": float("nan"), "list": ["a", 1]},
    )
    inner = xr.Dataset({"Same": ("fund", [1.0, 2.0, 3.0])}, coords={"x": ("fund", [1, 2, 3])}, attrs={"of": "inner"})
    outer = xr.Dataset(attrs={"b": True})
    return xr.DataTree.from_dict({"/": root, "b/c": inner, "b": outer, "C": inner, "empty": None})


def by_zarr(tree: xr.DataTree, path: Path) -> None:
    """The same folder, without a manifest, by zarr itself, which here is told not to indent its metadata."""

    async def array(store: LocalStore, name: str, variable: xr.Variable) -> None:
        encoded = xr.conventions.encode_cf_variable(variable, name=name)
        values = np.asarray(encoded.data)
        if values.dtype.kind == "U":
            values = values.astype(np.dtypes.StringDType())
        made = await zarr_async.create(
            shape=values.shape,
            store=store,
            path=name,
            dtype=values.dtype,
            chunks=tuple(256 if dim == "path" else max(1, n) for dim, n in variable.sizes.items()),
            chunk_key_encoding=("default", "."),
            codecs=[
                zarr.codecs.VLenUTF8Codec() if values.dtype.kind == "T" else zarr.codecs.BytesCodec(),
                ZstdCodec(),
                Crc32cCodec(),
            ],
            config={"write_empty_chunks": True},
            fill_value=np.nan if values.dtype.kind == "f" else None,
            dimension_names=[str(dim) for dim in variable.dims],
            attributes=plain({key: x for key, x in encoded.attrs.items() if key != "_FillValue"}),
            zarr_format=3,
        )
        if values.size:
            await made.setitem(..., values)

    def plain(attributes: Any) -> dict[str, Any]:
        return {key: x.tolist() if isinstance(x, np.ndarray | np.generic) else x for key, x in attributes.items()}

    async def put() -> None:
        store = LocalStore(path)
        for group in tree.subtree:
            variables, attributes = xr.conventions.encode_dataset_coordinates(group.to_dataset(inherit=False))
            at = group.path.strip("/")
            await zarr_async.open_group(store, path=at, mode="w-", zarr_format=3, attributes=plain(attributes))
            for key, variable in variables.items():
                await array(store, f"{at}/{key}".strip("/"), variable)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # consolidated metadata are no part of the format yet
            await zarr_async.consolidate_metadata(store, zarr_format=3)

    with zarr.config.set({"json_indent": None}):
        asyncio.run(put())


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zarr_format, "PATHS_PER_CHUNK", 256)


@pytest.mark.skipif(
    Version(zarr.__version__) < Version("3.1.5"),
    reason="zarr before 3.1.5 writes the metadata of groups in another form",
)
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("odd", [True, False])
def test_the_files_are_those_that_zarr_writes(odd: bool, tree: xr.DataTree, tmp_path: Path) -> None:
    wanted = odd_tree() if odd else tree
    zarr_tree.write_tree(wanted, tmp_path / "ours")
    by_zarr(wanted, tmp_path / "zarr")
    names = set(files_below(tmp_path / "zarr"))
    assert names == set(files_below(tmp_path / "ours"))
    assert (tmp_path / "ours" / MANIFEST).exists()
    if odd:
        assert {"turned/c.0.2", "text/c", "none/zarr.json", "b/c/Same/c.0"} <= names
        assert not any(name.startswith("none/c") for name in names)
        metadata = {name: json.loads((tmp_path / "ours" / name / "zarr.json").read_text()) for name in CHUNKS}
        assert {name: x["chunk_grid"]["configuration"]["chunk_shape"] for name, x in metadata.items()} == CHUNKS
    differing = [x for x in names if (tmp_path / "zarr" / x).read_bytes() != (tmp_path / "ours" / x).read_bytes()]
    assert not differing


@pytest.mark.usefixtures("small_chunks")
def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    wanted = odd_tree()
    zarr_tree.write_tree(wanted, tmp_path / "ours")
    with xr.open_datatree(tmp_path / "ours", engine="zarr", consolidated=True) as found:
        assert set(found.groups) == set(wanted.groups)
        groups = {group.path: group.to_dataset(inherit=False).load() for group in found.subtree}
        for group in wanted.subtree:
            read, given = groups[group.path], group.to_dataset(inherit=False)
            for one in (read, given):
                one.attrs.pop("nan", None)  # which is not equal to itself
            xr.testing.assert_identical(read, given)
            for name, variable in given.variables.items():
                if variable.dtype.kind != "U":
                    assert read[name].dtype == variable.dtype.newbyteorder("=")


@pytest.mark.parametrize(
    "values",
    [np.array([1j]), np.array([b"bytes"]), np.array(["text", None], object), np.array([1.0], np.longdouble)],
    ids=str,
)
def test_what_the_format_does_not_know_is_refused_by_name(values: np.ndarray[Any, Any], tmp_path: Path) -> None:
    tree = xr.DataTree.from_dict({"group": xr.Dataset({"wrong": ("x", values)})})
    with pytest.raises(TypeError, match=r"group/wrong has the type .*; a result holds bool, "):
        zarr_tree.write_tree(tree, tmp_path / "ours")


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
