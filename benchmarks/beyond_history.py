"""How often a day's draw of a library scenario is larger than any move on record, by asset.

    python benchmarks/beyond_history.py [SCENARIO ...]

Per 10,000 days of a path, from the law of the draw in closed form: normal or Student-t, clipped at `max_move`. The
script, forced selling and dip-buying are left out. The record is `scenarios/library/largest-moves.csv`.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import stats

import stress
from stress.api import build_problem
from stress.scenarios.library import list_names
from stress.scenarios.library.history import largest_move
from stress.scenarios.problem import TRADING_DAYS, Problem

DAYS = 10_000


def beyond(problem: Problem) -> dict[str, float]:
    """Days in 10,000 on which the simple return of an asset's draw exceeds its largest on record in size.

    Raises:
        ValueError: several steps a day, whose sum has no such law.
    """
    if problem.steps_per_day != 1:
        raise ValueError(f"{problem.name} has {problem.steps_per_day} steps a day")
    assets, shocks = problem.assets, problem.shocks
    found = {}
    labels = zip(assets.ids, assets.asset_class, assets.region, assets.shock_vol, strict=True)
    for asset, kind, region, vol in labels if shocks.model != "none" else ():
        recorded = largest_move(asset, kind, region)
        if recorded is None:
            continue
        deviation = shocks.scale * float(vol) / np.sqrt(TRADING_DAYS)
        mean = -0.5 * deviation**2 if shocks.martingale else shocks.drift / TRADING_DAYS
        narrower = np.sqrt(1.0 - 2.0 / shocks.dof)  # 1 for gaussian draws, whose degrees of freedom are infinite
        law = stats.norm(mean, deviation) if np.isinf(shocks.dof) else stats.t(shocks.dof, mean, deviation * narrower)
        up, down = np.log1p(abs(recorded.move)), np.log1p(-abs(recorded.move))
        found[asset] = DAYS * float(
            (law.sf(up) if up < shocks.max_move else 0.0) + (law.cdf(down) if -down < shocks.max_move else 0.0)
        )
    return found


def main() -> None:
    """Print the table."""
    names = sys.argv[1:] or list_names()
    problems = [build_problem(stress.load_scenario(name)) for name in names]
    every = {problem.name: beyond(problem) for problem in problems if problem.shocks.model != "none"}
    print(f"| days in {DAYS:,} beyond the largest move on record | {' | '.join(every)} |\n|---{'|---' * len(every)}|")
    for asset in sorted({asset for found in every.values() for asset in found}):
        print(f"| {asset} | {' | '.join(f'{x[asset]:.2f}' if asset in x else '' for x in every.values())} |")
    print(f"| largest | {' | '.join(f'{max(x.values()):.2f}' for x in every.values())} |")


if __name__ == "__main__":
    main()
