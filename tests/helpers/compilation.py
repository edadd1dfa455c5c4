"""How programs are compiled that run once or twice: a test waits for their compilation, not for their run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import jax

AS_SHIPPED = "LEVSTRESS_TESTS_AS_SHIPPED"  # set to anything: programs are compiled in the tests as they are for users
HASTE = (  # programs are not split among threads either: each process that shares out the tests has one core
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_parallel_codegen_split_count=1"
)
EMITTERS = "xla_cpu_use_fusion_emitters"

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
    if AS_SHIPPED in environ or EMITTERS not in compiled_quickly():
        return dict(environ)
    return {**environ, "XLA_FLAGS": f"{environ.get('XLA_FLAGS', '')} --{EMITTERS}=false".strip()}


def as_shipped(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which they are compiled as a user has them."""
    return {**environ, "XLA_FLAGS": environ.get("XLA_FLAGS", "").replace(HASTE, "").strip()}


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
