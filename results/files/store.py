"""The run directory: `spec.json` and `result.zarr`, sealed by a rename so that a half-written result is never seen."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import xarray as xr

import stress.results.dataset.accessor  # noqa: F401  (registers `tree.stress`)
from stress.results.files.checked import Damaged, open_tree, read_table
from stress.results.files.durable_write import flush
from stress.results.files.zarr_tree import write_tree

SPEC = "spec.json"
RESULT = "result.zarr"


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
        write_tree(_sealed(tree), scratch / RESULT)
        (scratch / SPEC).write_bytes(spec_bytes(spec))
        flush(scratch / SPEC)
        flush(scratch)
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


def _sealed(tree: xr.DataTree) -> xr.DataTree:
    whole = tree.copy()
    whole.attrs["complete"] = True
    return whole
