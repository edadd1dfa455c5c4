"""Files that are on the disk whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

WRITING = ".writing-"  # how the names of files and folders begin that are not whole yet
SECONDS_OF_A_WRITE = 3600.0  # that no write takes


def write_durably(final: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whatever stops the machine: written aside, flushed, renamed.

    Raises:
        OSError: whatever the system refuses; nothing that could be taken for the file is left.
    """
    handle, scratch = tempfile.mkstemp(prefix=WRITING, dir=final.parent)
    try:
        os.fchmod(handle, 0o666 & ~_umask())  # a temporary file is its owner's alone
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, final)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
    flush(final.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed have left half-written in a folder; what may still be written stays."""
    for path in folder.glob(f"{WRITING}*"):
        if time.time() - path.stat().st_mtime > SECONDS_OF_A_WRITE:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _umask() -> int:
    """What the user takes from the permissions of a new file; to ask for it one has to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
