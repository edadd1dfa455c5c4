"""Where a run is predicted to end first: on the CPU at once, or on a GPU after a longer start."""

from __future__ import annotations

from stress.options import Kind
from stress.scenarios.problem import Problem

# Seconds of one core for each asset, row of the state and step of a path: between 0.15 and 1e-9 in the scenarios of
# `levstress bench`. A GPU counts as so many cores by the ledger of predicted rates, which nobody has measured.
SECONDS_OF_A_CELL = 5e-10
CORES_OF_A_GPU = 100
HOST_SECONDS = 2e-7  # of a path, on the host, whatever computes: 1 to 3e-7 in `benchmarks/many_cores.py`
# Until the first paths are there, everything compiled and nothing kept: seconds, and seconds more for every row.
START = {"cpu": (8.0, 0.025), "gpu": (25.0, 0.09)}


def rows_of(problem: Problem) -> int:
    """Rows of a path's state: assets, members and books."""
    return len(problem.assets.ids) + len(problem.funds.ids) + len(problem.books.ids)


def predicted_seconds(problem: Problem, paths: int, kind: Kind, cores: int) -> float:
    """Seconds of a run of so many paths, compiling included; `cores` of the CPU, or what the GPUs count as."""
    rows, (fixed, each) = rows_of(problem), START[kind]
    cells = len(problem.assets.ids) * rows * problem.steps
    return fixed + each * rows + paths * max(HOST_SECONDS, SECONDS_OF_A_CELL * cells / cores)


def fastest_device(problem: Problem, paths: int, cores: int, gpus: int, wanted: int | None = None) -> tuple[Kind, str]:
    """What `--device auto` takes, and why. What is kept of earlier runs is left out: the same call chooses the same.

    Args:
        problem: the scenario.
        paths: of the run.
        cores: CPU devices that would be used.
        gpus: that JAX can use.
        wanted: devices asked for; None = all.

    Returns:
        "cpu" or "gpu", and the reason in words.
    """
    if gpus == 0:
        return "cpu", "no GPU that JAX can use"
    if wanted is not None and wanted > gpus:
        return "cpu", f"{wanted} devices asked for, of GPUs there are {gpus}"
    used = wanted or gpus
    on_cpu = predicted_seconds(problem, paths, "cpu", cores)
    on_gpu = predicted_seconds(problem, paths, "gpu", used * CORES_OF_A_GPU)
    told = f"predicted: {on_gpu:,.0f} s on {_several(used, 'GPU')}, {on_cpu:,.0f} s on {_several(cores, 'core')}"
    return ("gpu" if on_gpu < on_cpu else "cpu"), told


def _several(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
