"""What a sealed folder holds, file by file: so that one that is changed, lost or added is noticed and named.

`manifest.json` lists every other file of the folder with its size and SHA-256; names that begin with a dot, which file
managers leave behind, do not count. It is written in one form only and ends in a SHA-256 of its own list, so that it is
the manifest which is named when the manifest is damaged. It protects from accidents; who rewrites it together with the
files is found out by the numbers (`levstress verify`) or by a signature over the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

MANIFEST = "manifest.json"
FORMAT = 1
LARGEST = 256 << 20  # bytes of a manifest
TOGETHER = 8  # files that are read at a time
SMALL = 64 << 20  # bytes of files that are read one by one


class Sum(NamedTuple):
    """Size in bytes and SHA-256 (hexadecimal) of a file."""

    size: int
    sha256: str


def sum_of(content: bytes) -> Sum:
    """Of what a file holds."""
    return Sum(len(content), hashlib.sha256(content).hexdigest())


def sum_of_file(path: Path) -> Sum:
    """Of a file, read piece by piece.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return Sum(os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest())


def manifest_bytes(sums: Mapping[str, Sum]) -> bytes:
    """The one way in which a manifest of these files is written; names have slashes."""
    return sealed_table({name: list(sums[name]) for name in sorted(sums)})


def sealed_table(files: Mapping[str, Any]) -> bytes:
    """A manifest with this list of files and the SHA-256 of the list as it is written."""

    def text(part: Any) -> str:
        return json.dumps(part, indent=0, ensure_ascii=True)

    return f"{text({'format': FORMAT, 'files': files, 'sha256': sum_of(text(files).encode()).sha256})}\n".encode()


def files_below(folder: Path) -> Iterator[str]:
    """Names of the files that a manifest lists, relative to the folder."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inner = "" if Path(parent) == Path(folder) else f"{Path(parent).relative_to(folder).as_posix()}/"
        for name in names:
            if not name.startswith(".") and f"{inner}{name}" != MANIFEST:
                yield f"{inner}{name}"


def faults(folder: Path, by_size: Iterable[str] = ()) -> list[str]:
    """What is wrong with a sealed folder, a line each; none when every file is what it was.

    Args:
        folder: holds a manifest.
        by_size: files below these folders are looked at by name and size alone, which costs no reading.

    Raises:
        OSError: a file cannot be read.
    """
    path = folder / MANIFEST
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return [f"{MANIFEST} is no file"]
        if path.stat().st_size > LARGEST:
            return [f"{MANIFEST} is larger than {LARGEST >> 20} MiB"]
        content = path.read_bytes()
    except FileNotFoundError:
        return [f"{MANIFEST} is missing"]
    try:
        sums = _read(content)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        sums = None
    if sums is None or manifest_bytes(sums) != content:
        return [f"{MANIFEST} is damaged"]
    here, prefixes = set(files_below(folder)), tuple(f"{name}/" for name in by_size)
    found = [f"{name} is missing" for name in sorted(sums.keys() - here)]
    found += [f"{name} does not belong to it" for name in sorted(here - sums.keys())]

    def fault(name: str) -> str | None:
        try:
            return changed(name)
        except FileNotFoundError:  # it was here a moment ago
            return f"{name} is missing"

    def changed(name: str) -> str | None:
        status = (folder / name).lstat()  # what is behind a link is not in the folder
        if not stat.S_ISREG(status.st_mode):
            return f"{name} is no file"
        if status.st_size != sums[name].size:
            return f"{name} has {status.st_size} bytes, not {sums[name].size}"
        if not name.startswith(prefixes) and sum_of_file(folder / name) != sums[name]:
            return f"{name} has other bytes than were written"
        return None

    names = sorted(here & sums.keys())
    if sum(sums[name].size for name in names) < SMALL:  # to hand them out would take longer than to read them
        return [*found, *filter(None, map(fault, names))]
    with ThreadPoolExecutor(TOGETHER) as pool:
        return [*found, *filter(None, pool.map(fault, names))]


def _read(content: bytes) -> dict[str, Sum]:
    table: Any = json.loads(content)
    if not all(type(size) is int and isinstance(digest, str) for size, digest in table["files"].values()):
        raise TypeError("a size or digest of another type")
    return {str(name): Sum(size, digest) for name, (size, digest) in table["files"].items()}
