"""What one H100 would run, from its compiled programs: kernels launched and bytes moved a path, without card or driver.

    python3 -m venv V && V/bin/pip install 'jax[cuda12]' . && cd V    # 5.5 GB, about four minutes
    JAX_SKIP_CUDA_CONSTRAINTS_CHECK=1 bin/python ../benchmarks/gpu_compile.py --write

XLA compiles for a described device. Of every loop of the compiled text this counts the kernels of one turn and the
bytes that they read and write, an upper bound, as a slice counts whole. From there to paths per second: what memory at
`BANDWIDTH` and launches of `LAUNCH` seconds each allow, the larger of the two in each loop, with as many rounds a step
as the slowest of `SAMPLE` paths needs on the CPU, since a tile waits for its slowest path. No figure here was measured
on a GPU. `--write` renews `stress/bench/gpu_ledger.json`, which carries the digest of the code that was compiled.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh

import stress
from stress.bench.gpu_ledger import LEDGER, Ledger, Program, digest
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.block import QuietBlock, quiet_block, sales_block
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.sizes import devices_for, paths_of_a_tile
from stress.options import RunOptions
from stress.results.statistics.simulation_output import STATIC
from stress.scenarios.problem import Problem

SCENARIOS = ("desk-calm", "desk", "tariff-2025", "ai-unwind-2026")
BANDWIDTH = 3.0e12  # bytes a second, of the 3.35 of the data sheet
LAUNCH = 3e-6  # seconds of a kernel's launch outside of a CUDA graph
SAMPLE = 16_384
TILES = 2
H100 = """
gpu_device_info { threads_per_block_limit: 1024 threads_per_warp: 32 shared_memory_per_block: 49152
 shared_memory_per_core: 233472 threads_per_core_limit: 2048 core_count: 132 fpus_per_core: 128
 block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535 memory_bandwidth: 3352320000000
 l2_cache_size: 52428800 clock_rate_ghz: 1.98 device_memory_size: 84942979072 shared_memory_per_block_optin: 232448
 cuda_compute_capability { major: 9 } registers_per_core_limit: 65536 registers_per_block_limit: 65536
 thread_dim_limit_x: 1024 thread_dim_limit_y: 1024 thread_dim_limit_z: 64 runtime_version: "12.8.0"
 compile_time_toolkit_version: "12.8.0" driver_version: "13.0.0" dnn_version: "9.10.0" name: "NVIDIA H100 80GB HBM3"
 device_vendor: "NVIDIA Corporation" }
platform_name: "CUDA" dnn_version_info { major: 9 minor: 10 patch: 0 } device_description_str: "NVIDIA H100 80GB HBM3"
"""
WIDTH = {
    "pred": 1,
    "s8": 1,
    "u8": 1,
    "bf16": 2,
    "f16": 2,
    "s64": 8,
    "u64": 8,
    "f64": 8,
    "c64": 8,
}  # bytes; others have 4
FREE = {
    *("get-tuple-element", "tuple", "parameter", "constant", "bitcast", "iota", "after-all"),
    *("while", "conditional", "call"),  # what is in them is counted by itself
}
OPERATION = re.compile(r"\s*(?:ROOT )?%?([\w.\-]+) = (\(.*?\)|\S+) ([\w\-]+)\((.*)")
TRIPS = re.compile(r'known_trip_count":\s*\{"n":"(\d+)"')


@dataclass
class Body:
    """One turn of a computation: its own kernels and bytes, and what it calls so many times (None: unknown).

    Normals are drawn for two steps at a time, in a loop of one turn or none: half a turn a step.
    """

    kernels: int = 0
    moved: int = 0
    loops: list[tuple[str, float | None]] = field(default_factory=list)
    branches: list[list[str]] = field(default_factory=list)


def size_of(shape: str) -> int:
    """Bytes of a shape of the compiled text, tuples summed."""
    sizes = re.findall(r"(\w+)\[([\d,]*)\]", shape)
    return sum(WIDTH.get(kind, 4) * int(np.prod([int(x) for x in dims.split(",") if x] or [1])) for kind, dims in sizes)


def bodies_of(text: str) -> tuple[dict[str, Body], str]:
    """Every computation of a compiled module by name, and the name of its entry."""
    found: dict[str, Body] = {}
    name, entry, shapes = "", "", dict[str, int]()
    for line in text.splitlines():
        head = re.match(r"^(ENTRY )?%?([\w.\-]+) \(.*\) -> .* \{", line)
        if head:
            name, shapes = head[2], {}
            entry, found[name] = name if head[1] else entry, Body()
        operation = OPERATION.match(line)
        if not operation or not name:
            continue
        label, shape, what, rest = operation.groups()
        shapes[label] = size_of(shape)
        body = found[name]
        if what == "while":
            turns = TRIPS.search(rest)
            inner = re.search(r"body=%?([\w.\-]+)", rest)
            draws = None if "c64[" not in shape else 0.5  # the words of a hash
            body.loops.append((inner[1] if inner else "", int(turns[1]) if turns else draws))
        elif what == "conditional":
            inside = re.search(r"branch_computations=\{([^}]*)\}", rest)
            names = inside[1].split(",") if inside else re.findall(r"(?:true|false)_computation=%?([\w.\-]+)", rest)
            body.branches.append([x.strip().lstrip("%") for x in names])
        elif what == "call":
            inner = re.search(r"to_apply=%?([\w.\-]+)", rest)
            body.loops.append((inner[1] if inner else "", 1))
        elif what not in FREE:
            operands = re.findall(r"%([\w.\-]+)", rest.split("), ")[0])
            body.kernels += 1
            body.moved += shapes[label] + sum(shapes.get(x, 0) for x in operands)
    return found, entry


def turn(bodies: dict[str, Body], name: str) -> tuple[float, float]:
    """Kernels and bytes of one turn, with loops of known length and the dearer branch of each condition."""
    body = bodies[name]
    kernels, moved = float(body.kernels), float(body.moved)
    for inner, times in body.loops:
        if times is not None:
            more = turn(bodies, inner)
            kernels, moved = kernels + times * more[0], moved + times * more[1]
    for branches in body.branches:
        dearest = max((turn(bodies, one) for one in branches), key=lambda x: x[1])
        kernels, moved = kernels + dearest[0], moved + dearest[1]
    return kernels, moved


def below(bodies: dict[str, Body], name: str) -> Iterator[tuple[str, float | None]]:
    """Every loop in a computation, outer ones first."""
    for inner, times in bodies[name].loops:
        yield inner, times
        yield from below(bodies, inner)
    for branches in bodies[name].branches:
        for one in branches:
            yield from below(bodies, one)


def counted(text: str, steps: int, tile: int) -> dict[str, tuple[float, float]]:
    """Kernels, and bytes a path, of one step with its first round, of a later round, and of all around the steps."""
    bodies, entry = bodies_of(text)
    loops = list(below(bodies, entry))
    step = next((name for name, times in loops if times == steps), None)
    if step is None:
        raise ValueError(f"no loop of {steps} turns, so none of the steps, in the compiled text")
    rounds = [name for name, times in below(bodies, step) if times is None]
    tiles = [name for name, times in loops if times is None and step in {x for x, _ in below(bodies, name)}]
    parts = {"step": turn(bodies, step), "round": (0.0, 0.0)}
    for name in rounds:
        more = turn(bodies, name)
        parts["round"] = max(parts["round"], more, key=lambda x: x[1])
    of_steps = parts["step"]
    around = turn(bodies, tiles[0]) if tiles else turn(bodies, entry)
    parts["around"] = around[0] - steps * of_steps[0], around[1] - steps * of_steps[1]
    return {name: (kernels, moved / tile) for name, (kernels, moved) in parts.items()}


def rounds_of(scenario: str) -> float:
    """Rounds after the first of all steps together, each step's as many as the slowest of `SAMPLE` paths needs."""
    tree = stress.run(scenario, paths=SAMPLE, seed=1, device="cpu", store="summary")
    return float(np.maximum(tree["diagnostics"]["rounds_used"] - 1, 0).sum())


def share_with_sales(problem: Problem) -> float:
    """Paths of `SAMPLE` on which somebody may have to trade."""
    options = RunOptions(paths=SAMPLE, device="cpu")
    simulator = ChunkSimulator(problem, options, devices_for(problem, options)).simulator
    trades = [
        (np.asarray(found.block.metrics.first_trigger) > 0)[found.tiled.valid]
        for found in simulator.run(SAMPLE)
        if isinstance(found.block, QuietBlock)
    ]
    return float(np.concatenate(trades).mean()) if trades else 1.0


def seconds(part: tuple[float, float], tile: int) -> tuple[float, float]:
    """Of launches and of memory, for a tile."""
    return part[0] * LAUNCH, part[1] * tile / BANDWIDTH


def predicted(parts: dict[str, tuple[float, float]], steps: int, rounds: float, tile: int) -> tuple[float, str]:
    """Paths per second, and what bounds them; `rounds` after the first of all steps together."""
    turns = {"step": float(steps), "round": rounds, "around": 1.0}
    launches = sum(turns[name] * seconds(part, tile)[0] for name, part in parts.items())
    memory = sum(turns[name] * seconds(part, tile)[1] for name, part in parts.items())
    total = sum(turns[name] * max(seconds(part, tile)) for name, part in parts.items())
    slowest = max(parts, key=lambda name: turns[name] * max(seconds(parts[name], tile)))
    where = {"step": "steps", "round": "rounds of the cascade", "around": "statistics around the steps"}[slowest]
    return tile / total, f"{'memory' if memory >= launches else 'launches'}, most of it in the {where}"


def compiled(scenario: str, tile: int | None, device: list[Any]) -> Iterator[Program]:
    """The programs of a scenario, compiled for the device, in tiles of `tile` paths or of those that a run has."""
    mesh = Mesh(np.array(device), ("device",))
    problem = stress.build_problem(stress.load_scenario(scenario))
    tile = tile or paths_of_a_tile(problem, "gpu")
    structure, params = structure_of(problem), params_of(problem, 1, "float32")
    shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), params)
    two = not structure.outside
    word, flag = (jax.ShapeDtypeStruct((TILES, tile), kind) for kind in (jnp.uint32, jnp.bool_))
    rows = len(STATIC) * params.reporting.group_matrix.shape[0] if two else 0
    static = jax.ShapeDtypeStruct((TILES, rows, tile), jnp.float32)
    programs: dict[str, tuple[Any, Any]] = {
        "sales": (sales_block.__wrapped__(structure._replace(twin=not two), mesh), (shapes, word, word, flag, static))
    }
    if two:
        programs["quiet"] = (quiet_block.__wrapped__(structure, mesh), (shapes, word, word, flag))
    needed, share = rounds_of(scenario), share_with_sales(problem)
    for name, (function, arguments) in programs.items():
        jax.config.update("jax_enable_compilation_cache", False)  # what is there was compiled with a card
        jax.clear_caches()
        began = time.perf_counter()
        made = function.lower(*arguments).compile()
        took = time.perf_counter() - began
        parts = counted(made.as_text() or "", structure.steps, tile)
        rounds = needed if name == "sales" else 0.0
        rate, bound = predicted(parts, structure.steps, rounds, tile)
        analysis: Any = made.memory_analysis()
        yield Program(
            scenario=scenario,
            program=name,
            share_of_paths=round(share if name == "sales" else 1.0, 4),
            tile=tile,
            steps=structure.steps,
            rounds=rounds,
            kernels={part: round(kernels) for part, (kernels, _) in parts.items()},
            bytes_a_path={part: round(moved) for part, (_, moved) in parts.items()},
            temporaries_mb=round(analysis.temp_size_in_bytes / 2**20),
            compile_seconds=round(took, 1),
            paths_per_second=float(f"{rate:.3g}"),
            bound_by=bound,
        )


def main() -> None:
    """Compile, print, and write with `--write`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", nargs="+", default=SCENARIOS, metavar="NAME")
    parser.add_argument("--tile", type=int, help="paths of a tile, in place of each scenario's own")
    parser.add_argument("--write", action="store_true", help=f"renew {LEDGER.name}")
    given = parser.parse_args()
    if given.write and (given.tile or tuple(given.scenarios) != SCENARIOS):
        parser.error("--write is for the whole ledger: without --scenarios and --tile")
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_autotune_level=0"  # that needs the card
    try:
        target = topologies.get_topology_desc(
            topology_name="h100", platform="cuda", target_config=H100, topology="1x1x1"
        ).devices[:1]
    except (NotImplementedError, RuntimeError) as error:
        sys.exit(f"gpu_compile: JAX's CUDA plugin does not load ({error}); set it up as the text of this script says")
    code, found = digest(given.scenarios), []
    for scenario in given.scenarios:
        for program in compiled(scenario, given.tile, list(target)):
            print(program.line(), flush=True)
            found.append(program)
    ledger = Ledger(device="NVIDIA H100 80GB HBM3", jax=jax.__version__, code=code, programs=found)
    for scenario in given.scenarios:
        print(f"{scenario}: {ledger.rate(scenario) / 1e6:,.1f} M paths/s")
    if given.write:
        path = Path(__file__).resolve().parents[1] / "stress" / "bench" / LEDGER.name
        path.write_text(json.dumps(ledger.document(), indent=1) + "\n", encoding="utf-8")
        print(f"written to {path}")


if __name__ == "__main__":
    main()
