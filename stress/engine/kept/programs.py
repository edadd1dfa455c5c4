"""Programs of a run, compiled once for a machine: executables kept in the user's cache, found without tracing.

A program is named by all that it is made from: the code that is loaded, the structure, the shapes of its arguments, the
versions of JAX, its settings and flags, the processor and its devices. What is kept is a pickle, so it is read only
where nobody but this user or root can write, and only when its digest, its name included, fits.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jaxlib
from jax.experimental import serialize_executable
from jax.experimental.compilation_cache import compilation_cache
from jax.sharding import Mesh

from stress.engine.devices import PASSES_OFF, SCHEDULER, available_cores, compiler_options, flags_read
from stress.engine.kept.folder import cache_dir, forget, make_private, not_kept, trusted
from stress.engine.kept.loaded_code import loaded_code
from stress.kernels.structure import Structure
from stress.results.files.durable_write import write_whole

LARGEST = 1 << 30  # bytes of all programs, and of what JAX keeps besides; the longest unused go first
SUFFIX = ".program"
DIGEST = hashlib.sha256().digest_size

# Settings of JAX that change no program: how it keeps programs, what it logs, the devices (they are in the key).
UNREAD = (
    *("jax_compilation_cache", "jax_enable_compilation_cache", "jax_persistent_cache", "jax_raise_persistent_cache"),
    *(
        "jax_log",
        "jax_debug_log",
        "jax_compiler_detailed_logging",
        "jax_explain",
        "jax_num_cpu_devices",
        "jax_platforms",
    ),
)
MOST_HERE = 16  # programs that this process holds

_here: dict[Any, Callable[..., Any]] = {}
_lock = threading.Lock()
_looked: list[bool] = []
_compiling: list[bool] = []  # JAX's own setting, once for each thread that compiles afresh


def ready(
    program: Any,
    name: str,
    structure: Structure,
    mesh: Mesh,
    arguments: tuple[Any, ...],
    compiling: Callable[[], None] = lambda: None,
) -> Callable[..., Any]:
    """The executable of a jitted function: from the cache, or compiled and kept there.

    Args:
        program: jitted; it depends on `structure`, `mesh` and the code of this package alone.
        name: of the program.
        structure: what is compiled; with mechanisms from outside, whose code is not known here, nothing is kept.
        mesh: devices.
        arguments: of a call.
        compiling: is called before a program that is not kept is compiled.
    """
    if structure.extensions:
        compiling()
        return compiled(program, mesh, arguments)
    here = (program, mesh, _shapes(arguments), _settings())  # what JAX itself would look at: nothing is hashed
    found = _here.pop(here, None)
    if found is None:
        file = cache_dir() / "programs" / f"{_key(name, structure, mesh, arguments)}{SUFFIX}"
        found = _load(file, mesh)
        if found is None:
            compiling()
            found = compiled(program, mesh, arguments)
            _keep(file, found)
    _here[here] = found  # the last one is the one used last
    for oldest in list(_here)[:-MOST_HERE]:
        _here.pop(oldest, None)
    return found


def compiled(program: Any, mesh: Mesh, arguments: tuple[Any, ...]) -> Callable[..., Any]:
    """The executable of a jitted function for these devices and arguments, compiled whatever is kept.

    An XLA that does not know its scheduler by this name has its own.
    """
    with _without_cache():
        lowered, options = program.lower(*arguments), compiler_options(mesh)
        try:
            made: Callable[..., Any] = lowered.compile(compiler_options=options)
        except jax.errors.JaxRuntimeError as error:
            name = SCHEDULER[0]
            if name not in options or name not in str(error):
                raise
            made = lowered.compile(compiler_options={key: x for key, x in options.items() if key != name})
    return made


@contextmanager
def _without_cache() -> Iterator[None]:
    """JAX's own cache is off: an executable that came from there cannot be kept once more."""
    settings: Any = jax.config  # its options are attributes that no type names
    with _lock:
        _compiling.append(_compiling[0] if _compiling else settings.jax_enable_compilation_cache)
        _set_cache(False)
    try:
        yield
    finally:
        with _lock:
            before = _compiling.pop()
            if not _compiling:
                _set_cache(before)


def _set_cache(on: bool) -> None:
    settings: Any = jax.config
    if settings.jax_enable_compilation_cache != on:
        jax.config.update("jax_enable_compilation_cache", on)
        compilation_cache.reset_cache()  # JAX looks at the setting once and keeps what it saw


def _shapes(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    leaves, tree = jax.tree.flatten(arguments)
    return tree, tuple((x.shape, str(x.dtype), bool(getattr(x, "weak_type", False))) for x in leaves)


def _settings() -> tuple[Any, ...]:
    settings: Any = jax.config
    values = ((name, value) for name, value in settings.values.items() if not name.startswith(UNREAD))
    return settings.jax_enable_x64, flags_read(), *values


def _digest(file: Path, content: bytes) -> bytes:
    """Of a program and what it is named by: one that was copied to another's name is not taken for it."""
    return hashlib.sha256(file.stem.encode() + content).digest()


def _key(name: str, structure: Structure, mesh: Mesh, arguments: tuple[Any, ...]) -> str:
    tree, shapes = _shapes(arguments)
    devices = [(device.device_kind, device.id, device.client.platform_version) for device in mesh.devices.flat]
    parts = (
        name,
        structure,
        str(tree),
        shapes,
        devices,
        _settings(),
        (PASSES_OFF, SCHEDULER),
        (jax.__version__, jaxlib.__version__, platform.python_version()),
        available_cores(),
        _processor(),
        loaded_code(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def _processor() -> str:
    """What code for a CPU depends on: the model and what it can do, where the system says so."""
    with suppress(OSError):
        found = re.findall(r"^(?:model name|flags|Features)\s*:.*$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        return "\n".join(sorted(set(found)))
    return f"{platform.machine()} {platform.processor()}"


def _load(file: Path, mesh: Mesh) -> Callable[..., Any] | None:
    """None where nothing sound is kept."""
    try:
        if not (trusted(file.parent) and trusted(file)):
            return None
        content = file.read_bytes()
        if _digest(file, content[DIGEST:]) != content[:DIGEST]:
            return None
        code, inputs, outputs = pickle.loads(content[DIGEST:])
        found: Callable[..., Any] = serialize_executable.deserialize_and_load(
            code, inputs, outputs, execution_devices=list(mesh.devices.flat)
        )
    except Exception:  # whatever is wrong with it, it can be compiled
        return None
    with suppress(OSError):  # a folder that can only be read serves as well
        os.utime(file)
    return found


def _keep(file: Path, program: Any) -> None:
    try:
        content = pickle.dumps(serialize_executable.serialize(program))
        make_private(file.parent)
        write_whole(file, _digest(file, content) + content)
        file.chmod(0o600)  # whatever the umask: what others may write is not read
        forget(file.parent, LARGEST)
        if not _looked:  # once, at what JAX keeps itself
            _looked.append(True)
            forget(cache_dir(), LARGEST)
    except OSError as error:
        not_kept(error)
    except Exception:  # a device whose programs cannot be kept: nothing is lost but time
        return
