"""A tree of labelled datasets as a zarr 3 folder, on the disk when done: hundreds of small arrays, written at once.

The files are those that zarr would write, byte for byte but for spaces in metadata (a test compares them), put together
by the specification, https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html: zarr takes three milliseconds for
each array, for a result more than its paths may take. Each chunk carries its CRC-32C (codec `crc32c`), so that every
reader of zarr refuses one that is damaged; the manifest says which files there are, for a chunk that is gone reads as
NaN or zeros.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
import numpy.typing as npt
import xarray as xr
from numcodecs import VLenUTF8, Zstd

from stress.results.files.durable_write import flush
from stress.results.files.manifest import MANIFEST, Sum, manifest_bytes, sum_of

PATHS_PER_CHUNK = 1 << 18  # of the `paths` group: a few MB a chunk
TOGETHER = 16  # files that are written at a time: most of it is waiting for the disk
MOST = 64 * 2**20  # bytes of numbers that wait to be written, and one chunk more
LEVEL = 0  # of zstd: its own choice


class Chunk(NamedTuple):
    """A chunk of an array: its values, at an edge fewer than `shape`, which then is filled up."""

    values: npt.NDArray[Any]
    shape: tuple[int, ...]
    fill: Any

    def encoded(self) -> bytes:
        """By the codecs that `_array` names."""
        values = self.values
        if values.shape != self.shape:
            values = np.full(self.shape, self.fill, values.dtype)
            values[tuple(slice(n) for n in self.values.shape)] = self.values
        if values.dtype.kind == "T":
            content = VLenUTF8().encode(values.astype(object).ravel())
        else:
            content = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        packed: bytes = Zstd(LEVEL).encode(content)
        checksum: int = google_crc32c.value(packed)
        return packed + checksum.to_bytes(4, "little")


def write_tree(tree: xr.DataTree, path: Path) -> None:
    """Write a tree into the new folder `path` and have it on the disk.

    Every reader of zarr 3 takes it; xarray gives back the same tree. `faults` of the manifest finds what changes later.

    Raises:
        OSError: whatever the system refuses; an unfinished folder may be left.
    """
    sums: dict[str, Sum] = {}
    folders = {path}
    path.mkdir()
    with ThreadPoolExecutor(TOGETHER) as pool:
        for some in _together(_files(tree)):
            for folder in {(path / name).parent for name, _ in some} - folders:
                folder.mkdir(parents=True, exist_ok=True)
                folders |= {folder, folder.parent}
            for written in pool.map(partial(_write, path), (some[i::TOGETHER] for i in range(TOGETHER))):
                sums |= written
        _write(path, [(MANIFEST, manifest_bytes(sums))])
        for _ in pool.map(flush, folders):
            pass


def _together(files: Iterator[tuple[str, bytes | Chunk]]) -> Iterator[list[tuple[str, bytes | Chunk]]]:
    """As many files at a time as memory has room for."""
    some, size = [], 0
    for name, content in files:
        some.append((name, content))
        size += content.values.nbytes if isinstance(content, Chunk) else len(content)
        if size > MOST:
            yield some
            some, size = [], 0
    if some:
        yield some


def _write(folder: Path, files: list[tuple[str, bytes | Chunk]]) -> dict[str, Sum]:
    """Write new files one after the other, each on the disk before the next one."""
    sums = {}
    for name, content in files:
        content = content.encoded() if isinstance(content, Chunk) else content
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        sums[name] = sum_of(content)
    return sums


def _files(tree: xr.DataTree) -> Iterator[tuple[str, bytes | Chunk]]:
    """Names and contents of all files; the one with all metadata, which readers look at first, is the last."""
    nodes: dict[str, dict[str, Any]] = {}
    for group in tree.subtree:
        variables, attributes = xr.conventions.encode_dataset_coordinates(group.to_dataset(inherit=False))
        at = group.path.strip("/")
        if at:
            nodes[at] = _group(attributes)
            yield f"{at}/zarr.json", _json(nodes[at])
        for key, variable in variables.items():
            name = f"{at}/{key}".strip("/")
            encoded = _encoded(str(key), variable)
            nodes[name] = _array(encoded)
            yield f"{name}/zarr.json", _json(nodes[name])
            yield from ((f"{name}/{chunk}", content) for chunk, content in _chunks(encoded))
    for name, node in nodes.items():
        if node["node_type"] == "group":
            nodes[name] = _group(node["attributes"], {})
    ordered = {name: nodes[name] for name in sorted(nodes, key=lambda name: (name.count("/"), name.casefold()))}
    yield "zarr.json", _json(_group(_plain(tree.attrs), ordered))


def _encoded(name: str, variable: xr.Variable) -> xr.Variable:
    """A variable as it stands in a file: texts of any length, as zarr 3 has no settled form for others."""
    encoded = xr.conventions.encode_cf_variable(variable, name=name)
    values = np.asarray(encoded.data)
    values = values.astype(np.dtypes.StringDType()) if values.dtype.kind == "U" else values
    return xr.Variable(encoded.dims, values, encoded.attrs)


def _group(attributes: Mapping[Any, Any], below: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Metadata of a group, with those of all that is below it or not."""
    consolidated = {"kind": "inline", "must_understand": False, "metadata": below}
    return {
        "attributes": _plain(attributes),
        "zarr_format": 3,
        **({} if below is None else {"consolidated_metadata": consolidated}),
        "node_type": "group",
    }


def _array(variable: xr.Variable) -> dict[str, Any]:
    dtype = variable.dtype
    texts = dtype.kind == "T"
    order = {} if dtype.itemsize == 1 else {"configuration": {"endian": "little"}}
    fill = _fill(dtype)
    return {
        "shape": list(variable.shape),
        "data_type": "string" if texts else dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(_chunk_shape(variable))}},
        # No folder within a folder for each.
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": "NaN" if dtype.kind == "f" else fill,
        "codecs": [
            {"name": "vlen-utf8", "configuration": {}} if texts else {"name": "bytes", **order},
            {"name": "zstd", "configuration": {"level": LEVEL, "checksum": False}},
            {"name": "crc32c"},
        ],
        "attributes": _plain({key: x for key, x in variable.attrs.items() if key != "_FillValue"}),
        **({"dimension_names": [str(dim) for dim in variable.dims]} if variable.dims else {}),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def _fill(dtype: np.dtype[Any]) -> Any:
    """What a chunk that is not there would hold; all are there."""
    return {"f": np.nan, "T": "", "b": False}.get(dtype.kind, 0)


def _chunk_shape(variable: xr.Variable) -> tuple[int, ...]:
    """Along the path axis in pieces; every other variable is one chunk."""
    sizes = zip(variable.dims, variable.shape, strict=True)
    return tuple(max(1, min(n, PATHS_PER_CHUNK) if dim == "path" else n) for dim, n in sizes)


def _chunks(variable: xr.Variable) -> Iterator[tuple[str, Chunk]]:
    shape, fill = _chunk_shape(variable), _fill(variable.dtype)
    for at in itertools.product(*(range(-(-n // step)) for n, step in zip(variable.shape, shape, strict=True))):
        where = tuple(slice(i * step, (i + 1) * step) for i, step in zip(at, shape, strict=True))
        yield ".".join(("c", *map(str, at))), Chunk(variable.data[(*where, ...)], shape, fill)


def _json(node: Mapping[str, Any]) -> bytes:
    return json.dumps(node).encode()


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as JSON knows them."""
    return {str(key): x.tolist() if isinstance(x, np.ndarray | np.generic) else x for key, x in attributes.items()}
