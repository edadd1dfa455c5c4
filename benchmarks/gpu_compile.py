"""What one H100 would run, from its compiled programs: kernels launched and bytes moved a path, without card or driver.

    python3 -m venv V && V/bin/pip install 'jax[cuda12]' . && cd V    # 5.5 GB, about four minutes
    JAX_SKIP_CUDA_CONSTRAINTS_CHECK=1 bin/python ../benchmarks/gpu_compile.py --write

XLA compiles for a described device. Of every loop of the compiled text this counts the kernels of one turn and the
bytes that they read and write (`gpu_traffic`). From there to paths per second: what memory at
`BANDWIDTH` and launches of `LAUNCH` seconds each allow, the larger of the two in each loop, with as many rounds a step
as the slowest of its paths needs on the CPU, since a tile waits for that one. Paths are dealt
to tiles as a run deals them, by the step in which they may first have to trade; before it, a tile takes the cheaper
branch of each condition. Bytes are an upper bound; arithmetic is not in it. No figure here was measured on a GPU.
`--write` renews `stress/bench/gpu_ledger.json`, which carries the digest of the code that was compiled.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from gpu_traffic import counted
from jax.experimental import topologies
from jax.sharding import Mesh

import stress
from stress.bench.gpu_ledger import LEDGER, Ledger, Program, digest, turns
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.block import QuietBlock, quiet_block, sales_block
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.devices import GPU_TILE, GPU_TILES_PER_DEVICE
from stress.engine.sizes import devices_for, paths_of_a_tile
from stress.kernels.path import simulate
from stress.options import RunOptions
from stress.results.statistics.simulation_output import STATIC
from stress.scenarios.problem import Problem

SCENARIOS = ("desk-calm", "desk", "tariff-2025", "ai-unwind-2026")
BANDWIDTH = 3.0e12  # bytes a second, of the 3.35 of the data sheet
LAUNCH = 3e-6  # seconds of a kernel's launch outside of a CUDA graph
TOGETHER = 1_024  # paths that are simulated at a time for the slowest of a tile
TILES = 2  # of a call that is compiled
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


class Course(NamedTuple):
    """What the tiles of the program with sales go through on average; see `Program`."""

    share: float  # of all paths that go through it
    trading_steps: float
    rounds: float


def course_of(problem: Problem, tiles: int, tile: int) -> Course:
    """By paths on the CPU: those of a call, dealt to so many tiles by the step in which they may first have to trade.

    A run leaves those that trade last for the next call.
    """
    if structure_of(problem).outside:
        return _of_tiles(problem, [np.arange(tile, dtype=np.uint32)], 1.0)
    options = RunOptions(paths=4 * tiles * tile, device="cpu")  # a third of the paths of `desk` have sales
    simulator = ChunkSimulator(problem, options, devices_for(problem, options)).simulator
    blocks = [(found.tiled, found.block) for found in simulator.run(options.paths)]
    first = [x.by_path(np.asarray(y.metrics.first_trigger)) for x, y in blocks if isinstance(y, QuietBlock)]
    step = np.concatenate(first)
    sellers = np.flatnonzero(step)
    ordered = sellers[np.argsort(step[sellers], kind="stable")].astype(np.uint32)
    dealt = [part for part in np.array_split(ordered, tiles) if len(part)]
    sampled = [part[np.linspace(0, len(part) - 1, min(tile, len(part)), dtype=int)] for part in dealt]
    return _of_tiles(problem, sampled, len(sellers) / len(step))


def _of_tiles(problem: Problem, tiles: list[np.ndarray[Any, Any]], share: float) -> Course:
    structure, params = structure_of(problem), params_of(problem, 1, "float32")

    @jax.jit
    def rounds(low: jax.Array) -> jax.Array:
        _, reports = simulate(structure, params, low, jnp.zeros_like(low), detail=True)
        return reports.rounds

    trading, later = [], []
    for tile in tiles:
        together = np.resize(tile, (-(-len(tile) // TOGETHER), TOGETHER))
        needed = np.max([rounds(some) for some in together], axis=0)
        trading.append(np.maximum.accumulate(needed > 0).sum())
        later.append(np.maximum(needed - 1, 0).sum())
    return Course(share, float(np.mean(trading or 0.0)), float(np.mean(later or 0.0)))


def seconds(part: tuple[float, float], tile: int) -> tuple[float, float]:
    """Of launches and of memory, for a tile."""
    return part[0] * LAUNCH, part[1] * tile / BANDWIDTH


def predicted(parts: dict[str, tuple[float, float]], turns: dict[str, float], tile: int) -> tuple[float, str]:
    """Paths per second, and what bounds them, of kernels and bytes a path of each part and how often it is done."""
    launches = sum(turns[name] * seconds(part, tile)[0] for name, part in parts.items())
    memory = sum(turns[name] * seconds(part, tile)[1] for name, part in parts.items())
    total = sum(turns[name] * max(seconds(part, tile)) for name, part in parts.items())
    slowest = max(parts, key=lambda name: turns[name] * max(seconds(parts[name], tile)))
    where = {
        "step": "steps",
        "trading_step": "steps",
        "round": "rounds of the cascade",
        "around": "statistics around the steps",
    }[slowest]
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
    sales = course_of(problem, max(1, GPU_TILE * GPU_TILES_PER_DEVICE // tile), tile)
    for name, (function, arguments) in programs.items():
        jax.config.update("jax_enable_compilation_cache", False)  # what is there was compiled with a card
        jax.clear_caches()
        began = time.perf_counter()
        made = function.lower(*arguments).compile()
        took = time.perf_counter() - began
        parts = counted(made.as_text() or "", structure.steps, tile)
        course = sales if name == "sales" else Course(1.0, 0.0, 0.0)
        rate, bound = predicted(parts, turns(structure.steps, *course[1:]), tile)
        analysis: Any = made.memory_analysis()
        yield Program(
            scenario=scenario,
            program=name,
            share_of_paths=round(course.share, 4),
            tile=tile,
            steps=structure.steps,
            trading_steps=course.trading_steps,
            rounds=course.rounds,
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
