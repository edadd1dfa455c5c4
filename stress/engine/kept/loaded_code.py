"""A digest of the code that programs are traced from, as it is loaded: what was put in another's place counts, too."""

from __future__ import annotations

import hashlib
import inspect
import pkgutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

PACKAGES = ("stress.kernels", "stress.engine.detail")
MODULES = ("stress.engine.block", "stress.engine.tiles")
RESULTS = "stress.results."  # of these modules those that they read from: all of them would load half of SciPy
LIBRARIES = {*sys.stdlib_module_names, "jax", "jaxlib", "numpy"}  # told by their versions
LEVELS = 5  # that a function in a closure of a method in a class is followed


def loaded_code() -> str:
    """The digest, of every module whose functions a program of a run may be made from."""
    digest = hashlib.sha256(_files())
    for name in _modules():
        for key, value in sorted(vars(sys.modules[name]).items()):
            if not key.startswith("__"):
                digest.update(f"{name}.{key}".encode() + (_home(value, name) or _of(value)))
    return digest.hexdigest()


def source_digest() -> str:
    """Of the files alone: the same for any version of Python; SHA-256 of nothing where they cannot be read."""
    return hashlib.sha256(_files()).hexdigest()


@cache
def _modules() -> list[str]:
    names = list(MODULES)
    for package in map(import_module, PACKAGES):
        names += [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for name in names:
        names += sorted(_results_read(vars(import_module(name)).values()) - {*names})
    return sorted(names)


def _results_read(values: Iterable[Any]) -> set[str]:
    """The modules of RESULTS that some of a module's values are, or come from."""
    homes = {
        value.__name__ if isinstance(value, ModuleType) else str(getattr(value, "__module__", "")) for value in values
    }
    return {home for home in homes if home.startswith(RESULTS)}


@cache
def _files() -> bytes:
    """What stands in the files, for what a module works out when it is loaded; nothing of what cannot be read."""
    texts = (inspect.getsource(sys.modules[name]) for name in _modules() if sys.modules[name].__file__)
    with suppress(OSError, TypeError):
        return "\n".join(texts).encode()
    return b""


def _home(value: Any, name: str) -> bytes:
    """Where something comes from that counts in another of the modules."""
    home = getattr(value, "__module__", None)
    counts = home != name and home in sys.modules and home in _modules()
    return f"{home}.{value.__qualname__}".encode() if counts and hasattr(value, "__qualname__") else b""


def _of(value: Any, levels: int = LEVELS) -> bytes:
    """What tells a function, a class, an object of one or a constant from another."""
    value = inspect.unwrap(value) if callable(value) else value
    if levels == 0:
        return b""
    if isinstance(value, FunctionType):
        kept = (cell.cell_contents for cell in value.__closure__ or ())
        inner = (*kept, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
        return _of_code(value.__code__) + b"".join(_of(one, levels - 1) for one in inner)
    if isinstance(value, property | staticmethod | classmethod):
        return _of(value.fget if isinstance(value, property) else value.__func__, levels - 1)
    if isinstance(value, dict):
        return b"".join(repr(key).encode() + _of(one, levels - 1) for key, one in value.items())
    if isinstance(value, partial):
        return _of((value.func, value.args, value.keywords), levels)
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype} {value.shape}".encode() + value.tobytes()
    if isinstance(value, tuple | list):
        return b"".join(_of(one, levels - 1) for one in value)
    if isinstance(value, bool | int | float | str | bytes | None):
        return repr(value).encode()
    kind = value if isinstance(value, type) else type(value)
    if kind.__module__.partition(".")[0] in LIBRARIES:
        return b""
    own = vars(value) if hasattr(value, "__dict__") else {}
    return kind.__qualname__.encode() + _of(dict(sorted(own.items())), levels - 1)


def _of_code(code: CodeType) -> bytes:
    """Instructions, names and constants: nothing of where it stands."""
    constants = (_of_code(one) if isinstance(one, CodeType) else _constant(one) for one in code.co_consts)
    return code.co_code + repr((code.co_names, code.co_freevars)).encode() + b"".join(constants)


def _constant(value: Any) -> bytes:
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value).encode()
