"""A point of a sweep as a task of a cluster: it depends on its numbers alone, so it may run twice, anywhere."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace

from stress.options import RunOptions
from stress.questions.sweep.point import Arrays, simulated
from stress.results.answers.sweep.tipping import Bound
from stress.run_directory.spec import check_same, problem_of, spec_of
from stress.scenarios.problem import Problem

HERE = "this worker's machine"
_one_at_a_time = threading.Lock()
_checked: set[str] = set()  # digests of specs of which this process would compute the same numbers


def simulate_point(
    spec: str, problem: Problem, bound: Bound, options: RunOptions, method: str, devices: int | None
) -> Arrays:
    """Simulate a point in this process.

    Args:
        spec: of a run of the scenario that is swept, as JSON.
        problem: the scenario at the point.
        bound, options, method: as for `simulated`.
        devices: how many of this process's; None = as the options say.

    Raises:
        OtherRun: this process would compute other numbers, such as those of another version.
        DeviceNotFound: the sweep was begun on a kind of device that is not here.
    """
    with _one_at_a_time:
        digest = hashlib.sha256(spec.encode()).hexdigest()
        if digest not in _checked:
            told = json.loads(spec)
            check_same(HERE, told, spec_of(*problem_of(told, HERE)))
            _checked.add(digest)
        return simulated(problem, bound, replace(options, devices=devices or options.devices), method, lambda _: None)
