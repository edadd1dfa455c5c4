"""What each mechanism costs when it is on: seconds per path of a desk with it over the same desk without.

    python benchmarks/mechanisms.py --scenario desk --rounds 5

All variants take turns, so that a busy machine slows them alike; a ratio is the median over the rounds. A mechanism
costs in two ways: its own arithmetic, and the sales that it makes, which have to be simulated; the second column is the
share of paths that go through the cascade.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import jax
import numpy as np

import stress
from stress.api import build_problem
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.simulator import Simulator
from stress.engine.sizes import devices_for
from stress.options import RunOptions

MULTI = "funds.multi_strategy"
MECHANISMS: dict[str, tuple[str, ...]] = {
    "as it is": (),
    "procyclical margin": ("margin.procyclicality=0.5", "margin.cap=1.5"),
    "brokers' hikes": ("margin.hike={level=1.5, size=0.25}",),
    "concentration add-on": ('margin.concentration={per_day="0.1 %", above_days=1}',),
    "portfolio margin": (
        'margin.method="portfolio"',
        'margin.scenarios=[{equity="-10 %", credit="-5 %"}, {equity="10 %"}, {rates="-3 %"}, {rates="3 %"}]',
    ),
    "leverage limit": ('triggers.max_leverage="1.4 x start"', 'triggers.target_leverage="1.2 x start"'),
    "two-way leverage target": ('triggers.target_leverage="1 x start"', "triggers.two_way=true"),
    "volatility target": ('triggers.target_vol="start"', "triggers.vol_band=2.0"),
    "stop-loss ladder": ("triggers.stop_loss=[[0.1, 0.0], [0.2, 0.3], [0.3, 0.6]]",),
    "participation cap": ("triggers.max_participation=0.25",),
    "evaporation": ("liquidity={evaporation=1.2, flow_sensitivity=0.3, floor=0.1}",),
    "linear impact": ("impact={law='linear', lambda=1e-12}",),
    "bounded exponential impact": ("impact={law='bounded_exponential'}",),
    "retail": ('retail={per_percent="0.1 bn USD", cap="1 bn USD", budget="5 bn USD"}',),
    "Student-t draws": ('shocks.model="student_t"', "shocks.dof=4"),
}


class Variant:
    """The engine on one variant of a scenario, a call at a time."""

    def __init__(self, name: str, overrides: tuple[str, ...], tiles: int) -> None:
        problem = build_problem(stress.load_scenario(name, overrides=list(overrides)))
        devices = devices_for(problem, RunOptions(paths=1))
        structure = structure_of(problem)
        self.simulator = Simulator(structure, params_of(problem, 1, "float32"), devices, tiles * devices.count)
        self.calls, self.sold = 0, 0

    def run(self, calls: int) -> float:
        """Seconds per path of some calls, on ever new paths."""
        size, started = calls * self.simulator.size, time.perf_counter()
        ids = np.arange(self.calls * size, (self.calls + 1) * size, dtype=np.uint64)
        for finished in self.simulator.run(ids):
            jax.block_until_ready(finished.block)
            self.sold += 0 if finished.first_pass and self.simulator.two_passes else len(finished.tiled.ids)
        self.calls += 1
        return (time.perf_counter() - started) / size

    def share_with_sales(self, calls: int) -> float:
        """Share of the paths so far that went through the cascade."""
        return self.sold / (self.calls * calls * self.simulator.size)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What each mechanism costs when it is on.")
    parser.add_argument("--scenario", default="desk", help="default: desk")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=4, help="blocks of each variant and round; default: 4")
    parser.add_argument("--tiles", type=int, default=32, help="tiles of a call on each device; default: 32")
    options: Any = parser.parse_args()
    variants = {name: Variant(options.scenario, how, options.tiles) for name, how in MECHANISMS.items()}
    for variant in variants.values():
        variant.run(options.calls)
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(options.rounds):
        for name, variant in variants.items():
            seconds[name].append(variant.run(options.calls))
    base = seconds["as it is"]
    print(f"{options.scenario}: {1e6 * statistics.median(base):.2f} microseconds a path as it is\n")
    print("| mechanism | seconds per path, over those without | paths through the cascade |\n|---|---|---|")
    for name, variant in variants.items():
        over = statistics.median(a / b for a, b in zip(seconds[name], base, strict=True))
        print(f"| {name} | {over:.2f} | {100 * variant.share_with_sales(options.calls):.1f} % |")


if __name__ == "__main__":
    main()
