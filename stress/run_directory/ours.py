"""What in a run directory says that it is ours: only that is moved, replaced or removed."""

from __future__ import annotations

import json
from typing import Any

from stress.results.files.store import REPLACED, RESULT, SPEC
from stress.results.files.zarr_format import METADATA
from stress.run_directory.chunk_store import FOLDER, chunk_of
from stress.run_directory.replaced_run import PARTS
from stress.run_directory.run_location import RunLocation
from stress.run_directory.writing import CannotWrite

OF_A_SPEC = {"scenario", "options", "identity"}
OF_A_RESULT = {"spec_sha256", "model_limits"}  # attributes


def refuse_sealed(location: RunLocation) -> None:
    """Leave a result alone that is named in place of a run directory: a file more, and it no longer proves itself.

    Raises:
        CannotWrite: it is one.
    """
    if location.has(METADATA):
        raise CannotWrite(
            f"{location.name} is a sealed result, no run directory: nothing is written into it; "
            "name the run directory around it, or another one"
        )


def refuse_foreign(location: RunLocation) -> None:
    """Leave a directory alone in which something has the name of a part of a run, and is none.

    Raises:
        CannotWrite: naming it.
    """
    refuse_sealed(location)
    for folder in ("", f"{REPLACED}/"):
        for name, is_ours in ((SPEC, _is_spec), (FOLDER, _are_blocks), (RESULT, _is_result)):
            if not is_ours(location, folder):
                raise CannotWrite(
                    f"{location.name} holds {folder}{name} that is not of a run of levstress: it stays as it is; "
                    "choose another directory, or move it away"
                )
    for name in location.names(REPLACED):
        if name not in PARTS:
            raise CannotWrite(f"{location.name} holds {REPLACED}/{name}, which is not of a run: move it away")


def _table(content: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(content or b"")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_spec(location: RunLocation, folder: str) -> bool:
    return not location.has(folder + SPEC) or _table(location.read(folder + SPEC)).keys() >= OF_A_SPEC


def _are_blocks(location: RunLocation, folder: str) -> bool:
    a_file = location.read(folder + FOLDER) is not None
    return not a_file and all(chunk_of(name) for name in location.names(folder + FOLDER))


def _is_result(location: RunLocation, folder: str) -> bool:
    """One that is whole says it itself; what an upload that was cut off has left is beside its spec."""
    root = location.read(f"{folder}{RESULT}/{METADATA}")
    if root is not None:
        attributes = _table(root).get("attributes")
        return isinstance(attributes, dict) and attributes.keys() >= OF_A_RESULT
    there = location.names(folder + RESULT) or location.has(folder + RESULT)
    a_file = location.read(folder + RESULT) is not None
    return not there or (not a_file and _table(location.read(folder + SPEC)).keys() >= OF_A_SPEC)
