"""A disk: a real folder as what processes see, and beside it what would be left if the power went now.

A file's content is safe once the file was flushed, a name once its folder was; of the rest a crash keeps what chance
says: some names, and of each file that was not flushed a part.
"""

from __future__ import annotations

import random
import shutil
from itertools import count
from pathlib import Path

Names = dict[str, int]


class Disk:
    """One folder of the disk, with what is safe of it.

    Attributes:
        root: the folder; it is empty at first, and there whatever happens.
    """

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root, self._chance, self._numbers = root, chance, count(1)
        self._seen: dict[int, Names] = {0: {}}  # folders by number: what processes see
        self._safe: dict[int, Names] = {0: {}}
        self._content: dict[int, bytes] = {}  # of files that were flushed
        self._pending: list[tuple[tuple[int, str] | None, tuple[int, str] | None, int]] = []  # from, to, what

    def number(self, path: Path) -> int:
        """Of the file or folder that is seen at a path."""
        found = 0
        for name in path.relative_to(self.root).parts:
            found = self._seen[found][name]
        return found

    def made(self, path: Path, folder: bool = False) -> int:
        """A file or folder has been made."""
        number = next(self._numbers)
        if folder:
            self._seen[number], self._safe[number] = {}, {}
        self._change(None, path, number)
        return number

    def renamed(self, old: Path, new: Path) -> None:
        """A file or folder has another name now."""
        self._change(old, new, self.number(old))

    def removed(self, path: Path) -> None:
        """A file or folder is gone."""
        self._change(path, None, self.number(path))

    def flushed(self, number: int, content: bytes | None) -> None:
        """What a file or folder holds is safe."""
        if content is not None:
            self._content[number] = content
            return
        mine = [change for change in self._pending if any(side and side[0] == number for side in change[:2])]
        self._pending = [change for change in self._pending if change not in mine]
        for change in mine:
            self._apply(self._safe, *change)

    def crash(self) -> None:
        """The power goes, and comes again: what is seen is what was safe, and some of the rest."""
        keep = self._chance.choice((0.0, 0.5, 0.5, 1.0))
        for change in self._pending:
            if self._chance.random() < keep:
                self._apply(self._safe, *change)
        now = {number: path.read_bytes() for number, path in self._files(0, self.root)}
        for path in self.root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._rebuild(0, self.root, now)
        self._pending = []  # also what the patched calls have noted while the folder was built anew
        self._seen = {number: dict(names) for number, names in self._safe.items()}

    def _rebuild(self, folder: int, path: Path, now: dict[int, bytes]) -> None:
        for name, number in self._safe[folder].items():
            if number in self._safe:
                (path / name).mkdir()
                self._rebuild(number, path / name, now)
                continue
            whole = self._content.get(number)
            if whole is None or now.get(number, whole) != whole:
                there = now.get(number, b"")
                whole = there[: self._chance.randint(0, len(there))]
            (path / name).write_bytes(whole)
            self._content[number] = whole

    def _files(self, folder: int, path: Path) -> list[tuple[int, Path]]:
        found = []
        for name, number in self._seen[folder].items():
            inside = path / name
            found += self._files(number, inside) if number in self._seen else [(number, inside)]
        return found

    def _change(self, old: Path | None, new: Path | None, number: int) -> None:
        change = (self._place(old), self._place(new), number)
        self._pending.append(change)
        self._apply(self._seen, *change)

    def _place(self, path: Path | None) -> tuple[int, str] | None:
        return None if path is None else (self.number(path.parent), path.name)

    def _apply(
        self, folders: dict[int, Names], old: tuple[int, str] | None, new: tuple[int, str] | None, number: int
    ) -> None:
        if old is not None and folders[old[0]].get(old[1]) == number:
            del folders[old[0]][old[1]]
        if new is not None:
            folders[new[0]][new[1]] = number
