"""The run directory before and while it is written: what stands in the way is said before a run, not after it."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stress.errors import NotEnoughResources

DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
IN_THE_WAY = (FileExistsError, NotADirectoryError)


class CannotWrite(OSError):
    """A folder cannot be written: a file in the way, no permission, a name that is too long, a read-only disk."""


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Name the folder and the reason when writing to it fails.

    Raises:
        CannotWrite: whatever the system refuses.
        NotEnoughResources: the disk, or this user's share of it, is full.
    """
    if "\0" in str(folder):
        raise CannotWrite(f"{str(folder)!r} cannot be written: no path holds a NUL")
    try:
        yield
    except OSError as error:
        if error.errno is None:  # raised by this package, not by the system: it says itself what is wrong
            raise
        if error.errno in DISK_FULL:
            raise NotEnoughResources(f"{folder}: the disk is full ({error.strerror})") from error
        reason = "a file is in the way" if isinstance(error, IN_THE_WAY) else error.strerror or str(error)
        raise CannotWrite(f"{folder} cannot be written: {reason}") from error


def check_room(out: Path, size: int) -> None:
    """Refuse a run directory that cannot hold `size` bytes; makes nothing.

    Raises:
        CannotWrite: `out`, or what should be a folder above it, is a file or cannot be looked at.
        NotEnoughResources: less is free.
    """
    with writing(out):
        place = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
        if not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(place))
        disk = shutil.disk_usage(place)
    if disk.total > 0 and size > disk.free:  # a file system of the kernel has no size at all: writing to it will tell
        raise NotEnoughResources(
            f"the result needs about {size / 1e6:,.1f} MB of disk in {out}, where {disk.free / 1e6:,.1f} MB are free; "
            "store less (--store tails or summary, fewer --worst paths), or write elsewhere"
        )


def check_writable(out: Path) -> None:
    """Make `out` and a file in it, and remove again what was not there before.

    Raises:
        CannotWrite, NotEnoughResources: see `writing`.
    """
    with writing(out):
        missing = [folder for folder in (out, *out.parents) if not folder.exists()]
        try:
            out.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(prefix=".writing-", dir=out):
                pass
        finally:
            for folder in missing:  # the innermost first
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
