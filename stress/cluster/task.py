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
from stress.run_directory.spec import check_same, identity_digest, problem_of, spec_of

_one_at_a_time = threading.Lock()
_known: dict[tuple[str, int | None], ChunkSimulator] = {}  # of the run that this process works for
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
                check_same(HERE, told, spec_of(problem, options))
                _known.clear()
                chunk_simulator = ChunkSimulator(problem, options, devices_for(problem, options))
                chunk_simulator.simulator.compile()
                _known[key] = chunk_simulator
            began = time.perf_counter()
            state = _known[key].simulate(chunk, _known[key].gatherer(least))
            return state, time.perf_counter() - began
