"""The files of a tree of datasets in zarr 3, put together by the specification.

https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html. They are those that zarr (3.1.5 to 3.4) writes, byte
for byte where its `json_indent` is None; it takes three milliseconds for each array, for a result more than its paths
may take. Each chunk carries its CRC-32C, so that every reader of zarr refuses one that is damaged.
"""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
import numpy.typing as npt
import xarray as xr
from numcodecs import VLenUTF8, Zstd

PATHS_PER_CHUNK = 1 << 18  # of the `paths` group: a few MB a chunk
METADATA = "zarr.json"
TYPES = {"bool", "string", *(f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64))}
ZSTD_LEVEL = 0  # zstd's default
PACKED_BY = ({"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}}, {"name": "crc32c"})


class ArrayChunk(NamedTuple):
    """A chunk of an array: its values, at an edge fewer than `shape`, which then is filled up."""

    values: npt.NDArray[Any]
    shape: tuple[int, ...]

    def encoded(self) -> bytes:
        """As a file: numbers in little-endian order or texts of any length, then by `PACKED_BY`."""
        values = self.values
        if values.shape != self.shape:
            values = np.full(self.shape, _fill(values.dtype), values.dtype)
            values[tuple(slice(n) for n in self.values.shape)] = self.values
        if values.dtype.kind == "T":
            content = VLenUTF8().encode(values.astype(object).ravel())
        else:
            content = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        packed: bytes = Zstd(ZSTD_LEVEL).encode(content)
        checksum: int = google_crc32c.value(packed)
        return packed + checksum.to_bytes(4, "little")


def files_of(tree: xr.DataTree) -> Iterator[tuple[str, bytes | ArrayChunk]]:
    """Names and contents of all files; that of the root is the last, as it holds the metadata of all others.

    Raises:
        TypeError: a variable is neither of numbers nor of texts that a result may hold.
    """
    nodes: dict[str, dict[str, Any]] = {}
    for group in tree.subtree:
        variables, attributes = xr.conventions.encode_dataset_coordinates(group.to_dataset(inherit=False))
        at = group.path.strip("/")
        nodes[at] = _group(attributes)
        if at:
            yield f"{at}/{METADATA}", _json(nodes[at])
        for key, variable in variables.items():
            name = f"{at}/{key}".strip("/")
            encoded = _encoded(name, variable)
            nodes[name] = _array(encoded)
            yield f"{name}/{METADATA}", _json(nodes[name])
            yield from ((f"{name}/{chunk}", content) for chunk, content in _chunks(encoded))
    root = nodes.pop("")
    below = {name: _consolidated(node, {}) for name, node in sorted(nodes.items(), key=_in_zarrs_order)}
    yield METADATA, _json(_consolidated(root, below))


def _in_zarrs_order(named: tuple[str, Any]) -> tuple[int, str]:
    name, _ = named
    return name.count("/"), unicodedata.normalize("NFKC", name).casefold()


def _consolidated(node: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
    """Metadata of a group with those of all that is below it, in the place where zarr has them; of an array as it is.

    In the root's metadata zarr gives every group an empty table of its own.
    """
    if node["node_type"] != "group":
        return node
    *most, last = node.items()
    table = {"kind": "inline", "must_understand": False, "metadata": below}
    return dict([*most, ("consolidated_metadata", table), last])


def _encoded(name: str, variable: xr.Variable) -> xr.Variable:
    """A variable as it stands in a file: texts of any length, as zarr 3 has no settled form for others."""
    encoded = xr.conventions.encode_cf_variable(variable, name=name)
    values = np.asarray(encoded.data)
    values = values.astype(np.dtypes.StringDType()) if values.dtype.kind == "U" else values
    if _type(values.dtype) not in TYPES:
        raise TypeError(f"{name} has the type {values.dtype}; a result holds {', '.join(sorted(TYPES))}")
    return xr.Variable(encoded.dims, values, encoded.attrs)


def _type(dtype: np.dtype[Any]) -> str:
    return "string" if dtype.kind == "T" else dtype.name


def _group(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    return {"attributes": _plain(attributes), "zarr_format": 3, "node_type": "group"}


def _array(variable: xr.Variable) -> dict[str, Any]:
    """Metadata of an array, in zarr's order."""
    dtype, fill = variable.dtype, _fill(variable.dtype)
    order = {} if dtype.itemsize == 1 else {"configuration": {"endian": "little"}}
    return {
        "shape": list(variable.shape),
        "data_type": _type(dtype),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(_chunk_shape(variable))}},
        # No folder within a folder for each.
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": "NaN" if dtype.kind == "f" else fill,
        "codecs": [
            {"name": "vlen-utf8", "configuration": {}} if dtype.kind == "T" else {"name": "bytes", **order},
            *PACKED_BY,
        ],
        "attributes": _plain({key: x for key, x in variable.attrs.items() if key != "_FillValue"}),
        **({"dimension_names": [str(dim) for dim in variable.dims]} if variable.dims else {}),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def _fill(dtype: np.dtype[Any]) -> Any:
    """What stands beyond the edge of an array, and would in a chunk that is not there; all are there."""
    return {"f": np.nan, "T": "", "b": False}.get(dtype.kind, 0)


def _chunk_shape(variable: xr.Variable) -> tuple[int, ...]:
    """Along the path axis in pieces; every other variable is one chunk."""
    sizes = zip(variable.dims, variable.shape, strict=True)
    return tuple(max(1, min(n, PATHS_PER_CHUNK) if dim == "path" else n) for dim, n in sizes)


def _chunks(variable: xr.Variable) -> Iterator[tuple[str, ArrayChunk]]:
    """Chunks by the names of their files; an array without values has none."""
    shape = _chunk_shape(variable)
    for at in itertools.product(*(range(-(-n // step)) for n, step in zip(variable.shape, shape, strict=True))):
        where = tuple(slice(i * step, (i + 1) * step) for i, step in zip(at, shape, strict=True))
        yield ".".join(("c", *map(str, at))), ArrayChunk(variable.data[(*where, ...)], shape)  # "...": 0-d stay arrays


def _json(node: Mapping[str, Any]) -> bytes:
    """One line: an indentation would take Python several times as long."""
    return json.dumps(node).encode()


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as JSON knows them."""
    return {str(key): x.tolist() if isinstance(x, np.ndarray | np.generic) else x for key, x in attributes.items()}
