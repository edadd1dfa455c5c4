"""The folder of compiled programs. What is kept there is run as code, so it counts only where nobody else can write."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

OTHERS = 0o022  # group and all others may write
_told: set[str] = set()


def cache_dir() -> Path:
    """Folder of compiled programs, private to the user."""
    import platformdirs

    configured = os.environ.get("LEVSTRESS_CACHE_DIR")
    base = Path(configured) if configured else Path(platformdirs.user_cache_dir("levstress"))
    return base / "compiled"


def trusted(file: Path) -> bool:
    """Whether a file or folder is this user's or root's, and nobody else may write to it.

    Raises:
        OSError: it is not there.
    """
    status = file.stat()
    return status.st_uid in (0, _user(status.st_uid)) and not status.st_mode & OTHERS


def make_private(folder: Path) -> None:
    """Make a folder that only this user reads and writes; what others could have put into one that was open goes.

    Raises:
        OSError: it cannot be made, is somebody else's, or may not be written to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != _user(status.st_uid):
        raise PermissionError(errno.EPERM, "it belongs to another user")
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, "it cannot be written to")
    if status.st_mode & 0o077:
        folder.chmod(0o700)
    if status.st_mode & OTHERS:
        for file in folder.rglob("*"):
            if file.is_symlink() or (file.is_file() and not trusted(file)):
                file.unlink()


def not_kept(error: OSError) -> None:
    """Say once why nothing is kept."""
    text = f"levstress: no compiled programs are kept in {cache_dir()} ({error.strerror})"
    if text not in _told:
        _told.add(text)
        print(text, file=sys.stderr)


def forget(folder: Path, largest: int) -> None:
    """Remove the files of a folder that were used or written longest ago, beyond so many bytes of all of them."""
    found = ((x.stat(), x) for x in folder.glob("*") if x.is_file())
    total = 0
    for _, size, file in sorted(((status.st_mtime, status.st_size, x) for status, x in found), reverse=True):
        total += size
        if total > largest:
            file.unlink(missing_ok=True)


def _user(owner: int) -> int:
    """The user of this process; the owner himself where a system knows no users."""
    return os.geteuid() if hasattr(os, "geteuid") else owner
