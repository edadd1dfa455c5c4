"""The run directory: `spec.json` and `result.zarr`, sealed by a rename so that a half-written result is never seen."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xarray as xr

import stress.results.dataset.accessor  # noqa: F401  (registers `tree.stress`)
from stress.results.files.checked import MANIFEST_ATTRIBUTE, Damaged, open_tree, read_table
from stress.results.files.durable_write import WRITING, flush, write_durably
from stress.results.files.manifest import MANIFEST
from stress.results.files.zarr_format import METADATA
from stress.results.files.zarr_tree import write_tree

SPEC = "spec.json"
RESULT = "result.zarr"
REPLACED = ".replaced"  # where the run stays that another one is to replace, until that is sealed
SPEC_ATTRIBUTE = "spec"  # of the root of a result: all of `spec.json`, so that the result alone can be run again
SEALED_WITH = {"complete", SPEC_ATTRIBUTE, MANIFEST_ATTRIBUTE}  # attributes that only a result on disk has
THERE = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}  # what a rename says to a result that is there


class RunExists(FileExistsError):
    """The directory already holds a finished run."""


class UnfinishedRun(RuntimeError):
    """The directory holds no finished run."""


class DamagedRun(UnfinishedRun):
    """The directory holds something in place of a result that cannot be read as one."""


def write_run(
    tree: xr.DataTree,
    spec: dict[str, Any],
    out: Path,
    overwrite: bool,
    owner: str = "",
    ready: Callable[[], None] = lambda: None,
) -> Path:
    """Write `out/spec.json` and `out/result.zarr`; returns the latter's path. See `seal`.

    Raises:
        RunExists: `out` holds a finished run and `overwrite` is off.
    """
    return seal(spec, out, lambda path: write_tree(_sealed(tree, spec), path), overwrite, owner, ready)


def seal(
    spec: dict[str, Any],
    out: Path,
    write: Callable[[Path], None],
    overwrite: bool = False,
    owner: str = "",
    ready: Callable[[], None] = lambda: None,
) -> Path:
    """Have a result and its spec in `out`, whole or not at all; returns the result's path.

    The result is written into a temporary folder inside `out`, flushed to disk and renamed last, which the system
    refuses where there is a result. A run that is being replaced is set aside first, so that whatever interrupts this,
    `out` never shows a result beside another run's spec.

    Args:
        spec: of the run.
        out: run directory.
        write: writes the result into a new folder and has it on the disk.
        overwrite: replace a result that is there.
        owner: how the temporary folder's name begins after ".writing-"; who removes it stops this process.
        ready: called when all is written, before anything can be seen; may raise.

    Raises:
        RunExists: `out` holds a finished run and `overwrite` is off.
    """
    out.mkdir(parents=True, exist_ok=True)
    final = out / RESULT
    refused = RunExists(f"{out} already holds a finished run; choose another directory, or overwrite it")
    if final.exists() and not overwrite:
        raise refused
    scratch = Path(tempfile.mkdtemp(prefix=f"{WRITING}{owner}-", dir=out))
    try:
        write(scratch / RESULT)
        write_durably(scratch / SPEC, spec_bytes(spec))
        ready()
        if final.exists():
            if not overwrite:
                raise refused
            final.rename(scratch / "replaced")
        (scratch / SPEC).replace(out / SPEC)
        flush(out)
        (scratch / RESULT).rename(final)
        flush(out)
    except OSError as error:
        if error.errno in THERE and final.exists():
            raise refused from error
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return final


def is_result(folder: Path) -> bool:
    """Whether a folder is a result itself, not a run directory with one inside."""
    return (folder / METADATA).is_file()


def spec_bytes(spec: dict[str, Any]) -> bytes:
    """A spec as `spec.json` holds it."""
    return (json.dumps(spec, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_spec(directory: Path) -> dict[str, Any]:
    """`spec.json` of a run directory; of a result on its own the spec that it carries.

    Raises:
        UnfinishedRun: there is none.
        DamagedRun: it is no JSON table, or the result is damaged.
    """
    if is_result(directory):
        with open_result(directory) as tree:
            within = spec_in(tree)
        if within is None:
            raise UnfinishedRun(f"{directory} carries no spec: an earlier version wrote it")
        return within
    path = directory / SPEC
    if not path.exists():
        raise UnfinishedRun(f"{directory} holds no {SPEC}: this is no whole run directory")
    try:
        return read_table(path)
    except Damaged as error:
        raise DamagedRun(f"{directory} holds no run that can be read: {error}") from error


def open_result(directory: str | Path, allow_unfinished: bool = False) -> xr.DataTree:
    """Open the result of a run directory lazily; the folder `result.zarr` on its own will do.

    Raises:
        FileNotFoundError: there is no such directory.
        UnfinishedRun: the run was not finished; with `allow_unfinished` only when there is no result at all.
        DamagedRun: a file of the result is not what was written, or the spec beside it is that of another run.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise FileNotFoundError(f"{directory}: no such run directory")
    path = directory if is_result(directory) else directory / RESULT
    if not path.exists():
        aside = f"{REPLACED}/{RESULT}"
        more = f"; the finished run that it was to replace is in {aside}" if (directory / aside).exists() else ""
        raise UnfinishedRun(f"{directory} holds no {RESULT}: the run did not finish, or this is no run directory{more}")
    try:
        if (directory / SPEC).exists():  # one that is missing is no concern of a reader of numbers
            read_table(directory / SPEC)
        tree = open_tree(path)
    except Damaged as error:
        raise DamagedRun(f"{directory} holds no result that can be read: {error}") from error
    if not is_of(tree, directory / SPEC):
        tree.close()
        raise DamagedRun(f"{directory / SPEC} is not what was run: the result in {directory} says otherwise")
    if tree.attrs.get("complete") is not True and not allow_unfinished:
        tree.close()
        raise UnfinishedRun(f"{path} is not marked complete; allow_unfinished=True opens it all the same")
    return tree


def is_of(tree: xr.DataTree, spec: Path) -> bool:
    """Whether the spec beside a result, if there is one, is that within, to the byte."""
    within = tree.attrs.get(SPEC_ATTRIBUTE)
    return within is None or not spec.exists() or (spec.is_file() and str(within).encode() == spec.read_bytes())


def check_unreplaced(tree: xr.DataTree, directory: Path) -> None:
    """Be sure that what was read lazily was of one result: of files that are gone, zarr reads NaN and zeros.

    Raises:
        UnfinishedRun: the result that `tree` was opened from is no longer there, or another one is.
    """
    path = directory if is_result(directory) else directory / RESULT
    try:
        attributes = read_table(path / METADATA).get("attributes")
    except (Damaged, OSError):
        attributes = None
    if attributes != tree.attrs:
        raise UnfinishedRun(f"the result in {directory} was removed or replaced while it was read")


def spec_in(tree: xr.DataTree) -> dict[str, Any] | None:
    """The spec that a result carries itself; None in one of an earlier version.

    Raises:
        DamagedRun: it is no JSON table.
    """
    if SPEC_ATTRIBUTE not in tree.attrs:
        return None
    try:
        spec = json.loads(tree.attrs[SPEC_ATTRIBUTE], parse_constant=str)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedRun(f"the attribute {SPEC_ATTRIBUTE} of the result is no JSON: {error}") from error
    if not isinstance(spec, dict):
        raise DamagedRun(f"the attribute {SPEC_ATTRIBUTE} of the result is no table")
    return spec


def _sealed(tree: xr.DataTree, spec: dict[str, Any]) -> xr.DataTree:
    whole = tree.copy()
    whole.attrs |= {"complete": True, SPEC_ATTRIBUTE: spec_bytes(spec).decode(), MANIFEST_ATTRIBUTE: MANIFEST}
    return whole
