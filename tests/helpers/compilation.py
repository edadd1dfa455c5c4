"""How programs are compiled that run once or twice: a test waits for their compilation, not for their run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import jax
import pytest

from stress.engine.devices import compiler_options

AS_SHIPPED = "LEVSTRESS_TESTS_AS_SHIPPED"  # set to anything: programs are compiled in the tests as they are for users
HASTE = (  # programs are not split among threads either: each process that shares out the tests has one core
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_parallel_codegen_split_count=1"
)
EMITTERS = "xla_cpu_use_fusion_emitters"

# Files and folders of tests in which bits of one program are held against those of another: on more devices, in other
# tiles, in detail, recorded. All others are compiled in more haste.
BITS = (
    "kernels/test_recording.py",
    "stress/cluster/",
    "stress/engine/test_detail_size.py",
    "stress/engine/test_engine_bits.py",
    "stress/engine/test_many_devices.py",
    "stress/engine/test_shock_models_run.py",
    "stress/engine/test_slices_bits.py",
    "stress/questions/sweep/test_sweep.py",
    "stress/questions/test_lean.py",
    "stress/questions/test_library_replays.py",
    "stress/questions/test_replay.py",
    "stress/street/",
)

WANTED: dict[str, bool | int] = {
    "xla_backend_optimization_level": 0,
    EMITTERS: False,  # the other way to compile a fusion takes half the time
}


def in_haste(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which the programs of a run are compiled in half the time, and run more slowly."""
    flags = environ.get("XLA_FLAGS", "")
    hurried = flags if AS_SHIPPED in environ or HASTE in flags else f"{flags} {HASTE}".strip()
    return {**environ, "XLA_FLAGS": hurried}


def in_more_haste(environ: Mapping[str, str]) -> dict[str, str]:
    """Likewise, in half of that once more: for a process in which no bit is held against that of another program.

    So compiled, the same path need not have the same bits on one device and on two.
    """
    flags = environ.get("XLA_FLAGS", "")
    if AS_SHIPPED in environ or EMITTERS in flags or EMITTERS not in compiled_quickly():
        return dict(environ)
    return {**environ, "XLA_FLAGS": f"{flags} --{EMITTERS}=false".strip()}


@contextmanager
def more_haste() -> Iterator[None]:
    """Likewise, for the programs of runs that this process and those that it starts compile meanwhile.

    XLA has read this process's flags by now, so its programs are given the same as options; what is kept is named by
    the flags, and so is not taken for a program that was compiled otherwise.
    """
    flags = in_more_haste(os.environ).get("XLA_FLAGS", "")
    more = {EMITTERS: False} if EMITTERS in flags and AS_SHIPPED not in os.environ else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_FLAGS", flags)
        patch.setattr("stress.engine.kept.programs.compiler_options", lambda mesh: compiler_options(mesh) | more)
        yield


def as_shipped(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which they are compiled as a user has them."""
    flags = environ.get("XLA_FLAGS", "").replace(f"--{EMITTERS}=false", "").replace(HASTE, "")
    return {**environ, "XLA_FLAGS": " ".join(flags.split())}


@cache
def compiled_soon() -> dict[str, bool | int | str]:
    """Likewise, for programs that run for a while."""
    return {name: value for name, value in compiled_quickly().items() if name != "xla_backend_optimization_level"}


@cache
def compiled_quickly() -> dict[str, bool | int | str]:
    """Options for `jax.jit` with which the compiler need not try hard; one that this version lacks is left out."""
    return {name: value for name, value in WANTED.items() if _is_known(name, value)}


def _is_known(name: str, value: bool | int) -> bool:
    try:
        jax.jit(lambda x: x + 1, compiler_options={name: value})(1)
    except jax.errors.JaxRuntimeError:
        return False
    return True
