"""How programs are compiled that run once or twice: a test waits for their compilation, not for their run."""

from __future__ import annotations

from functools import cache

import jax

WANTED: dict[str, bool | int] = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,  # the other way to compile a fusion takes half the time
}


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
