"""The scenarios that ship with the package."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stress.scenarios.errors import ScenarioError, suggest

_FOLDER = Path(__file__).parent


class LibraryEntry(NamedTuple):
    """One scenario of the library."""

    name: str
    title: str
    description: str


def list_names() -> list[str]:
    """Names of the library's scenarios, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def list_scenarios() -> list[LibraryEntry]:
    """The library's scenarios, sorted by name."""
    entries = []
    for name in list_names():
        document = _document(_FOLDER / f"{name}.toml")
        entries.append(LibraryEntry(name, document.get("title", ""), document.get("description", "")))
    return entries


def library_path(name: str) -> Path:
    """Path of a library scenario's file.

    Raises:
        ScenarioError: no scenario has that name.
    """
    names = list_names()
    if name not in names:
        raise ScenarioError("is no scenario of the library", file=name, key="", allowed=suggest(name, names))
    return _FOLDER / f"{name}.toml"


def copy_scenario(name: str, target_dir: str | Path) -> list[Path]:
    """Copy a library scenario and the CSV files it reads or is named with into a folder, made where absent.

    Returns:
        The copies, the scenario first.

    Raises:
        ScenarioError: no scenario has that name.
        FileExistsError: a file of the same name is there already; nothing is copied then.
    """
    source = library_path(name)
    target = Path(target_dir)
    read = {_FOLDER / text for text in _texts(_document(source)) if _is_data_file(text)}
    wanted = [source, *sorted(read | {path for path in _FOLDER.glob("*.csv") if _owner(path.stem) == name})]
    for path in wanted:
        if (target / path.name).exists():
            raise FileExistsError(f"{target / path.name} exists already")
    target.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(path, target / path.name)) for path in wanted]


def _document(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def _owner(stem: str) -> str | None:
    """The scenario whose name a data file starts with, the longest one: `tariff-2025-observed` is of `tariff-2025`."""
    return max((name for name in list_names() if stem.startswith(f"{name}-")), key=len, default=None)


def _is_data_file(text: str) -> bool:
    return text.endswith(".csv") and "/" not in text and (_FOLDER / text).is_file()


def _texts(value: object) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
