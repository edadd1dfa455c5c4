"""One command for a GPU machine: does it agree with the CPU, and how fast is it at which block size?

    python benchmarks/gpu_suite.py --out gpu.json

Agreement first: the random words bit for bit, a matrix product against float64 (TF32 would be 3e-4 off), and the losses
of the desk workloads path by path. A path next to a threshold may fall on the other side of it by a rounding error and
then has another history, so a stated share of the paths may differ by more than the tolerance. Then paths per second by
the number of paths in a tile. Exit 0: done; 4: no GPU; 7: something does not agree, and nothing is timed.
`--allow-cpu` runs the same code at tiny size on a machine without GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.bench.suite import WORKLOADS, describe, load_workload
from stress.engine.devices import Devices, set_up
from stress.errors import DeviceNotFound
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
PROGRAMS = ("block", "losses", "draws", "random numbers")
PRODUCT_TOLERANCE = 1e-5  # relative to the largest entry; float32 gives 3e-7, TF32 3e-4
NORMALS_TOLERANCE = 2e-6  # absolute: logarithms and square roots of two devices may round differently
LOSS_TOLERANCE = 1e-4  # fraction of NAV
PATHS_BEYOND = 1e-3  # share of (fund, path)s that may differ by more


def accelerator(allow_cpu: bool) -> Devices:
    """Every GPU, or one CPU device where that is allowed and there is none.

    Raises:
        DeviceNotFound: no GPU, and no leave to do without.
    """
    try:
        return set_up("gpu")
    except DeviceNotFound:
        if not allow_cpu:
            raise
    return set_up("cpu", 1)


def random_words(device: Any, paths: int) -> tuple[list[npt.NDArray[np.uint32]], Floats]:
    """Words of the hash, and normals (row, path), of path ids around 2^32, computed on `device`."""
    import jax
    import jax.numpy as jnp

    from stress.kernels.random.normals import Key, normals, pair_keys, scratch
    from stress.kernels.random.threefry import threefry2x32

    ids = np.arange(2**32 - paths // 2, 2**32 - paths // 2 + paths, dtype=np.uint64)
    words = (ids & np.uint64(0xFFFFFFFF)).astype(np.uint32), (ids >> np.uint64(32)).astype(np.uint32)
    low, high = (jax.device_put(word, device) for word in words)
    key = jax.device_put(np.array([1, 2], np.uint32), device)

    @jax.jit
    def both(key: Any, low: Any, high: Any) -> Any:
        hashed = threefry2x32((key[0], key[1]), (low, high))
        names = jnp.arange(16, dtype=jnp.uint32).reshape(8, 2)
        keys = Key(*(part[7] for part in pair_keys(key, 1, 16, names)))
        return hashed, normals(keys, low, high, scratch(8, paths, jnp.float32)).first[:8]

    hashed, drawn = jax.device_get(both(key, low, high))
    return list(hashed), np.asarray(drawn, np.float64)


def product_error(device: Any, paths: int) -> float:
    """Largest error of the kernels' matrix product on `device`, over the largest entry of the float64 product."""
    import jax

    from stress.kernels.linear import product

    random = np.random.default_rng(1)
    matrix, tile = (random.standard_normal(shape).astype(np.float32) for shape in ((100, 100), (100, paths)))
    found = jax.device_get(jax.jit(product)(jax.device_put(matrix, device), jax.device_put(tile, device)))
    exact = matrix.astype(np.float64) @ tile.astype(np.float64)
    return float(np.abs(found - exact).max() / np.abs(exact).max())


def losses_on(problem: Problem, devices: Devices, paths: int) -> Floats:
    """Losses (row, path) of the first paths, float32, in the tiles of `devices`."""
    from stress.compile.params import params_of
    from stress.compile.structure import structure_of
    from stress.engine.gatherer import path_table
    from stress.engine.simulator import Simulator

    tiles = -(-paths // (devices.tile * devices.count)) * devices.count
    simulator = Simulator(structure_of(problem), params_of(problem, 1, "float32"), devices, tiles)
    return path_table(list(simulator.run(paths)), len(problem.funds.brokers)).metrics["fund_loss"]


def agreement(devices: Devices, problems: list[Problem], paths: int) -> list[dict[str, Any]]:
    """Every check with what was found and what is allowed."""
    cpu = set_up("cpu", 1)
    device, host = devices.mesh.devices.flat[0], cpu.mesh.devices.flat[0]
    (words, drawn), (host_words, host_drawn) = random_words(device, paths), random_words(host, paths)
    unequal = sum(int(np.count_nonzero(a != b)) for a, b in zip(words, host_words, strict=True))
    checks = [
        check("random words that differ", unequal, 0),
        check("normals, largest difference", float(np.abs(drawn - host_drawn).max()), NORMALS_TOLERANCE),
        check("matrix product, largest relative error (no TF32)", product_error(device, paths), PRODUCT_TOLERANCE),
    ]
    for problem in problems:
        gap = np.abs(losses_on(problem, devices, paths) - losses_on(problem, cpu, paths))
        beyond = float((gap > LOSS_TOLERANCE).mean())
        checks.append(
            check(f"{problem.name}: share of losses more than {LOSS_TOLERANCE:g} apart", beyond, PATHS_BEYOND)
        )
        checks.append(check(f"{problem.name}: median loss difference", float(np.median(gap)), LOSS_TOLERANCE / 10))
    return checks


def check(name: str, found: float, allowed: float) -> dict[str, Any]:
    """One line of the report; a result that is not a number does not pass."""
    return {"check": name, "found": found, "allowed": allowed, "passed": bool(found <= allowed)}


def throughput(problem: Problem, devices: Devices, tile: int, tiles: int, seconds: float) -> dict[str, Any]:
    """Paths per second of each program with tiles of `tile` paths."""
    from stress.bench.parts import engine_of

    sized = replace(devices, tile=tile, tiles_per_device=tiles)
    engine = engine_of(problem, sized, tiles * devices.count)
    rates = {name: engine.run(name, seconds).rate for name in PROGRAMS}
    row = {"workload": problem.name, "tile": tile, "paths_in_a_call": engine.paths, "paths_per_second": rates}
    return row | {"seconds_to_compile": engine.seconds_to_compile}


def show(report: dict[str, Any]) -> None:
    """Print the report as tables."""
    from rich.table import Table

    from stress.cli.console import console

    screen = console()
    checks = Table("check", "found", "allowed", "", title=f"agreement with the CPU: {report['machine']['device']}")
    for line in report["agreement"]:
        checks.add_row(
            line["check"], f"{line['found']:.3g}", f"{line['allowed']:.3g}", "ok" if line["passed"] else "NO"
        )
    screen.print(checks)
    rates = Table("workload", "tile", "call", *PROGRAMS, title="million paths a second by block size")
    for line in report["throughput"]:
        millions = (f"{line['paths_per_second'][name] / 1e6:.3f}" for name in PROGRAMS)
        rates.add_row(line["workload"], f"{line['tile']:,}", f"{line['paths_in_a_call']:,}", *millions)
    if report["throughput"]:
        screen.print(rates)


def main() -> int:
    """Run the suite; returns the exit code."""
    parser = argparse.ArgumentParser(description="Agreement with the CPU, then throughput by block size.")
    parser.add_argument("--out", type=Path, help="write the report as JSON, too")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of each measurement")
    parser.add_argument("--workloads", nargs="+", default=list(WORKLOADS), help="desk-calm, desk, street")
    parser.add_argument("--tiles", nargs="+", type=int, help="paths in a tile; default 16,384 to 1,048,576")
    parser.add_argument("--paths-in-a-call", type=int, help="at least one tile; default 1,048,576")
    parser.add_argument("--allow-cpu", action="store_true", help="without a GPU: the same code, tiny, on the CPU")
    arguments = parser.parse_args()
    try:
        devices = accelerator(arguments.allow_cpu)
    except DeviceNotFound as error:
        print(f"gpu_suite: {error}", file=sys.stderr)
        return 4
    tiny = devices.kind == "cpu"
    tiles = arguments.tiles or ([256, 512] if tiny else [16_384, 65_536, 262_144, 1_048_576])
    call = arguments.paths_in_a_call or (512 if tiny else 1_048_576)
    seconds = min(arguments.seconds, 0.05) if tiny else arguments.seconds
    problems = [load_workload(name) for name in arguments.workloads]
    checked = [problem for problem in problems if problem.shocks.model == "gaussian"]
    report: dict[str, Any] = {
        "machine": describe(devices),
        "agreement": agreement(devices, checked, 256 if tiny else 262_144),
        "throughput": [],
    }
    passed = all(line["passed"] for line in report["agreement"])
    if passed:
        for problem in problems:
            for tile in tiles:
                print(f"{problem.name}, tiles of {tile:,} paths", file=sys.stderr)
                report["throughput"].append(throughput(problem, devices, tile, max(1, call // tile), seconds))
    show(report)
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=2, allow_nan=False), encoding="utf-8")
    return 0 if passed else 7


if __name__ == "__main__":
    sys.exit(main())
