"""The run directory: `spec.json` and `result.zarr`, sealed by a rename so that a half-written result is never seen."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.storage import MemoryStore

import stress.results.dataset.accessor  # noqa: F401  (registers `tree.stress`)
from stress.results.files.checked import Damaged, open_tree, read_table
from stress.results.files.durable_write import flush

SPEC = "spec.json"
RESULT = "result.zarr"
PATHS_PER_CHUNK = 1 << 18  # of the `paths` group: a few MB a chunk
SMALL = 256 * 2**20  # bytes of a result that is put together in memory before it is written


class RunExists(FileExistsError):
    """The directory already holds a finished run."""


class UnfinishedRun(RuntimeError):
    """The directory holds no finished run."""


class DamagedRun(UnfinishedRun):
    """The directory holds something in place of a result that cannot be read as one."""


def write_run(tree: xr.DataTree, spec: dict[str, Any], out: Path, overwrite: bool) -> Path:
    """Write `out/spec.json` and `out/result.zarr`; returns the latter's path.

    The result is written into a temporary folder inside `out`, flushed to disk and renamed last. A run that is being
    replaced is set aside first, so that whatever interrupts this, `out` never shows a result beside another run's spec.

    Raises:
        RunExists: `out` holds a finished run and `overwrite` is off.
    """
    out.mkdir(parents=True, exist_ok=True)
    final = out / RESULT
    if final.exists() and not overwrite:
        raise RunExists(f"{out} already holds a finished run; choose another directory, or overwrite it")
    scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=out))
    try:
        _write_zarr(tree, scratch / RESULT)
        (scratch / SPEC).write_bytes(spec_bytes(spec))
        _flush(scratch)
        if final.exists():
            final.rename(scratch / "replaced")
        (scratch / SPEC).replace(out / SPEC)
        flush(out)
        (scratch / RESULT).rename(final)
        flush(out)
    finally:
        shutil.rmtree(scratch)
    return final


def spec_bytes(spec: dict[str, Any]) -> bytes:
    """A spec as `spec.json` holds it."""
    return (json.dumps(spec, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_spec(directory: Path) -> dict[str, Any]:
    """`spec.json` of a run directory.

    Raises:
        UnfinishedRun: there is none.
        DamagedRun: it is no JSON table.
    """
    path = directory / SPEC
    if not path.exists():
        raise UnfinishedRun(f"{directory} holds no {SPEC}: this is no whole run directory")
    try:
        return read_table(path)
    except Damaged as error:
        raise DamagedRun(f"{directory} holds no run that can be read: {error}") from error


def open_result(directory: str | Path, allow_unfinished: bool = False) -> xr.DataTree:
    """Open the result of a run directory lazily.

    Raises:
        FileNotFoundError: there is no such directory.
        UnfinishedRun: the run was not finished; with `allow_unfinished` only when there is no result at all.
        DamagedRun: the result, or the spec beside it, cannot be read.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise FileNotFoundError(f"{directory}: no such run directory")
    path = directory / RESULT
    if not path.exists():
        raise UnfinishedRun(f"{directory} holds no {RESULT}: the run did not finish, or this is no run directory")
    try:
        if (directory / SPEC).exists():  # one that is missing is no concern of a reader of numbers
            read_table(directory / SPEC)
        tree = open_tree(path)
    except Damaged as error:
        raise DamagedRun(f"{directory} holds no result that can be read: {error}") from error
    if tree.attrs.get("complete") is not True and not allow_unfinished:
        tree.close()
        raise UnfinishedRun(f"{path} is not marked complete; allow_unfinished=True opens it all the same")
    return tree


def _write_zarr(tree: xr.DataTree, path: Path) -> None:
    sealed = tree.copy()
    sealed.attrs["complete"] = True
    encoding = {group.path: _encoding(group.to_dataset(inherit=False)) for group in sealed.subtree}
    for group in sealed.subtree:
        group.dataset = _stable_strings(group.to_dataset(inherit=False))
    files: dict[str, Any] = {}
    # Into a folder zarr writes each of hundreds of small files in a thread of its own, looking first for what is there.
    store: MemoryStore | Path = MemoryStore(files) if sealed.nbytes < SMALL else path
    with _only_warnings_that_matter():
        sealed.to_zarr(store, mode="w-", zarr_format=3, consolidated=False, encoding=encoding)
        zarr.consolidate_metadata(store, zarr_format=3)  # once, and not after every group
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content.to_bytes())


def _stable_strings(dataset: xr.Dataset) -> xr.Dataset:
    """Texts as variable-length strings: zarr 3 has no settled form for NumPy's fixed-width ones."""
    texts = [str(name) for name, variable in dataset.variables.items() if variable.dtype.kind == "U"]
    strings = np.dtypes.StringDType()
    return dataset.assign_coords({name: dataset[name].astype(strings) for name in texts})


def _encoding(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Chunks along the path axis; every other variable is one chunk."""
    chunked = {}
    for name, variable in dataset.variables.items():
        if "path" in variable.dims and variable.size:
            sizes = zip(variable.dims, variable.shape, strict=True)
            chunked[str(name)] = {"chunks": tuple(min(n, PATHS_PER_CHUNK) if d == "path" else n for d, n in sizes)}
    return chunked


@contextmanager
def _only_warnings_that_matter() -> Iterator[None]:
    """zarr warns of what we want: metadata in one place, which its readers all take, and variable-length strings."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part in the Zarr format 3")
        yield


def _flush(folder: Path) -> None:
    """Have everything below `folder` on the disk."""
    for parent, _, files in os.walk(folder):
        for name in files:
            flush(Path(parent) / name)
        flush(Path(parent))
