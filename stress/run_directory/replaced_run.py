"""The run that another one replaces: set aside, put back when nothing comes of the new one."""

from __future__ import annotations

from stress.results.files.store import RESULT, SPEC
from stress.run_directory.chunk_store import FOLDER, chunk_of
from stress.run_directory.location import Place

REPLACED = ".replaced"
PARTS = (RESULT, FOLDER, SPEC)


def set_aside(place: Place) -> None:
    """Make room for a new run. A finished run that is aside already, for one that was never sealed, stays there."""
    if place.has(RESULT) or not place.has(f"{REPLACED}/{RESULT}"):
        place.remove(REPLACED)
        for name in PARTS:
            if place.has(name):
                place.move(name, f"{REPLACED}/{name}")
    place.remove(*PARTS)


def has_blocks(place: Place) -> bool:
    """Whether a run has finished anything."""
    return any(chunk_of(name) for name in place.block_names())


def put_back(place: Place) -> None:
    """After a run that ended before its first block: everything is as it was before it began."""
    if has_blocks(place):
        return
    place.remove(*PARTS)
    restore(place)


def restore(place: Place) -> None:
    """Bring back what is aside; what has not been moved there yet stays as it is."""
    for name in reversed(PARTS):
        if place.has(f"{REPLACED}/{name}"):
            place.remove(name)
            place.move(f"{REPLACED}/{name}", name)
    place.remove(REPLACED)
