"""Who would be called with other haircuts: short simulations on the same draws, all margin rates times a factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from stress.scenarios.problem import Problem
from stress.scenarios.start import start_in_call

if TYPE_CHECKING:
    import xarray as xr

FACTORS = (0.9, 1.0, 1.1)


def scaled(problem: Problem, factor: float) -> Problem:
    """The problem with every requirement times `factor`: rates of haircuts, and moves and floors of portfolio margin.

    Rates of more than 1 on longs are capped there as ever.
    """
    funds = problem.funds
    funds = replace(
        funds,
        rates=funds.rates * factor,
        portfolio_moves=funds.portfolio_moves * factor,
        portfolio_floor=funds.portfolio_floor * factor,
    )
    return replace(problem, funds=funds)


def haircuts(problem: Problem, paths: int, seed: int = 1, factors: Sequence[float] = FACTORS) -> xr.Dataset:
    """How far calls and defaults move with haircuts.

    Args:
        problem: the scenario.
        paths: of each simulation; all have the same draws.
        seed: of the draws.
        factors: what every margin rate is multiplied by.

    Returns:
        Dims haircuts (the factors) and fund ("system" last): the mean shares of NAV `called_nav_share` and
        `defaulted_nav_share`, the probabilities `prob_margin_call` (of any member), `prob_called_over_10pct` and
        `prob_called_over_50pct`, of defaults likewise, and `prob_loss_over_20pct`, each with NAME_se, and
        `starts_in_call`, whether a fund has a member that starts in a call. Attributes: paths, seed.

    Raises:
        NotEnoughResources: so many paths need more memory than there is.
    """
    import xarray as xr

    from stress.results.dataset.units import described

    found = [_at(scaled(problem, factor), paths, seed) for factor in factors]
    data: dict[str, Any] = {name: (("haircuts", "fund"), np.stack([one[name] for one in found])) for name in found[0]}
    funds = [*problem.funds.types_file_order, "system"]
    table = xr.Dataset(data, {"haircuts": ("haircuts", list(factors)), "fund": ("fund", funds)})
    return described(table.assign_attrs(paths=paths, seed=seed))


def _at(problem: Problem, paths: int, seed: int) -> dict[str, Any]:
    from stress.engine.chunk_simulator import ChunkSimulator
    from stress.engine.chunks import Chunk
    from stress.engine.plan import plan
    from stress.engine.sizes import devices_for
    from stress.options import RunOptions
    from stress.results.dataset.summary import AVERAGED, HITS, probabilities
    from stress.results.statistics.estimators import mean

    options = RunOptions(paths=paths, seed=seed)
    plan(problem, options)
    simulator = ChunkSimulator(problem, options, devices_for(problem, options))
    gatherer = simulator.gatherer()
    simulator.simulate(Chunk(0, paths), gatherer)
    sums, squares, counts = gatherer.sums(), gatherer.squares(), gatherer.totals.counts
    types = problem.funds.types
    rows = [*(types.index(name) for name in problem.funds.types_file_order), len(types)]
    estimates = {
        name: [
            mean(sums[AVERAGED[name]][row], squares[AVERAGED[name]][row], paths, hits=int(counts[hits][row]))
            for row in rows
        ]
        for name, hits in HITS.items()
    }
    of_rows = [probabilities(counts, row, paths) for row in rows]
    estimates |= {name: [one[name] for one in of_rows] for name in of_rows[0]}
    called = start_in_call(problem)
    table: dict[str, Any] = {name: [one.value for one in every] for name, every in estimates.items()}
    table |= {f"{name}_se": [one.se for one in every] for name, every in estimates.items()}
    return table | {"starts_in_call": [*(name in called for name in problem.funds.types_file_order), bool(called)]}
