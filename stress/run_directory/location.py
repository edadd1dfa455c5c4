"""Where a run directory is: a folder, or the URL of an object store with a folder here that is kept in step with it.

What is done is pushed as it is done: first the spec, then each block, at last the result with its root metadata as the
last file, so that a result which is not whole is never seen as one. A block counts by the digest in its name.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stress.engine.chunks import Chunk
from stress.errors import MissingExtra
from stress.results.files.store import RESULT, RunExists
from stress.results.files.zarr_format import METADATA
from stress.run_directory.chunk_store import chunk_of
from stress.run_directory.run_location import CLAIMS, RunLocation
from stress.run_directory.writing import CannotWrite

WITHOUT_FOLDERS = {"s3", "gs", "abfs", "oci", "oss", "hf"}  # where making one could only make a bucket
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://.+")
HERE = re.compile(r"(?:file|local)://(.+)", re.DOTALL)  # a URL of a folder of this machine
NO_NAME = "names no run directory, as an empty path does not; say './' as a text if the current folder is meant"


class EmptyName(ValueError):
    """A run directory without a name (exit 2)."""


class RemoteLocation(RunLocation):
    """A run directory behind a URL that `fsspec` knows, such as s3://bucket/run, gs://, abfs://, sftp:// or file://."""

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise MissingExtra(f"{url} needs fsspec: pip install 'levstress[remote]'") from error
        self._scratch = tempfile.TemporaryDirectory(prefix="levstress-")
        super().__init__(Path(self._scratch.name) / (url.rstrip("/").rsplit("/", 1)[-1] or "run"), url)
        self.folder.mkdir()
        with self._reached():
            self._system, root = fsspec.core.url_to_fs(url)
            self._system.invalidate_cache()
        self._root, protocols = str(root).rstrip("/"), self._system.protocol
        self._protocols = {protocols} if isinstance(protocols, str) else set(protocols)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Name the URL when its store refuses.

        Raises:
            MissingExtra: the library of that kind of store is not installed.
            CannotWrite: whatever the store says.
        """
        try:
            yield
        except ImportError as error:
            raise MissingExtra(f"{self.name}: {error}") from error
        except Exception as error:  # every kind of store has errors of its own
            said = " ".join(str(error).split())[:200]
            raise CannotWrite(f"{self.name} cannot be used: {type(error).__name__}: {said}") from error

    def has(self, name: str) -> bool:
        """Whether a file or folder of this name is there; a result only when it is whole."""
        with self._reached():
            self._system.invalidate_cache()
            return bool(self._system.exists(f"{self._root}/{name}/{METADATA}" if name == RESULT else self._at(name)))

    def is_empty(self) -> bool:
        """Whether nothing is there, claims apart."""
        with self._reached():
            return not any(f"/{CLAIMS}/" not in path for path in self._files(""))

    @contextmanager
    def made(self) -> Iterator[None]:
        """Nothing has to be made: files bring their folders."""
        yield

    def read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none."""
        with self._reached():
            try:
                return bytes(self._system.cat_file(self._at(name)))
            except (FileNotFoundError, IsADirectoryError):
                return None

    def create(self, name: str, content: bytes) -> bool:
        """Make a file, unless one of this name is there; `content` is no other process's.

        What the store answers is one thing, what is there then another: an answer may be lost, and a store that does
        not know the question writes over what is there.
        """
        with self._reached():
            self._make_folder_of(self._at(name))
            try:
                self._system.pipe_file(self._at(name), content, mode="create")
            except Exception:  # every kind of store has its own way to say no
                found = self.read(name)
                if found is None:
                    raise
                return found == content
            return self.read(name) == content

    def put(self, name: str, content: bytes) -> None:
        """Write or replace a small file."""
        with self._reached():
            self._make_folder_of(self._at(name))
            self._system.pipe_file(self._at(name), content)

    def names(self, folder: str) -> list[str]:
        """Names of what is in a folder."""
        with self._reached():
            skip = len(self._at(folder).rstrip("/")) + 1
            return sorted({path[skip:].split("/", 1)[0] for path in self._files(folder)})

    def remove_empty(self, name: str) -> None:
        """Remove a folder, where the store has such things, if nothing is in it."""
        with suppress(Exception):  # every kind of store has its own way to say no
            if not WITHOUT_FOLDERS.intersection(self._protocols):
                self._system.rmdir(self._at(name))

    def discard(self, owner: str) -> None:
        """Nothing half-written is seen there."""

    def fetch(self, *names: str, within: Chunk | None = None) -> bool:
        """Copy files and folders of these names here, see `RunLocation.fetch`."""
        if RESULT in names and self.has(METADATA):  # a result itself, without the run directory around it
            names = ()
        with self._reached():
            for found in (path for name in names or ("",) for path in self._files(name)):
                chunk = chunk_of(found.rsplit("/", 1)[-1])
                if chunk is not None and within is not None and not chunk.inside(within):
                    continue
                if found.startswith(f"{self._at(CLAIMS)}/"):  # come and go
                    continue
                target = self.folder / found[len(self._root) + 1 :]
                if not target.resolve().is_relative_to(self.folder.resolve()):
                    raise CannotWrite(f"{self.name} holds the name {found!r}")
                target.parent.mkdir(parents=True, exist_ok=True)
                self._system.get_file(found, str(target))
        return True

    def push(self, path: Path) -> None:
        """Copy a file of the folder there."""
        with self._reached():
            target = self._at(path.relative_to(self.folder).as_posix())
            self._make_folder_of(target)
            self._system.put_file(str(path), target)

    def push_result(self) -> None:
        """Copy the result there, the file that makes it a result last, and that only where there is none.

        Raises:
            RunExists: there is.
        """
        root = f"{RESULT}/{METADATA}"
        if not self.has(RESULT):
            with self._reached():
                for left in self._files(RESULT):  # by an upload that was cut off
                    self._system.rm_file(left)
        for path in (path for path in (self.folder / RESULT).rglob("*") if path.is_file()):
            if path != self.folder / root:
                self.push(path)
        if not self.create(root, (self.folder / root).read_bytes()):
            raise RunExists(f"{self.name} already holds a finished run: another process has sealed it")

    def remove(self, *names: str) -> None:
        """Remove files or folders of these names there and here; of a result first what makes it one."""
        super().remove(*names)
        with self._reached():
            for name in names:
                root = f"{self._at(name)}/{METADATA}"
                if name.endswith(RESULT) and self._system.exists(root):  # asked for: a list may be old
                    self._system.rm_file(root)
                for path in self._files(name):
                    self._system.rm_file(path)
                if self._system.isdir(self._at(name)):
                    self._system.rm(self._at(name), recursive=True)

    def move(self, name: str, target: str) -> None:
        """Give a file or the files of a folder another name; a result is one neither here nor there on the way.

        It is copied first: when that fails, everything is still where it was, and what has the other name is a part.
        """
        if (self.folder / name).exists():
            super().move(name, target)
        with self._reached():
            for path in _result_last(self._files(name)):
                self._make_folder_of(new := self._at(target) + path[len(self._at(name)) :])
                self._system.copy(path, new)
        self.remove(name)

    def _make_folder_of(self, path: str) -> None:
        if not WITHOUT_FOLDERS.intersection(self._protocols):
            self._system.makedirs(path.rsplit("/", 1)[0], exist_ok=True)

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _files(self, name: str) -> list[str]:
        """Paths of a file, or of all in a folder; none where there is none."""
        at = self._at(name).rstrip("/")
        self._system.invalidate_cache()
        found: Any = self._system.find(at) if self._system.exists(at) else []
        return [str(path) for path in found]


def _result_last(paths: list[str]) -> list[str]:
    """Files, with that which makes a result one at the end."""
    return sorted(paths, key=lambda path: path.endswith(f"{RESULT}/{METADATA}"))


def location_of(where: str | Path) -> RunLocation:
    """The run directory at a path or a URL.

    Raises:
        EmptyName: the name is empty, or nothing but spaces.
        MissingExtra: a library that the URL needs is not installed.
        CannotWrite: its store refuses.
    """
    if not str(where).strip() or where == Path():
        raise EmptyName(f"{str(where) if isinstance(where, str) else where!r} {NO_NAME}")
    if isinstance(where, str) and (here := HERE.fullmatch(where)):
        return RunLocation(Path(here[1]), where)
    return RemoteLocation(where) if isinstance(where, str) and URL.fullmatch(where) else RunLocation(Path(where))
