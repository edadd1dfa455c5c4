"""What is asked of a kernel from outside the package: checked when it is registered, and when it is compiled.

JAX would broadcast a wrong shape without a word, and a fraction that is no number would be taken for no order.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from stress.errors import WrongExtension
from stress.kernels.impact.protocol import Law
from stress.kernels.triggers.protocol import AnyTrigger, Trigger

ASKERS = ("brokers", "fund", "close-out")


def check_trigger(kernel: AnyTrigger) -> None:
    """Refuse a trigger that nobody would ask, or that lacks what it would be asked for.

    Raises:
        ValueError: naming what is missing.
    """
    asked_by = getattr(kernel, "asked_by", None)
    if asked_by not in ASKERS:
        raise ValueError(f"{kernel.name!r}: asked_by is {asked_by!r}, and it is one of {', '.join(ASKERS)}")
    wanted = ["alarm"]
    if kernel.sells:
        wanted.append("fraction" if asked_by == "brokers" else "sale")
    elif asked_by == "fund":
        wanted.append("build")
    else:
        raise ValueError(f"{kernel.name!r}: only a trigger asked by its fund may build and not sell")
    if _has(kernel, Trigger, "build"):
        if asked_by != "fund":
            raise ValueError(f"{kernel.name!r}: only a trigger asked by its fund may build")
        wanted += ["builds", "grows"]
    _check_methods(kernel, Trigger, wanted)


def check_law(kernel: Law[Any]) -> None:
    """Refuse a law without what it is asked for.

    Raises:
        ValueError: naming what is missing.
    """
    _check_methods(kernel, Law, ["log_change"])


def _has(kernel: Any, base: type, method: str) -> bool:
    return getattr(type(kernel), method) is not getattr(base, method)


def _check_methods(kernel: Any, base: type[Any], wanted: list[str]) -> None:
    if not isinstance(kernel, base):
        raise ValueError(f"{kernel.name!r}: the kernel is no {base.__name__}")
    if vars(kernel):
        raise ValueError(
            f"{kernel.name!r}: a kernel has no numbers of its own ({', '.join(vars(kernel))}): a record has"
        )
    lacking = [method for method in wanted if not _has(kernel, base, method)]
    if lacking:
        raise ValueError(f"{kernel.name!r} lacks {' and '.join(lacking)}: see {base.__module__}")


def checked(kernel: Any) -> Any:
    """The kernel, refusing what it gives in another shape or precision than it was asked for."""
    checks = _CheckedTrigger if isinstance(kernel, Trigger) else _CheckedLaw
    return type(type(kernel).__name__, (checks, type(kernel)), {"__module__": type(kernel).__module__})()


def _same(name: str, method: str, given: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    if not isinstance(given, Array) or given.shape != shape or given.dtype != dtype:
        got = f"{given.dtype}{list(given.shape)}" if isinstance(given, Array) else type(given).__name__
        raise WrongExtension(f"{name}: {method} gives {got} and has to give {jnp.dtype(dtype)}{list(shape)}")
    return given


def _fraction(name: str, method: str, given: Any, like: Array) -> Array:
    """NaN becomes infinite: what is sold then fails an invariant of the run instead of being no order."""
    fraction = _same(name, method, given, like.shape, like.dtype)
    return jnp.where(jnp.isnan(fraction), jnp.inf, fraction)


class _CheckedTrigger(Trigger[Any, Any]):
    def fraction(self, record: Any, own: Any, seen: Any) -> Array:
        return _fraction(self.name, "fraction", super().fraction(record, own, seen), seen.equity)

    def size(self, record: Any, seen: Any) -> Array:
        return _same(self.name, "size", super().size(record, seen), seen.held.shape, seen.held.dtype)

    def sale(self, record: Any, own: Any, seen: Any) -> Array:
        return _fraction(self.name, "sale", super().sale(record, own, seen), seen.held)

    def build(self, record: Any, own: Any, seen: Any) -> Array | None:
        more = super().build(record, own, seen)
        return None if more is None else _fraction(self.name, "build", more, seen.held)

    def alarm(self, record: Any, own: Any, still: Any) -> Array | None:
        raised = super().alarm(record, own, still)
        return None if raised is None else _same(self.name, "alarm", raised, still.change.shape[1:], bool)

    def after_step(self, structure: Any, books: Any, record: Any, own: Any, moved: Any) -> Any:
        later = super().after_step(structure, books, record, own, moved)
        before, after = (jax.eval_shape(lambda tree: tree, tree) for tree in (own, later))
        if before != after:
            raise WrongExtension(f"{self.name}: after_step gives {after} and has to give what start gave, {before}")
        return later


class _CheckedLaw(Law[Any]):
    def log_change(self, record: Any, flow: Array, depth: Array | None) -> Array:
        return _same(self.name, "log_change", super().log_change(record, flow, depth), flow.shape, flow.dtype)
