"""The `start` group: who holds what with whom, before anything moves."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stress.results.dataset import coordinates
from stress.results.dataset.summary import file_order
from stress.results.dataset.units import described
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.overlap import days_of_volume, liquidity_overlap, overlap, type_exposure, type_positions


def start(output: SimulationOutput) -> xr.Dataset:
    """Leverage, positions, days of volume and overlaps of fund types at the start; types and assets in file order."""
    problem = output.problem
    kinds = file_order(problem.funds.types, problem.funds.types_file_order)
    assets = file_order(problem.assets.ids, problem.assets.file_order)
    pairs, by_asset = np.ix_(kinds, kinds), np.ix_(kinds, assets)
    held = np.abs(problem.books.size[:, None] * problem.books.shapes[problem.books.shape_of])
    of_type = np.zeros((len(problem.funds.types), held.shape[1]))
    begin = problem.books.start_held > 0
    np.add.at(of_type, problem.funds.type_of[problem.books.fund_of[begin]], held[begin])
    together = held[problem.books.start_held > 0].sum(axis=0)[assets]
    nav = np.bincount(problem.funds.type_of, problem.funds.nav)
    gross, net = type_exposure(problem)
    dataset = xr.Dataset(
        {
            "gross": (("fund_type",), (gross / nav)[kinds]),
            "net": (("fund_type",), (net / nav)[kinds]),
            "system_gross": ((), gross.sum() / nav.sum()),
            "system_net": ((), net.sum() / nav.sum()),
            "position_usd": (("fund_type", "asset"), type_positions(problem)[by_asset]),
            "gross_position_usd": (("fund_type", "asset"), of_type[by_asset]),
            "days_of_volume": (("fund_type", "asset"), days_of_volume(problem)[by_asset]),
            "held_usd": (("asset",), together),
            "held_days": (("asset",), together / problem.assets.adv[assets]),
            "overlap": (("fund_type", "with_type"), overlap(problem)[pairs]),
            "liquidity_overlap_usd": (("fund_type", "with_type"), liquidity_overlap(problem)[pairs]),
        },
        {
            "fund_type": list(problem.funds.types_file_order),
            "with_type": list(problem.funds.types_file_order),
            **coordinates.of_assets(problem),
            **coordinates.of_types(problem, problem.funds.types_file_order, "fund_type"),
        },
    )
    return described(dataset)
