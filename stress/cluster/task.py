"""A chunk as a task of a cluster: it depends on the run and its paths alone, so it may run twice, anywhere."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import jax

from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.chunks import Chunk
from stress.engine.gatherer import TailFloors
from stress.engine.sizes import devices_for
from stress.engine.totals import State
from stress.engine.weighted.paths import MethodSimulator
from stress.run_directory.method import method_of
from stress.run_directory.spec import check_same, identity_digest, problem_of, spec_of

_one_at_a_time = threading.Lock()
# Of the run that this process works for: its plain paths, and those of its method.
_known: dict[tuple[str, int | None], tuple[ChunkSimulator, MethodSimulator | None]] = {}
HERE = "this worker's machine"


def simulate_chunk(spec: str, chunk: Chunk, least: TailFloors, devices: int | None) -> tuple[State, float]:
    """Simulate some paths in this process.

    Args:
        spec: of the run, as JSON.
        chunk: which paths.
        least: what the tails of the run need not be told, see `Gatherer.least`.
        devices: how many of this process's; None = as the run's options say.

    Returns:
        What `Gatherer.add_chunk` takes, and the seconds that it took, compilation apart.

    Raises:
        OtherRun: this process would compute other numbers, such as those of another version.
        DeviceNotFound: the run was begun on a kind of device that is not here.
    """
    with _one_at_a_time:
        told = json.loads(spec)
        key = identity_digest(told), devices
        problem_options = None if key in _known else problem_of(told, HERE)
        with jax.enable_x64(told["options"]["precision"] == "float64"):
            if problem_options is not None:
                problem, options = problem_options
                options = replace(options, devices=devices or options.devices)
                method = method_of(told, HERE)
                check_same(HERE, told, spec_of(problem, options, method))
                _known.clear()
                chunk_simulator = ChunkSimulator(problem, options, devices_for(problem, options))
                chunk_simulator.simulator.compile()
                _known[key] = chunk_simulator, None if method is None else MethodSimulator(problem, options, method)
            began = time.perf_counter()
            chunks, of_method = _known[key]
            if of_method is not None and chunk.first >= of_method.method.first:
                state = of_method.simulate(chunk)
            else:
                state = chunks.simulate(chunk, chunks.gatherer(least))
            return state, time.perf_counter() - began
