"""The desk model as plain arrays, for the baselines. NumPy only: their worker processes never load JAX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import TRADING_DAYS, Problem

Array = npt.NDArray[Any]


class NotTheDeskModel(ValueError):
    """The scenario has a mechanism that the baselines do not know."""


@dataclass(frozen=True)
class Desk:
    """Gaussian draws, haircut calls met in the step they open, square-root impact of a decaying flow; one book a fund.

    Money of a fund is a fraction of its start NAV, flows are fractions of an asset's daily volume.
    """

    steps: int
    draw_matrix: Array  # (asset, asset) lower triangle, scaled to one step
    draw_mean: Array  # (asset,)
    max_move: float
    positions: Array  # (fund, asset) signed, over NAV
    margin: Array  # (fund, asset) rate times absolute position, over NAV
    flow: Array  # (asset, fund) units over ADV that the whole book of a fund is
    cure_factor: Array  # (fund,) 1 + buffer
    nav_weights: Array  # (fund,) NAV over the system's
    half_procyclicality: float  # exponent of the variance ratio; 0 = rates do not move
    margin_cap: float
    memory: float  # weight of the old variance
    news: Array  # (asset,) weight of a squared return in the variance ratio
    impact_scale: Array  # (asset,)
    core: float
    permanent: float
    decay: float
    execution_weight: float
    tolerance: float
    max_rounds: int

    def cast(self, dtype: npt.DTypeLike) -> dict[str, Any]:
        """Every field by name, arrays in `dtype` and contiguous."""
        return {
            name: np.ascontiguousarray(value, dtype) if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }


def desk_of(problem: Problem, precision: str = "float32") -> Desk:
    """The numbers of a problem that is nothing but the desk model.

    Raises:
        NotTheDeskModel: the problem has a mechanism that the baselines leave out.
    """
    assets, shocks, funds, books = problem.assets, problem.shocks, problem.funds, problem.books
    impact, cascade = problem.impact, problem.cascade
    _check(problem)
    per_step = np.sqrt(TRADING_DAYS * problem.steps_per_day)
    deviation = shocks.scale * assets.shock_vol / per_step
    held = books.size[:, None] * books.shapes[books.shape_of]
    nav = funds.nav[:, None]
    memory = 0.94 ** (1.0 / problem.steps_per_day)
    tolerance = cascade.tolerance
    if tolerance is None:
        tolerance = 1e-6 if precision == "float32" else 1e-9
    return Desk(
        steps=problem.steps,
        draw_matrix=deviation[:, None] * np.linalg.cholesky(shocks.correlation),
        draw_mean=-0.5 * deviation**2 if shocks.martingale else np.full(len(assets.ids), shocks.drift / per_step**2),
        max_move=shocks.max_move,
        positions=held / nav,
        margin=funds.rates * np.abs(held) / nav,
        flow=(held / assets.adv).T,
        cure_factor=1.0 + funds.buffer,
        nav_weights=funds.nav / funds.nav.sum(),
        half_procyclicality=float(funds.procyclicality[0, 0]) / 2.0,
        margin_cap=float(funds.margin_cap[0, 0]),
        memory=memory,
        news=(1.0 - memory) * per_step**2 / assets.vol**2,
        impact_scale=impact.parameters.coefficient * assets.impact_vol / np.sqrt(TRADING_DAYS),
        core=impact.parameters.core,
        permanent=impact.permanent,
        decay=0.5 ** (1.0 / (impact.half_life * problem.steps_per_day)),
        execution_weight=impact.execution_weight,
        tolerance=tolerance,
        max_rounds=cascade.max_rounds,
    )


KNOWN = {"margin_call", "leverage_limit", "stop_loss", "vol_target", "leverage_target", "close_out", "overlay"}


def _check(problem: Problem) -> None:
    funds, books = problem.funds, problem.books
    cap = float(funds.margin_cap.max())
    wanted = {
        "gaussian draws": problem.shocks.model == "gaussian",
        "no script": not problem.shocks.script.any(),
        "one book a fund": np.array_equal(books.fund_of, np.arange(len(funds.ids))),
        "haircut margin for every fund": bool(funds.has_margin.all()),
        "calls without grace or lock-up": not (funds.grace_steps.any() or funds.lockup_steps.any()),
        "one procyclicality for all funds": np.ptp(funds.procyclicality) == 0 and np.ptp(funds.margin_cap) == 0,
        "no hikes, the same rates at every broker": not np.isfinite(funds.hike_level).any()
        and bool((funds.rate_factor == 1).all()),
        "haircuts only": not funds.portfolio.any(),
        "no own leverage or volatility targets": not {"leverage_target", "vol_target"} & set(problem.triggers),
        "no overlays": "overlay" not in problem.triggers,
        "margin rates below 1": float(funds.rates.max()) * cap < 1.0,
        "no leverage limit": "leverage_limit" not in problem.triggers,
        "no stop-loss ladder": "stop_loss" not in problem.triggers,
        "no other trigger": set(problem.triggers) <= KNOWN,
        "square-root impact": problem.impact.law == "square_root",
        "constant depth": problem.liquidity.evaporation == 0 and problem.liquidity.flow_sensitivity == 0,
        "no participation cap": not np.isfinite(problem.cascade.max_participation),
        "no outside buyers": not problem.outside,
        "feedback": problem.cascade.feedback,
    }
    missing = [name for name, fine in wanted.items() if not fine]
    if missing:
        raise NotTheDeskModel(f"the baselines follow the desk model only; {problem.name} lacks: {', '.join(missing)}")
