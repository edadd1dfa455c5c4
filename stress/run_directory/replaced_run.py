"""The run that another one replaces: set aside, put back when nothing comes of the new one."""

from __future__ import annotations

from stress.results.files.store import REPLACED, RESULT, SPEC
from stress.run_directory.chunk_store import FOLDER, chunk_of
from stress.run_directory.run_location import RunLocation

PARTS = (RESULT, FOLDER, SPEC)


def set_aside(location: RunLocation) -> None:
    """Make room for a new run. A finished run that is aside already, for one that was never sealed, stays there."""
    if location.has(RESULT) or not location.has(f"{REPLACED}/{RESULT}"):
        forget(location)
        for name in PARTS:
            if location.has(name):
                location.move(name, f"{REPLACED}/{name}")
    location.remove(*PARTS)


def has_blocks(location: RunLocation) -> bool:
    """Whether a run has finished anything."""
    return any(chunk_of(name) for name in location.names(FOLDER))


def put_back(location: RunLocation) -> None:
    """After a run that ended before its first block: everything is as it was before it began."""
    if has_blocks(location):
        return
    location.remove(*PARTS)
    restore(location)


def restore(location: RunLocation) -> None:
    """Bring back what is aside; what has not been moved there yet, or not the whole of it, stays as it is."""
    for name in reversed(PARTS):
        stays = name == RESULT and location.has(RESULT)  # a store failed while it was copied
        if location.has(f"{REPLACED}/{name}") and not stays:
            location.move(f"{REPLACED}/{name}", name)
    forget(location)


def forget(location: RunLocation) -> None:
    """Remove what is aside, and nothing else."""
    location.remove(*(f"{REPLACED}/{name}" for name in PARTS))
    location.remove_empty(REPLACED)
