"""Launches of the programs of a run: kernels a call, how long the device was busy, and which kernels took the time."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from stress.engine.simulator import Simulator

MOST = 12  # kernels that are named
CONTROL = ("while", "conditional", "call")  # on a CPU also events, with the kernels inside them


def profiles(simulator: Simulator) -> dict[str, dict[str, Any]]:
    """One traced call of each program of a simulator, after one that is not measured.

    The paths with sales of several calls are collected first, so that the call with sales is a full one.
    """
    calls = range(4 if simulator.two_passes else 1)
    list(simulator.run(simulator.size * len(calls)))
    found: dict[str, dict[str, Any]] = {}
    programs = {"quiet": simulator.quiet, "sales": simulator.sales}
    try:
        for name, program in programs.items():
            setattr(simulator, name, _traced(name, program, found))
        for _ in simulator.run(simulator.size * len(calls)):
            pass
    finally:
        for name, program in programs.items():
            setattr(simulator, name, program)
    return found


def _traced(name: str, program: Callable[..., Any], found: dict[str, dict[str, Any]]) -> Callable[..., Any]:
    """The program, whose first call is traced; every call is waited for, so that a trace has nothing of another.

    Its third argument after the parameters says which paths are real.
    """

    def call(*arguments: Any) -> Any:
        if name in found:
            return jax.block_until_ready(program(*arguments))
        options = jax.profiler.ProfileOptions()
        options.python_tracer_level, options.host_tracer_level = 0, 1
        with tempfile.TemporaryDirectory() as folder:
            with jax.profiler.trace(folder, profiler_options=options):
                began = time.perf_counter()
                result = jax.block_until_ready(program(*arguments))
                seconds = time.perf_counter() - began
            (file,) = Path(folder).rglob("*.xplane.pb")
            valid = np.asarray(arguments[3])
            sizes = {"paths": int(valid.sum()), "tiles": int(valid.any(axis=1).sum()), "seconds": seconds}
            found[name] = sizes | summary(jax.profiler.ProfileData.from_file(str(file)))
        return result

    return call


def summary(data: Any) -> dict[str, Any]:
    """What a profile says of the kernels; the busy share is of the time from the first one's start to the last's end.

    Args:
        data: `jax.profiler.ProfileData`, or what has its planes, lines and events; times in nanoseconds.
    """
    spans, by_name, copies = [], defaultdict(list), 0
    for event in _kernels(data):
        spans.append((event.start_ns, event.start_ns + event.duration_ns))
        by_name[event.name].append(event.duration_ns)
        copies += event.name.lower().startswith(("memcpy", "memset"))
    whole = max(end for _, end in spans) - min(start for start, _ in spans) if spans else 0.0
    slowest = sorted(by_name.items(), key=lambda item: -sum(item[1]))[:MOST]
    return {
        "kernels": len(spans),
        "copies": copies,  # among them
        "different_kernels": len(by_name),
        "device_seconds": whole / 1e9,
        "busy_share": _covered(spans) / whole if whole else 0.0,
        "slowest": [{"kernel": name[:120], "times": len(each), "seconds": sum(each) / 1e9} for name, each in slowest],
    }


def _kernels(data: Any) -> Iterator[Any]:
    """What ran on the streams of GPUs; without one, the operations of the CPU's threads."""
    planes = list(data.planes)
    gpus = [plane for plane in planes if plane.name.startswith("/device:GPU")]
    for plane in gpus or planes:
        for line in plane.lines:
            for event in line.events:
                if gpus:
                    if line.name.startswith("Stream"):
                        yield event
                elif not event.name.startswith(CONTROL) and any(key == "hlo_op" for key, _ in event.stats):
                    yield event


def _covered(spans: list[tuple[float, float]]) -> float:
    """Length of the union of some spans."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
