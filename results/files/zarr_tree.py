"""A tree of labelled datasets as a zarr 3 folder, on the disk when done: hundreds of small arrays, written at once.

The files are those that zarr would write, made here: for so many small arrays zarr's own way takes longer than all the
rest. Each chunk carries its CRC-32C (zarr's codec `crc32c`), so that every reader of zarr refuses one that is damaged;
the manifest says which files there are, for a chunk that is gone reads as NaN or zeros.
"""

from __future__ import annotations

import itertools
import json
import os
import struct
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt
import xarray as xr
from numcodecs.zstd import Zstd

from stress.results.files.durable_write import flush
from stress.results.files.manifest import MANIFEST, Sum, manifest_bytes, sum_of

PATHS_PER_CHUNK = 1 << 18  # of the `paths` group: a few MB a chunk
TOGETHER = 16  # files that are written at a time: most of it is waiting for the disk
METADATA = "zarr.json"
ZSTD = {"level": 0, "checksum": False}
Document = dict[str, Any]


@dataclass(frozen=True)
class _Chunk:
    """A part of an array, packed when it is asked for: all of them together may not fit into memory."""

    values: npt.NDArray[Any]
    shape: tuple[int, ...]  # of a whole chunk

    def content(self) -> bytes:
        packed = bytes(Zstd(**ZSTD).encode(_texts(self.values) if _is_text(self.values) else self._numbers()))
        return packed + struct.pack("<I", google_crc32c.value(packed))

    def _numbers(self) -> npt.NDArray[Any]:
        values = np.asarray(self.values, self.values.dtype.newbyteorder("<"), order="C")
        if values.shape != self.shape:  # the last one of an array is as long as the others
            whole = np.full(self.shape, np.nan if values.dtype.kind == "f" else 0, values.dtype)
            whole[tuple(slice(n) for n in values.shape)] = values
            values = whole
        return values.reshape(-1).view(np.uint8)


def write_tree(tree: xr.DataTree, path: Path) -> None:
    """Write a tree into the new folder `path` and have it on the disk: each file, then the manifest, then the names.

    Every reader of zarr 3 takes it; xarray gives back the same tree. `faults` of the manifest finds what changes later.

    Raises:
        OSError: whatever the system refuses; an unfinished folder may be left.
    """
    nodes, chunks = _nodes(tree)
    root, rest = nodes[""], {name: node for name, node in nodes.items() if name}
    nodes[""] = {**root, "consolidated_metadata": _inline({name: _with_inner(x) for name, x in rest.items()})}
    files: dict[str, Document | _Chunk] = {f"{name}/{METADATA}".lstrip("/"): node for name, node in nodes.items()}
    files |= chunks
    folders = sorted(path / name for name in nodes)
    for folder in folders:
        folder.mkdir()

    def write(name: str) -> Sum:
        made = files[name]
        content = made.content() if isinstance(made, _Chunk) else json.dumps(made).encode()
        _write_new(path / name, content)
        return sum_of(content)

    with ThreadPoolExecutor(TOGETHER) as pool:
        sums = dict(zip(files, pool.map(write, files), strict=True))
        _write_new(path / MANIFEST, manifest_bytes(sums))
        for _ in pool.map(flush, folders):
            pass


def _write_new(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _nodes(tree: xr.DataTree) -> tuple[dict[str, Document], dict[str, _Chunk]]:
    """Metadata of each group and array by its path, that of the root being "", and the chunks by the names of files."""
    nodes: dict[str, Document] = {}
    chunks: dict[str, _Chunk] = {}
    for group in tree.subtree:
        inner = group.path.strip("/")
        variables, attrs = xr.conventions.encode_dataset_coordinates(group.to_dataset(inherit=False))
        nodes[inner] = {"attributes": _plain(attrs), "zarr_format": 3, "node_type": "group"}
        for key, variable in variables.items():
            name = f"{inner}/{key}".strip("/")
            encoded = xr.conventions.encode_cf_variable(variable, name=name)
            values = np.asarray(encoded.data)
            # Along the path axis in pieces; every other variable is one chunk.
            sizes = zip(variable.dims, values.shape, strict=True)
            whole = tuple(max(1, min(n, PATHS_PER_CHUNK) if dim == "path" else n) for dim, n in sizes)
            nodes[name] = _array(values, whole, [str(dim) for dim in variable.dims], encoded.attrs)
            chunks |= {f"{name}/{place}": chunk for place, chunk in _cut(values, whole)}
    return nodes, chunks


def _cut(values: npt.NDArray[Any], whole: tuple[int, ...]) -> Iterator[tuple[str, _Chunk]]:
    """The chunks of an array, each with the name of its file: in the folder of the array, not in one for each axis."""
    for at in itertools.product(*(range(-(-n // size)) for n, size in zip(values.shape, whole, strict=True))):
        part = tuple(slice(i * size, (i + 1) * size) for i, size in zip(at, whole, strict=True))
        yield ".".join(("c", *map(str, at))), _Chunk(values[part], whole)


def _array(values: npt.NDArray[Any], whole: tuple[int, ...], dims: list[str], attrs: Mapping[Any, Any]) -> Document:
    """Metadata of an array in chunks of the shape `whole`."""
    text, number = _is_text(values), values.dtype
    serializer: Document = {"name": "bytes", "configuration": {"endian": "little"}}
    if text or number.itemsize == 1:
        serializer = {"name": "vlen-utf8", "configuration": {}} if text else {"name": "bytes"}
    return {
        "shape": list(values.shape),
        "data_type": "string" if text else number.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(whole)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": "" if text else "NaN" if number.kind == "f" else 0,
        "codecs": [serializer, {"name": "zstd", "configuration": ZSTD}, {"name": "crc32c"}],
        "attributes": _plain({key: value for key, value in attrs.items() if key != "_FillValue"}),
        **({"dimension_names": dims} if dims else {}),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def _inline(nodes: dict[str, Document]) -> Document:
    return {"kind": "inline", "must_understand": False, "metadata": nodes}


def _with_inner(node: Document) -> Document:
    """What the root says of a node: of a group also that its own nodes are named with the root's."""
    return {**node, "consolidated_metadata": _inline({})} if node["node_type"] == "group" else node


def _is_text(values: npt.NDArray[Any]) -> bool:
    return values.dtype.kind in "UTO"


def _texts(values: npt.NDArray[Any]) -> bytes:
    """Texts of any length as zarr's `vlen-utf8` has them: how many, then each with its length before it."""
    texts = [str(x).encode() for x in values.reshape(-1).tolist()]
    return struct.pack("<I", len(texts)) + b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as JSON knows them."""
    return {str(key): x.tolist() if isinstance(x, np.ndarray | np.generic) else x for key, x in attributes.items()}
