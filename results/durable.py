"""Files that are on the disk whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_durably(final: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whatever stops the machine: written aside, flushed, renamed.

    Raises:
        OSError: whatever the system refuses; nothing that could be taken for the file is left.
    """
    handle, scratch = tempfile.mkstemp(prefix=".writing-", dir=final.parent)
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
