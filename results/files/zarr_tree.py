"""A tree of labelled datasets as a zarr 3 folder, on the disk when done: hundreds of small arrays, written at once.

Each chunk carries its CRC-32C (zarr's codec `crc32c`), so that every reader of zarr refuses one that is damaged; the
manifest says which files there are, for a chunk that is gone reads as NaN or zeros.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr.api.asynchronous as zarr_async
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import LocalStore, MemoryStore

from stress.results.files.durable_write import flush
from stress.results.files.manifest import MANIFEST, files_below, manifest_bytes, sum_of, sum_of_file

PATHS_PER_CHUNK = 1 << 18  # of the `paths` group: a few MB a chunk
SMALL = 256 * 2**20  # bytes of a tree that is put together in memory before it is written
TOGETHER = 16  # files that are written at a time: most of it is waiting for the disk


def write_tree(tree: xr.DataTree, path: Path) -> None:
    """Write a tree into the new folder `path` and have it on the disk.

    Every reader of zarr 3 takes it; xarray gives back the same tree. `faults` of the manifest finds what changes later.

    Raises:
        OSError: whatever the system refuses; an unfinished folder may be left.
    """
    files: dict[str, Any] = {}
    small = tree.nbytes < SMALL
    # An event loop of its own: the caller may be within one, as a notebook is.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, _put(tree, MemoryStore(files) if small else LocalStore(path))).result()
    folders = {path} | {parent for name in files for parent in (path / name).parents if parent.is_relative_to(path)}
    for folder in sorted(folders):
        folder.mkdir(exist_ok=True)
    contents = {name: content.to_bytes() for name, content in files.items()}
    with ThreadPoolExecutor(TOGETHER) as pool:
        if small:
            sums = {name: sum_of(content) for name, content in contents.items()}
            for _ in pool.map(_write_new, ((path / name, content) for name, content in contents.items())):
                pass
        else:
            names = list(files_below(path))
            for _ in pool.map(flush, (path / name for name in names)):
                pass
            sums = dict(zip(names, pool.map(sum_of_file, (path / name for name in names)), strict=True))
        _write_new((path / MANIFEST, manifest_bytes(sums)))
        for _ in pool.map(flush, (Path(folder) for folder, _, _ in os.walk(path))):
            pass


def _write_new(named: tuple[Path, bytes]) -> None:
    path, content = named
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


async def _put(tree: xr.DataTree, store: MemoryStore | LocalStore) -> None:
    with warnings.catch_warnings():
        # What is warned of is wanted: metadata in one place, which zarr's readers all take, and strings of any length.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part in the Zarr format 3")
        await zarr_async.open_group(store, mode="w-", zarr_format=3, attributes=_plain(tree.attrs))
        jobs = []
        for group in tree.subtree:
            dataset, name = group.to_dataset(inherit=False), group.path.strip("/")
            variables, attrs = xr.conventions.encode_dataset_coordinates(dataset)
            if name:
                await zarr_async.open_group(store, path=name, mode="w-", zarr_format=3, attributes=_plain(attrs))
            jobs += [_array(store, f"{name}/{key}".strip("/"), x) for key, x in variables.items()]
        await asyncio.gather(*jobs)
        await zarr_async.consolidate_metadata(store, zarr_format=3)


async def _array(store: MemoryStore | LocalStore, name: str, variable: xr.Variable) -> None:
    encoded = xr.conventions.encode_cf_variable(variable, name=name)
    values = np.asarray(encoded.data)
    if values.dtype.kind == "U":  # zarr 3 has no settled form for NumPy's fixed-width texts
        values = values.astype(np.dtypes.StringDType())
    attributes = {key: value for key, value in encoded.attrs.items() if key != "_FillValue"}
    sizes = zip(variable.dims, values.shape, strict=True)
    await zarr_async.create_array(
        store,
        name=name,
        data=values,
        # Along the path axis in pieces; every other variable is one chunk.
        chunks=tuple(max(1, min(n, PATHS_PER_CHUNK) if dim == "path" else n) for dim, n in sizes),
        chunk_key_encoding={"name": "default", "separator": "."},  # no folder within a folder for each
        compressors=(ZstdCodec(), Crc32cCodec()),
        config={"write_empty_chunks": True},  # every chunk is a file: one that is not there has been lost
        fill_value=np.nan if values.dtype.kind == "f" else None,
        dimension_names=[str(dim) for dim in variable.dims],
        attributes=_plain(attributes),
        zarr_format=3,
    )


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as JSON knows them."""
    return {str(key): x.tolist() if isinstance(x, np.ndarray | np.generic) else x for key, x in attributes.items()}
