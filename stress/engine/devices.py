"""The one place where JAX is set up, before anything imports it: devices, vector width, compilation cache."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stress.engine.kept.folder import cache_dir, make_private, not_kept
from stress.errors import DeviceNotFound
from stress.options import Kind

if TYPE_CHECKING:
    from jax.sharding import Mesh

VECTOR_WIDTH = "--xla_cpu_prefer_vector_width"
DISABLE = "--xla_disable_hlo_passes"
# Every core has tiles of its own, so none is split; and what `kernels.linear.worked_out` asks for is done.
PASSES_OFF = ("cpu-parallel-task-assigner", "cse_barrier_expander")
# Kernels in the order that needs the least memory, one after the other: arrays stay in a core's cache.
SCHEDULER = ("xla_cpu_scheduler_type", "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED")
CPU_TILE = 1_024  # paths whose state fits a core's cache
GPU_TILE = 65_536
CPU_TILES_PER_DEVICE = 64
GPU_TILES_PER_DEVICE = 16
VIRTUAL_DEVICES = 2  # CPU devices there are at least, so that a run on one core can be checked against one on two
MOST_VIRTUAL_DEVICES = 8  # that are made beyond the cores when they are asked for: each slows the others down

_started: list[int] = []  # id of the process in which JAX was set up
_read_before: list[str] = []  # flags of XLA that hold instead, where the caller has used JAX before


@dataclass(frozen=True)
class Devices:
    """The devices of a run and how many paths they take at a time."""

    kind: Kind
    mesh: Mesh
    tile: int
    tiles_per_device: int
    why: str = ""  # this kind, where "auto" was asked for

    @property
    def count(self) -> int:
        """Number of devices."""
        return int(self.mesh.devices.size)

    def describe(self) -> str:
        """For example "cpu x 2"."""
        name = self.mesh.devices.flat[0].device_kind
        return f"{self.kind} x {self.count}" if name.lower() == self.kind else f"{self.kind} x {self.count} ({name})"


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_up(device: str = "auto", devices: int | None = None) -> Devices:
    """Import JAX with the settings of this project and choose devices.

    Args:
        device: "auto" (a GPU when there is one), "cpu" or "gpu".
        devices: how many; None = every core as a CPU device, or every GPU.

    Raises:
        DeviceNotFound: no such device, or fewer than asked for.
        RuntimeError: see `_start`.
    """
    jax = _start(devices)
    import numpy as np
    from jax.sharding import Mesh

    kind, found = _find(jax, device)
    wanted = devices or (len(found) if kind == "gpu" else min(available_cores(), len(found)))
    if wanted > len(found):
        raise DeviceNotFound(f"{wanted} {kind} devices asked for, {len(found)} can be had (see levstress doctor)")
    tile, per_device = (CPU_TILE, CPU_TILES_PER_DEVICE) if kind == "cpu" else (GPU_TILE, GPU_TILES_PER_DEVICE)
    return Devices(kind, Mesh(np.array(found[:wanted]), ("device",)), tile, per_device)


def gpus(devices: int | None = None) -> int:
    """GPUs that JAX can use; `devices` as for `set_up`, which this does the first part of.

    Raises:
        RuntimeError: see `_start`.
    """
    kind, found = _find(_start(devices), "auto")
    return len(found) if kind == "gpu" else 0


def _start(devices: int | None) -> Any:
    """JAX, imported with the settings of this project and as many CPU devices as may be wanted.

    Raises:
        RuntimeError: this process was forked from one that has used JAX: it would wait for threads that are not there.
    """
    if _started and _started[0] != os.getpid():
        raise RuntimeError(
            "levstress has run in the process that this one was forked from, and the threads of JAX do not survive a "
            'fork: start processes with multiprocessing.get_context("spawn") or "forkserver"'
        )
    given = os.environ.get("XLA_FLAGS", "")
    if VECTOR_WIDTH not in given:
        os.environ["XLA_FLAGS"] = f"{given} {VECTOR_WIDTH}=512".strip()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import jax

    if not _started:
        _started.append(os.getpid())
        virtual = max(VIRTUAL_DEVICES, min(devices or 0, MOST_VIRTUAL_DEVICES))
        try:
            jax.config.update("jax_num_cpu_devices", max(available_cores(), virtual))
        except RuntimeError:  # the caller has used JAX before: its devices are what there is, and its flags
            _read_before.append(given)
    _use_cache(jax)
    return jax


def compiler_options(mesh: Mesh) -> dict[str, str | bool]:
    """XLA's options for the programs of a run; on a CPU passes that cost time are off beside those of XLA_FLAGS, and
    kernels run in the order that needs the least memory, unless XLA_FLAGS has a scheduler.

    Not in XLA_FLAGS, where they would hold for a GPU, which does not compile without the second, and for the user's own
    programs.
    """
    if mesh.devices.flat[0].platform != "cpu":
        return {}
    given = re.findall(rf"{DISABLE}=(\S+)", flags_read())[-1:]
    passes = ",".join(dict.fromkeys([*",".join(given).split(","), *PASSES_OFF])).strip(",")
    options: dict[str, str | bool] = {DISABLE.strip("-"): passes}
    if SCHEDULER[0] not in flags_read():
        options[SCHEDULER[0]] = SCHEDULER[1]
    return options


def flags_read() -> str:
    """The flags of XLA that hold: it reads them once, when JAX is first used."""
    return _read_before[0] if _read_before else os.environ.get("XLA_FLAGS", "")


def _use_cache(jax: Any) -> None:
    if jax.config.jax_compilation_cache_dir is not None:
        return
    folder = cache_dir()
    try:
        make_private(folder)
    except OSError as error:
        not_kept(error)
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def _find(jax: Any, device: str) -> tuple[Kind, list[Any]]:
    if device in ("auto", "gpu"):
        try:
            return "gpu", list(jax.devices("gpu"))
        except RuntimeError as error:
            if device == "gpu":
                raise DeviceNotFound(
                    "no GPU that JAX can use; install the extra [cuda12] or [cuda13] and see `levstress doctor`"
                ) from error
    return "cpu", list(jax.devices("cpu"))
