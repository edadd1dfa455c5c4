"""A run directory on this machine: what is asked of it, which `RemoteLocation` answers for a store."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from stress.engine.chunks import Chunk
from stress.results.files.durable_write import (
    TRIES,
    WRITING,
    create_whole,
    flush,
    make_folder,
    remove_whole,
    write_whole,
)
from stress.run_directory.writing import writing

CLAIMS = ".claims"  # folder of those who work here
T = TypeVar("T")


class RunLocation:
    """A run directory on this machine.

    Attributes:
        folder: where its files are.
        name: what to call it.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.folder, self.name = folder, name or str(folder)

    def has(self, name: str) -> bool:
        """Whether a file or folder of this name is there."""
        return (self.folder / name).exists()

    def is_empty(self) -> bool:
        """Whether nothing is there, claims and what is half-written apart."""
        ours = (WRITING, CLAIMS)
        return not (self.folder.exists() and any(not path.name.startswith(ours) for path in self.folder.iterdir()))

    @contextmanager
    def made(self) -> Iterator[None]:
        """Have the folder while the block lasts; what had to be made for it is removed again when nothing is in it.

        Raises:
            CannotWrite, NotEnoughResources: see `writing`.
        """
        with writing(self.folder):
            made = make_folder(self.folder)
        try:
            yield
        finally:
            with suppress(OSError):  # something is in it
                for folder in made:
                    folder.rmdir()

    def read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none."""
        with writing(self.folder):
            try:
                return (self.folder / name).read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None

    def create(self, name: str, content: bytes) -> bool:
        """Make a file, unless one of this name is there; returns whether this call made it, and no other."""
        with writing(self.folder):
            return self._in_folder_of(name, create_whole, content)

    def put(self, name: str, content: bytes) -> None:
        """Write or replace a small file, seen whole or not at all; it need not outlive the machine."""
        with writing(self.folder):
            self._in_folder_of(name, write_whole, content)

    def _in_folder_of(self, name: str, write: Callable[[Path, bytes], T], content: bytes) -> T:
        """Write, the folder of the file made first; another process may remove it while it is empty."""
        for _ in range(TRIES):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                return write(self.folder / name, content)
        raise FileNotFoundError(errno.ENOENT, "the folder is removed again and again", name)

    def names(self, folder: str) -> list[str]:
        """Names of what is in a folder, half-written files apart."""
        with writing(self.folder):
            try:
                paths = list((self.folder / folder).iterdir())
            except (FileNotFoundError, NotADirectoryError):
                return []
        return sorted(path.name for path in paths if not path.name.startswith(WRITING))

    def fetch(self, *names: str, within: Chunk | None = None) -> bool:
        """Have files and folders of these names in the folder, those that there are; without names everything.

        Args:
            names: of files and folders.
            within: leave out blocks that reach beyond these paths.

        Returns:
            Whether anything had to be copied.
        """
        return False

    def push(self, path: Path) -> None:
        """A file of the folder is whole."""

    def push_result(self) -> None:
        """The result is whole."""

    def remove(self, *names: str) -> None:
        """Remove files or folders of these names, those that there are."""
        for name in names:
            remove_whole(self.folder / name)

    def remove_empty(self, name: str) -> None:
        """Remove a folder if nothing is in it."""
        with suppress(OSError):
            (self.folder / name).rmdir()

    def discard(self, owner: str) -> None:
        """Remove what a process that is gone has half-written, see `stress.results.files.store.seal`."""
        for path in self.folder.glob(f"{WRITING}{owner}-*"):
            remove_whole(path)

    def move(self, name: str, target: str) -> None:
        """Give a file or folder another name, in place of what has it, on the disk when done."""
        new = self.folder / target
        make_folder(new.parent)
        remove_whole(new)
        (self.folder / name).rename(new)
        flush(new.parent)
        flush((self.folder / name).parent)
