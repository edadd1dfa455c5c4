"""What a path costs with its sales, and what its likelihoods cost, where one on which the book is held still costs 1.

    python benchmarks/path_costs.py desk tariff-2025 ai-unwind-2026 [--paths 65536]

CPU time of compiled programs, least of three. `stress/questions/rare/costs.py` has what it printed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

import stress
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.sizes import devices_for
from stress.engine.weighted.mixture import Mixture
from stress.engine.weighted.sampler import Sampler
from stress.options import RunOptions
from stress.questions.rare.pilot import scales_of, tilts


def spent(work: Callable[[], object]) -> float:
    """Least seconds of CPU of three times, after one that compiles."""
    work()
    found = []
    for _ in range(3):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def costs(name: str, overrides: list[str], paths: int) -> None:
    """Print the costs of one scenario."""
    scenario = stress.load_scenario(name)
    for change in overrides:
        scenario = scenario.set(*change.split("=", 1))
    problem, options = stress.build_problem(scenario), RunOptions(paths=paths)
    simulator = ChunkSimulator(problem, options, devices_for(problem, options)).simulator
    ids = np.arange(paths, dtype=np.uint64)
    sellers = 0

    def held() -> None:
        for finished in simulator.held_still(ids):
            finished.block.metrics.fund_loss.block_until_ready()

    def whole() -> None:
        nonlocal sellers
        sellers = 0
        for finished in simulator.run(ids):
            finished.block.metrics.fund_loss.block_until_ready()
            sellers += 0 if simulator.two_passes and finished.first_pass else int(finished.tiled.valid.sum())

    still = spent(held)
    everything = spent(whole)
    share = sellers / paths
    sales = (everything - still * simulator.two_passes) / sellers
    line = f"{name} {' '.join(overrides)}: two passes {simulator.two_passes}, {1e6 * still / paths:.2f} us held still, "
    line += f"{share:.1%} with sales, each {sales / still * paths:.2f}"
    if tilts(problem):
        sampler = Sampler(problem, options, -1)
        mixture = Mixture.plain(sampler.rows(), problem.steps, scales_of(problem) > 0)
        drawn = spent(lambda: sampler.draw(mixture, ids)) - spent(lambda: sampler.simulate(mixture, ids))
        line += f"; likelihoods of {len(mixture.slots)} components {drawn / still:.2f}"
    print(line, flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="+")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--paths", type=int, default=65_536)
    given = parser.parse_args()
    for name in given.scenario:
        costs(name, given.set, given.paths)


if __name__ == "__main__":
    main()
