"""The files a scenario is made of: read once, hashed, and remembered by name only, never by a path of this machine."""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import stat
import warnings
from pathlib import Path

from stress.scenarios.csv.labelled import Labelled
from stress.scenarios.csv.table import SEPARATORS, Form, read_table
from stress.scenarios.errors import ScenarioError, ScenarioWarning

LARGEST_TABLE = 64 << 20  # bytes
MOST_LINES = 100_000
MOST_CELLS = 5_000_000


def read_regular(path: Path, most: int) -> bytes:
    """Bytes of a regular file; what never ends, or waits for somebody to write, is not opened.

    Raises:
        OSError: unreadable, a folder, a pipe or a device, or more than `most` bytes.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"larger than {most >> 20} MiB", str(path))
    return data


def _encoding(data: bytes, wrong: int) -> str:
    """What text that is not UTF-8 looks like; `wrong` is the first byte that cannot be."""
    for mark, name in (
        (codecs.BOM_UTF32_LE, "UTF-32"),
        (codecs.BOM_UTF32_BE, "UTF-32"),
        (codecs.BOM_UTF16_LE, "UTF-16"),
        (codecs.BOM_UTF16_BE, "UTF-16"),
    ):
        if data.startswith(mark):
            return f"it begins as {name} does"
    if b"\0" in data:
        return "it holds NULs, as UTF-16 does"
    try:
        letter = data[wrong : wrong + 1].decode("cp1252")
    except UnicodeDecodeError:
        return "it is no text"
    return f"in Windows-1252 or Latin-1 the byte is {letter!r}"


class InputFiles:
    """Text files of one scenario, with the sha256 of each.

    Paths inside a scenario are relative to its folder; `scenario_file` is the name used in messages.
    """

    def __init__(self, scenario_file: str = "<document>", folder: Path | None = None) -> None:
        self.scenario_file = scenario_file
        self.scenario_text = ""  # of the TOML file, where there is one
        self.folder = folder
        self._texts: dict[Path, str] = {}
        self._hashes: dict[str, str] = {}
        self._rows: dict[tuple[str, Form], list[dict[str, str]]] = {}
        self.labelled: dict[str, Labelled] = {}  # that were read, see `read.labelled`
        self.tables: dict[str, str] = {}  # key of a table that came from a file -> name of that file

    def file_of(self, key: str) -> str:
        """The name of the file in which the value of a dotted key stands."""
        return self.tables.get(key.partition(".")[0].partition("[")[0], self.scenario_file)

    @property
    def hashes(self) -> dict[str, str]:
        """File name -> sha256, sorted by name."""
        return dict(sorted(self._hashes.items()))

    def take(self, *others: InputFiles) -> None:
        """Count the files of other scenarios among those of this one."""
        for other in others:
            for name, digest in other._hashes.items():
                other_file = self._hashes.get(name, digest) != digest and other.folder is not None
                self._hashes[f"{other.folder.name}/{name}" if other_file and other.folder else name] = digest

    def read(self, path: str, key: str) -> str:
        """Text of the file that `key` names.

        Raises:
            ScenarioError: the file is missing, unreadable or not UTF-8.
        """
        where = Path(path) if self.folder is None else self.folder / path
        if where not in self._texts:
            try:
                data = read_regular(where, LARGEST_TABLE)
            except (OSError, ValueError) as error:  # ValueError: a NUL in the path
                raise ScenarioError(
                    f"cannot read the file ({getattr(error, 'strerror', None) or error})",
                    file=self.scenario_file,
                    key=key,
                    value=path,
                    allowed="a readable file of 64 MiB at most, its path relative to the scenario file",
                ) from error
            self._texts[where] = self.remember(where, data, key)
        return self._texts[where]

    def remember(self, where: Path, data: bytes, key: str) -> str:
        """Hash the bytes of a file and decode them.

        Raises:
            ScenarioError: not UTF-8.
        """
        digest = hashlib.sha256(data).hexdigest()
        name = where.name
        for folder in where.parents:  # of files of one name, as much of the path as tells them apart
            if self._hashes.get(name, digest) == digest:
                break
            name = f"{folder.name}/{name}"
        self._hashes[name] = digest
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise ScenarioError(
                f"is not UTF-8 (line {line}, byte {error.start}): {_encoding(data, error.start)}",
                file=where.name,
                key=key,
                allowed='text in UTF-8 (Excel: "CSV UTF-8"; Python: encoding="utf-8")',
            ) from error

    def rows(self, path: str, key: str, form: Form) -> list[dict[str, str]]:
        """Rows of a CSV file with a header, see `read_table`; what is not plain about it is said in a warning.

        Raises:
            ScenarioError: no header, a column named twice or not at all, a row of another length, an error of a
                spreadsheet, numbers that can be read in two ways.
        """
        if (path, form) in self._rows:  # one file of positions serves all funds
            return [dict(row) for row in self._rows[path, form]]
        name, text = Path(path).name, self.table_text(path, key)
        table = read_table(text, name, key, form)
        if table.understood:
            warnings.warn(f"{name}: read with {table.understood}", ScenarioWarning, stacklevel=2)
        self._rows[path, form] = table.rows
        return [dict(row) for row in table.rows]

    def table_text(self, path: str, key: str) -> str:
        """Text of a table.

        Raises:
            ScenarioError: as `read`; more lines or cells than make sense.
        """
        name, text = Path(path).name, self.read(path, key)
        for signs, most, what in ("\n", MOST_LINES, "lines"), (SEPARATORS, MOST_CELLS, "cells"):
            count = max(map(text.count, signs))
            if count > most:
                raise ScenarioError(f"has {count:,} {what}", file=name, key=key, allowed=f"{most:,} at most")
        return text
