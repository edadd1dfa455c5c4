"""Facts about this machine that decide how fast, or whether, a run goes; nothing here is sent anywhere."""

from __future__ import annotations

import os
import platform
import re
import shutil
import stat
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jax import Array

PACKAGES = (
    "levstress",
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "xarray",
    "zarr",
    "numcodecs",
    "pydantic",
    "typer",
    "matplotlib",
)
CUDA_PLUGINS = ("jax-cuda13-plugin", "jax-cuda12-plugin")
CORES_OF_A_PROCESS = 8  # that one host thread keeps busy where paths seldom trade, see docs/performance.md
FEATURES = ("avx", "avx2", "fma", "avx512f", "avx512dq", "avx512bw", "avx512vl", "neon", "asimd", "sve")


def describe_machine() -> dict[str, Any]:
    """All facts as a JSON-ready dict; None where the system does not say."""
    from stress.bench.gpu_ledger import state_of
    from stress.engine.devices import available_cores
    from stress.engine.kept.folder import cache_dir

    cpuinfo = _read("/proc/cpuinfo")
    devices, failure = _devices()
    cache = _cache(cache_dir())
    passes = None if failure else _passes_on()
    gpu = {"driver": _nvidia_driver(), "plugin": _cuda_plugin(), "ledger": state_of()}
    folder = Path.cwd()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: _version(name) for name in PACKAGES},
        "cpu": {
            "model": _model(cpuinfo),
            "cores_usable": available_cores(),
            "features": _features(cpuinfo),
            "passes_on": passes,
        },
        "memory": {"total_bytes": _total_memory(), "available_bytes": _free_memory()},
        "disk": {"folder": str(folder), "free_bytes": shutil.disk_usage(folder).free},
        "compile_cache": cache,
        "devices": devices,
        "gpu": gpu,
        "missing": [*_unkept(cache), *_missing(devices, failure, passes, gpu, available_cores())],
    }


def _read(path: str) -> str:
    file = Path(path)
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _model(cpuinfo: str) -> str | None:
    match = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return match.group(1).strip() if match else platform.processor() or None


def _features(cpuinfo: str) -> list[str]:
    match = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    present = set(match.group(1).split()) if match else set()
    return [feature for feature in FEATURES if feature in present]


def _total_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # this system does not have these names
        return None


def _free_memory() -> int | None:
    from stress.engine.plan import free_memory

    return free_memory()


def _cache(folder: Path) -> dict[str, Any]:
    from stress.engine.kept.folder import make_private

    problem = None
    try:
        make_private(folder)
    except OSError as error:
        problem = error.strerror
    facts = {"folder": str(folder), "problem": problem}
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    except OSError:  # it is not there, or others may not look into it
        return facts | {"exists": False, "mode": None, "bytes": 0}
    return facts | {"exists": True, "mode": f"{mode:04o}", "bytes": size}


def _devices() -> tuple[list[str], str | None]:
    """What a run would compute on, or why it could not."""
    from stress.engine.devices import set_up

    try:
        return [set_up().describe()], None
    except Exception as error:  # the doctor reports whatever keeps JAX from starting
        return [], f"{type(error).__name__}: {error}"


def _passes_on() -> list[str]:
    """Passes of XLA that cost time and are on all the same, as this XLA does not know how to leave them out.

    After them the option for its scheduler, where it does not know what is asked of it.
    """
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax.sharding import Mesh

    from stress.engine import devices

    cpu = jax.devices("cpu")[:1]
    options, scheduler = devices.compiler_options(Mesh(cpu, "one")), devices.SCHEDULER[0]
    try:
        jax.jit(lambda x: x + 1).lower(jnp.ones(1, jnp.float32)).compile(options)
    except jax.errors.JaxRuntimeError:
        options.pop(scheduler, None)

    def compiled(program: Callable[[Array], Array], rows: int) -> str:
        return jax.jit(program).lower(jnp.ones((rows, 1_024), jnp.float32)).compile(options).as_text() or ""

    with jax.default_device(cpu[0]):
        split = compiled(lambda x: ((x * x + 1.0) * x + 2.0) * x, 4_096)
        twice = np.arange(64).repeat(2)
        copied = compiled(lambda x: jax.lax.optimization_barrier(jnp.exp(x) / (1.0 + x * x))[twice], 64)
    assigner, expander = devices.PASSES_OFF
    found = {assigner: "outer_dimension_partitions" in split, expander: "opt-barrier(" not in copied}
    found[scheduler] = scheduler not in options and scheduler not in devices.flags_read()
    return [name for name, on in found.items() if on]


def _nvidia_driver() -> str | None:
    match = re.search(r"Module\s+(\d[\d.]*)", _read("/proc/driver/nvidia/version"))
    if match:
        return match.group(1)
    return "present (nvidia-smi is on the path)" if shutil.which("nvidia-smi") else None


def _cuda_plugin() -> str | None:
    for name in CUDA_PLUGINS:
        found = _version(name)
        if found is not None:
            return f"{name} {found}"
    return None


def _unkept(cache: dict[str, Any]) -> list[str]:
    problem = cache["problem"]
    return [f"for a quick start: no programs are kept in {cache['folder']}: {problem}"] if problem else []


def _missing(
    devices: list[str], failure: str | None, passes: list[str] | None, gpu: dict[str, str | None], cores: int
) -> list[str]:
    lines = []
    if failure is not None:
        lines.append(f"JAX does not start: {failure}")
    on = [name for name in passes or () if not name.startswith("xla_")]
    if on:
        lines.append(f"for speed: this version of jaxlib does not leave out {' and '.join(on)}")
    lines += [f"for speed: this version of jaxlib does not know {name}" for name in passes or () if name not in on]
    if cores > CORES_OF_A_PROCESS and _version("distributed") is None:
        lines.append(
            f"for all {cores} cores: one process keeps about {CORES_OF_A_PROCESS} busy where paths seldom trade; "
            "pip install 'levstress[dask]' and run with --executor dask"
        )
    if gpu["driver"] is None:
        lines.append("for a GPU: no NVIDIA driver was found")
    if gpu["plugin"] is None:
        lines.append("for a GPU: JAX's CUDA plugin is not installed; pip install 'levstress[cuda13]' (or [cuda12])")
    if gpu["driver"] and gpu["plugin"] and not any(device.startswith("gpu") for device in devices):
        lines.append(
            "for a GPU: driver and plugin are there, but JAX sees no GPU (does the driver fit the CUDA version?)"
        )
    if _version("matplotlib") is None:
        lines.append("for pictures: matplotlib; pip install 'levstress[report]'")
    return lines
