"""How long a run will roughly take: known work per path times a measured cost, right within a factor of three or so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stress.engine import RunPlan
    from stress.options import RunOptions
    from stress.scenarios.problem import Problem

# Measured on 2 cores of an AMD EPYC with the library's scenarios, float32, paths with many calls: core seconds per path
# and step, for each entry of the matrix of shapes and for each book. Calm paths take a third of it.
SECONDS_PER_SHAPE_ENTRY = 4.4e-9
SECONDS_PER_BOOK = 2.1e-8
# Imports, and compiling what grows with the shapes; a compiled program found in the cache saves most of the second.
SECONDS_TO_START = 5.0
SECONDS_TO_COMPILE_ENTRY = 0.02


def estimated_seconds(problem: Problem, options: RunOptions, plan: RunPlan) -> float | None:
    """Wall seconds of a run on CPU cores, the first with this scenario; None on a device that was not measured."""
    from stress._jax import available_cores

    if not plan.device.startswith("cpu"):
        return None
    cores = min(options.devices or available_cores(), available_cores())
    entries = problem.books.shapes.size
    per_step = SECONDS_PER_SHAPE_ENTRY * entries + SECONDS_PER_BOOK * len(problem.books.ids)
    wider = 2.0 if options.precision == "float64" else 1.0
    work = (plan.paths + plan.detail_paths) * problem.steps * per_step * wider / cores
    return SECONDS_TO_START + SECONDS_TO_COMPILE_ENTRY * entries + work
