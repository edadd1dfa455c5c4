"""The source of what comes from outside the package, as one digest: its own modules and those of the user they import.

Installed libraries are left out, as they are for the package itself, but for the one that an extension stands in.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

OURS = "stress"
INSTALLED = {"site-packages", "dist-packages"}


def source_digest(modules: Iterable[str]) -> str:
    """SHA-256 of Python files: of whole packages where modules stand in one, and of what these import, at any place.

    Raises:
        ValueError: a module stands in no file.
    """
    texts: dict[str, bytes] = {}
    left = {module.split(".")[0] for module in modules} - {OURS, *sys.stdlib_module_names}
    seen = set(left)
    while left:
        name = left.pop()
        files = dict(_files(name))
        if not files:
            raise ValueError(f"the module {name!r} stands in no file, and its source is part of a run's identity")
        texts |= files
        wanted = {top for text in files.values() for top in _imported(text)} - seen
        left |= {top for top in wanted if _is_of_the_user(top)}
        seen |= wanted
    digest = hashlib.sha256()
    for label in sorted(texts):
        digest.update(f"{label}\0{len(texts[label])}\0".encode() + texts[label])
    return digest.hexdigest()


def _spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ImportError, ValueError):  # `__main__` of a script has none
        return None


def _files(name: str) -> Iterator[tuple[str, bytes]]:
    """Label and text of the Python files of a package, or of the one of a module."""
    spec = _spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        for folder in map(Path, spec.submodule_search_locations):
            for path in folder.rglob("*.py"):
                yield f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes()
        return
    place = getattr(sys.modules.get(name), "__file__", None) if spec is None else spec.origin
    if place is not None and Path(place).is_file():
        yield name, Path(place).read_bytes()


def _imported(text: bytes) -> Iterator[str]:
    """First names of the modules that a file imports, inside functions, too."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # no Python of this version, or compiled: nothing is known of its imports
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def _is_of_the_user(name: str) -> bool:
    if name == OURS or name in sys.stdlib_module_names:
        return False
    spec = _spec(name)
    if spec is None:
        return False
    places = [*(spec.submodule_search_locations or []), *([spec.origin] if spec.origin else [])]
    return any(Path(place).exists() and not INSTALLED & set(Path(place).parts) for place in places)
