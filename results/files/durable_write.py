"""Files that are on the disk whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

TRIES = 100  # to have a folder, or a file in one, that others remove while it is empty
WRITING = ".writing-"  # how the names of files and folders begin that are not whole yet
SECONDS_OF_A_WRITE = 3600.0  # that no write takes


def write_durably(final: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whatever stops the machine: written aside, flushed, renamed.

    Raises:
        OSError: whatever the system refuses; nothing that could be taken for the file is left.
    """
    write_whole(final, content, flushed=True)
    flush(final.parent)


def write_whole(final: Path, content: bytes, flushed: bool = False) -> None:
    """Write a file that is there whole or not at all while the machine runs; `flushed`: its content whatever stops it.

    Raises:
        OSError: as `write_durably`.
    """
    handle, scratch = tempfile.mkstemp(prefix=WRITING, dir=final.parent)
    try:
        os.fchmod(handle, 0o666 & ~_umask())  # a temporary file is its owner's alone
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if flushed:
                file.flush()
                os.fsync(file.fileno())
        os.replace(scratch, final)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def create_whole(path: Path, content: bytes) -> bool:
    """Make a file that is not there yet; of several processes one does. Returns whether this one did.

    Raises:
        OSError: whatever the system refuses; no file is left then.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return True


def create_durably(path: Path, content: bytes) -> None:
    """Make a file that is not there yet, its content on the disk whatever stops the machine.

    Its name is once its folder has been flushed.

    Raises:
        OSError: it is there, or whatever else the system refuses; a part of the file may be left.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def make_folder(path: Path) -> list[Path]:
    """Make a folder and those above it, on the disk whatever stops the machine; returns those made, the inner first.

    Others may remove an empty one at the same time: which of them this call has made, making it says and not a look.
    One that is there may be of a process that was killed before its name was safe.
    """
    above: list[Path] = []
    refused = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    for _ in range(TRIES):
        try:
            path.mkdir()
        except FileExistsError:
            if path.is_dir():
                with suppress(PermissionError):  # a folder above that may be passed through, and not read
                    flush(path.parent)
                return above
            if path.exists() or path.is_symlink():
                raise
        except FileNotFoundError as error:  # also of a folder in which nothing can be made
            refused = error
            above = [*make_folder(path.parent), *above]
        else:
            flush(path.parent)
            return [path, *above]
    raise refused


def remove_whole(path: Path) -> None:
    """Remove a file or a folder, if it is there: a folder at once, no part of it is ever taken for the whole."""
    if path.is_dir() and not path.is_symlink():
        aside = path.with_name(f"{WRITING}{secrets.token_hex(8)}")
        path.rename(aside)
        flush(aside.parent)
        shutil.rmtree(aside)
    else:
        path.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed have left half-written in a folder; what may still be written stays."""
    for path in folder.glob(f"{WRITING}*"):
        with suppress(FileNotFoundError):  # another process has finished it in the meantime
            if time.time() - path.stat().st_mtime > SECONDS_OF_A_WRITE:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _umask() -> int:
    """What the user takes from the permissions of a new file.

    Asked of the system, where it says so: else one has to set it for a moment, which files of other threads may meet.
    """
    with suppress(OSError, StopIteration, ValueError):
        status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines()
        return int(next(line for line in status if line.startswith("Umask:")).split()[1], 8)
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
