"""A tree of labelled datasets as a zarr 3 folder, on the disk when done: hundreds of small arrays, many at a time.

The manifest says which files there are, for a chunk that is gone reads as NaN or zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import xarray as xr

from stress.results.files.durable_write import create_durably, flush
from stress.results.files.manifest import MANIFEST, Sum, manifest_bytes, sum_of
from stress.results.files.zarr_format import ArrayChunk, files_of

TOGETHER = 16  # files that are written at a time: most of it is waiting for the disk
WAITING_AT_MOST = 64 * 2**20  # bytes of numbers that wait to be written, and one chunk more


def write_tree(tree: xr.DataTree, path: Path) -> None:
    """Write a tree into the new folder `path` and have it on the disk.

    Every reader of zarr 3 takes it; xarray gives back the same tree. `faults` of the manifest finds what changes later.

    Raises:
        TypeError: see `files_of`.
        OSError: whatever the system refuses; an unfinished folder may be left.
    """
    sums: dict[str, Sum] = {}
    folders = {path}
    path.mkdir()
    with ThreadPoolExecutor(TOGETHER) as pool:
        for some in _together(files_of(tree)):
            new = {(path / name).parent for name, _ in some} - folders
            for folder in sorted(new):  # outer ones first: each has a file of its own
                folder.mkdir()
            folders |= new
            for written in pool.map(partial(_write, path), (some[i::TOGETHER] for i in range(TOGETHER))):
                sums |= written
        _write(path, [(MANIFEST, manifest_bytes(sums))])
        for _ in pool.map(flush, folders):
            pass


def _together(files: Iterator[tuple[str, bytes | ArrayChunk]]) -> Iterator[list[tuple[str, bytes | ArrayChunk]]]:
    """As many files at a time as memory has room for."""
    some, size = [], 0
    for name, content in files:
        some.append((name, content))
        size += content.values.nbytes if isinstance(content, ArrayChunk) else len(content)
        if size > WAITING_AT_MOST:
            yield some
            some, size = [], 0
    if some:
        yield some


def _write(folder: Path, files: list[tuple[str, bytes | ArrayChunk]]) -> dict[str, Sum]:
    """Write new files one after the other, each on the disk before the next one; returns their sums."""
    sums = {}
    for name, content in files:
        content = content.encoded() if isinstance(content, ArrayChunk) else content
        create_durably(folder / name, content)
        sums[name] = sum_of(content)
    return sums
