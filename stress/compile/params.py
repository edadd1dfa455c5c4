"""From a resolved scenario to what the kernels take: the static structure and every number as an array."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.compile.margin_terms import margin_terms
from stress.compile.matrices import group_matrix, start_books
from stress.kernels.random.normals import WORDS
from stress.kernels.records import Layout, Params, Structure
from stress.kernels.shocks.student_t_scale import DEGREE, mixing_coefficients
from stress.scenarios.problem import Problem

TRADING_DAYS = 252
BILLION = 1e9
HIGH_LEVERAGE = 15.0  # gross over NAV from which the rounding of a price near 1 would show in a loss
Floats = npt.NDArray[np.float64]


def structure_of(problem: Problem, members: bool = False) -> Structure:
    """What has to be compiled for a problem: shapes and mechanisms, no numbers."""
    funds, books = problem.funds, problem.books
    terms = margin_terms(problem)
    margin, impact = bool(funds.has_margin.any()), problem.impact.law != "none"
    on_fund = books.ladder_on_fund & np.isfinite(books.ladder_drawdown[:, 0])
    on_book = ~books.ladder_on_fund & np.isfinite(books.ladder_drawdown[:, 0])
    feedback = problem.cascade.feedback
    uses_depth = feedback and (problem.liquidity.evaporation != 0 or problem.liquidity.flow_sensitivity != 0)
    longs = problem.books.shapes.max(axis=0, initial=0.0) > 0
    largest_rate = float((funds.rates[:, longs]).max(initial=0.0)) * max((t.largest for t in terms.terms), default=1.0)
    spans = [(i, i + 1) for i in range(len(funds.ids))] if members else _type_spans(problem)
    ranked = bool((funds.has_margin | np.isfinite(funds.max_leverage))[books.fund_of].any())
    overlays = feedback and bool(books.overlay.any())
    return Structure(
        steps=problem.steps,
        assets=len(problem.assets.ids),
        layouts=_layouts(problem),
        group_members=tuple(spans),
        brokers=len(funds.brokers),
        draw=problem.shocks.model,
        twin=True,
        feedback=feedback,
        high_leverage=bool((np.bincount(books.fund_of, books.size) > HIGH_LEVERAGE * funds.nav).any()),
        margin=feedback and margin,
        haircut=bool((funds.has_margin & ~funds.portfolio).any()),
        portfolio_cases=funds.portfolio_moves.shape[1] if bool((funds.has_margin & funds.portfolio).any()) else 0,
        margin_terms=len(terms.terms) if feedback else 0,
        base_margin=bool((terms.weight[0] > 0).any() or (terms.weight_locked[0] > 0).any()),
        hikes=any(math.isfinite(t.hike_level) for t in terms.terms),
        long_cap=largest_rate > 1.0,
        priority=_ranks(problem) if feedback and ranked else (),
        leverage_limit=feedback and bool(np.isfinite(funds.max_leverage).any()),
        leverage_target=feedback and bool(np.isfinite(funds.leverage_target).any()),
        two_way=feedback and bool((np.isfinite(funds.leverage_target) & funds.two_way).any()),
        vol_target=feedback and bool(np.isfinite(books.vol_ceiling).any()),
        book_ladder=feedback and bool(on_book.any()),
        fund_ladder=feedback and bool(on_fund.any()),
        ladder_points=books.ladder_drawdown.shape[1],
        overlay_points=books.overlay_loss.shape[1] if overlays else 0,
        participation=feedback and math.isfinite(problem.cascade.max_participation),
        law=problem.impact.law if feedback else "none",
        decay=feedback and impact and (math.isfinite(problem.impact.half_life) or uses_depth),
        volatility=feedback and (uses_depth or len(terms.terms) > 0),
        depth=uses_depth,
        retail=feedback and problem.retail.per_percent > 0,
        attribution=False,
        max_rounds=problem.cascade.max_rounds,
    )


def params_of(problem: Problem, seed: int, precision: str, members: bool = False) -> Params:
    """Every number of a problem, in the kernels' units and precision, as NumPy arrays."""
    dtype = np.dtype(precision)
    assets, funds, books, shocks = problem.assets, problem.funds, problem.books, problem.shocks
    impact, liquidity, retail = problem.impact, problem.liquidity, problem.retail
    per_day = problem.steps_per_day
    shapes = _shapes(problem)
    holder = _holder_of_shape(problem)
    adv = assets.adv / BILLION
    rates = np.where((funds.has_margin & ~funds.portfolio)[:, None], funds.rates, 0.0)[holder]
    capped = np.where(shapes > 0, np.minimum(rates, 1.0), rates)
    deviation = shocks.scale * assets.shock_vol / math.sqrt(TRADING_DAYS * per_day)
    mean = -0.5 * deviation**2 if shocks.martingale else np.full(len(adv), shocks.drift / (TRADING_DAYS * per_day))
    memory = 0.94 ** (1.0 / per_day)
    tolerance = problem.cascade.tolerance
    if tolerance is None:
        tolerance = 1e-6 if dtype == np.float32 else 1e-9
    terms = margin_terms(problem)
    nav = funds.nav[books.fund_of]
    system = funds.nav.sum()
    start, width, slope, first_cut = ramps(books.ladder_drawdown, books.ladder_cut)
    overlay_start, overlay_width, overlay_slope, overlay_first = ramps(books.overlay_loss, books.overlay_held)
    pnl_memory = 0.97 ** (1.0 / per_day)
    start_variance = books.start_vol[_shape_rows(problem)] ** 2 / (TRADING_DAYS * per_day)
    moves = np.where((funds.has_margin & funds.portfolio)[:, None, None], funds.portfolio_moves, 0.0)[holder]
    exposure, margin = start_books(problem)
    groups = group_matrix(problem, members)
    equities = np.array([kind == "equity" for kind in assets.asset_class], np.float64)
    numbers: dict[str, Any] = {
        "draw_matrix": _pad_columns(deviation[:, None] * cholesky(shocks.correlation), WORDS),
        "draw_mean": mean[:, None],
        "max_move": shocks.max_move,
        "script": np.log1p(shocks.script),
        "mixing": mixing_coefficients(shocks.dof) if shocks.model == "student_t" else np.zeros(DEGREE + 1),
        "shapes": shapes,
        "gross_shapes": np.abs(shapes),
        "net_shapes": np.where(assets.in_net, shapes, 0.0),
        "book_gross": (books.size / nav)[:, None],
        "start_held": np.where(books.overlay, 0.0, 1.0)[:, None],
        "start_exposure": exposure,
        "group_exposure": groups @ exposure,
        "flow_matrix": (shapes / adv).T,
        "gross_flow_matrix": (np.abs(shapes) / adv).T,
        "book_nav": (nav / BILLION)[:, None],
        "adv": adv[:, None],
        "start_excess": exposure - margin,
        "excess_room": 1.0 - margin.sum(axis=1, keepdims=True),
        "excess_limit": np.where(margin.sum(axis=1, keepdims=True) > 0, 0.0, np.finfo(dtype).tiny),
        "margin_shapes": capped * np.abs(shapes),
        "term_shapes": rates * np.abs(shapes),
        "margin_long_shapes": np.maximum(shapes, 0.0),
        "margin_rates": rates,
        "term_factor": [t.factor for t in terms.terms],
        "procyclicality": [t.procyclicality / 2.0 for t in terms.terms],
        "multiplier_cap": [t.cap for t in terms.terms],
        "hike_level": [t.hike_level for t in terms.terms],
        "hike_size": [t.hike_size for t in terms.terms],
        "term_weight": terms.weight[:, :, None],
        "term_weight_locked": terms.weight_locked[:, :, None],
        "equity_weights": equities[None] / max(equities.sum(), 1.0),
        "case_shapes": np.swapaxes(moves, 0, 1) * shapes,
        "portfolio_floor": funds.portfolio_floor[:, None],
        "cure_factor": (1.0 + funds.buffer)[:, None],
        "max_leverage": funds.max_leverage[:, None],
        "target_leverage": np.where(np.isfinite(funds.max_leverage), funds.target_leverage, 1.0)[:, None],
        "leverage_target": funds.leverage_target[:, None],
        "leverage_band": funds.leverage_band[:, None],
        "vol_ceiling": books.vol_ceiling[:, None],
        "vol_speed": books.vol_speed[:, None],
        "vol_memory": pnl_memory,
        "vol_news": ((1.0 - pnl_memory) / np.where(start_variance > 0, start_variance, 1.0))[:, None],
        "ladder_start": start,
        "ladder_width": width,
        "ladder_slope": slope,
        "ladder_first_cut": first_cut,
        "overlay_start": overlay_start,
        "overlay_width": overlay_width,
        "overlay_slope": overlay_slope,
        "overlay_first": overlay_first,
        "capital": np.where(books.capital > 0, books.capital / nav, 1.0)[:, None],
        "closeout_participation": funds.closeout_participation[:, None],
        "max_participation": problem.cascade.max_participation,
        "tolerance": tolerance,
        "impact_scale": impact_scale(problem)[:, None],
        "impact_core": impact.core,
        "impact_bound": impact.bound,
        "permanent": impact.permanent,
        "decay": 0.5 ** (1.0 / (impact.half_life * per_day)),
        "execution_weight": impact.execution_weight,
        "memory": memory,
        "news": ((1.0 - memory) * per_day * TRADING_DAYS / assets.vol**2)[:, None],
        "evaporation": liquidity.evaporation / 2.0,
        "flow_sensitivity": liquidity.flow_sensitivity,
        "depth_floor": liquidity.floor,
        "retail_weights": retail.weights[None, :],
        "retail_flow": (retail.weights / adv)[:, None],
        "retail_per_move": 100.0 * retail.per_percent / BILLION,
        "retail_cap": retail.cap / BILLION,
        "retail_fatigue": retail.fatigue / per_day,
        "retail_budget": retail.budget / BILLION,
        "steps_per_day": per_day,
        "group_matrix": groups,
        "adv_share": (assets.adv / system)[:, None],
        "flow_scale": 2.0 ** -math.ceil(math.log2(system / BILLION)),
        "broker_matrix": (funds.broker_share * (funds.nav / system)[:, None]).T,
    }
    arrays: dict[str, Any] = {name: np.asarray(value, dtype) for name, value in numbers.items()}
    arrays |= {
        "seed": np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32),
        "lockup_steps": np.asarray(funds.lockup_steps[:, None], np.int32),
        "grace_steps": np.asarray(funds.grace_steps[:, None], np.int32),
        "cure_steps": np.asarray(funds.cure_steps[:, None], np.int32),
        "ladder_on_fund": np.asarray(books.ladder_on_fund[:, None]),
        "on_portfolio": np.asarray((funds.has_margin & funds.portfolio)[:, None]),
        "two_way": np.asarray(funds.two_way[:, None]),
    }
    return Params(**arrays)


def impact_scale(problem: Problem) -> Floats:
    """What multiplies a flow in ADV in the impact law, by asset (asset,); see `kernels.impact`."""
    impact, adv = problem.impact, problem.assets.adv
    daily = problem.assets.impact_vol / math.sqrt(TRADING_DAYS)
    if impact.law == "linear" and impact.slope is not None:
        return impact.slope * adv
    if impact.law == "bounded_exponential":
        return daily / ((1.0 - impact.bound) * impact.depth_coefficient * math.sqrt(impact.depth_days))
    if impact.law == "exponential" and impact.outstanding is not None:
        return impact.beta * adv / impact.outstanding
    return impact.coefficient * daily


def cholesky(correlation: Floats) -> Floats:
    """Lower factor of a positive semidefinite matrix (asset, asset), float64."""
    try:
        return np.asarray(np.linalg.cholesky(correlation), np.float64)
    except np.linalg.LinAlgError:  # singular: the triangular factor of the symmetric root serves as well
        values, vectors = np.linalg.eigh(correlation)
        root = vectors * np.sqrt(np.clip(values, 0.0, None))
        triangular = np.asarray(np.linalg.qr(root.T).R.T, np.float64)
        return triangular * np.where(np.diag(triangular) < 0, -1.0, 1.0)


def _pad_columns(matrix: Floats, multiple: int) -> Floats:
    return np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % multiple)))


def _type_spans(problem: Problem) -> list[tuple[int, int]]:
    edges = np.searchsorted(problem.funds.type_of, np.arange(len(problem.funds.types) + 1))
    return [(int(a), int(b)) for a, b in pairwise(edges)]


def _books_of(problem: Problem, member: int) -> npt.NDArray[np.int64]:
    return np.flatnonzero(problem.books.fund_of == member)


def _ranks(problem: Problem) -> tuple[int, ...]:
    """Rank of each book in brokers' sales, () where it makes no difference."""
    rank = problem.books.priority
    alike = all(np.ptp(rank[_books_of(problem, f)]) == 0 for f in range(len(problem.funds.ids)))
    return () if alike else tuple(int(r) for r in rank)


def _kinds(problem: Problem) -> list[tuple[int, int]]:
    """First and last+1 member of each run of members that hold the same shapes on the same margin rates."""
    funds = problem.funds
    spans: list[tuple[int, int]] = []
    for member in range(len(funds.ids)):
        first = spans[-1][0] if spans else member
        same = bool(spans) and funds.type_of[first] == funds.type_of[member]
        same = same and np.array_equal(_shape_rows_of(problem, first), _shape_rows_of(problem, member))
        if same and np.array_equal(funds.rates[first], funds.rates[member]):
            spans[-1] = (first, member + 1)
        else:
            spans.append((member, member + 1))
    return spans


def _layouts(problem: Problem) -> tuple[Layout, ...]:
    layouts: list[Layout] = []
    for first, last in _kinds(problem):
        shape = Layout(1, last - first, len(_books_of(problem, first)))
        if layouts and layouts[-1][1:] == shape[1:]:
            layouts[-1] = layouts[-1]._replace(types=layouts[-1].types + 1)
        else:
            layouts.append(shape)
    return tuple(layouts)


def _shape_rows_of(problem: Problem, member: int) -> npt.NDArray[np.int64]:
    return problem.books.shape_of[_books_of(problem, member)]


def _shape_rows(problem: Problem) -> npt.NDArray[np.int64]:
    return np.concatenate([_shape_rows_of(problem, first) for first, _ in _kinds(problem)])


def _shapes(problem: Problem) -> Floats:
    return problem.books.shapes[_shape_rows(problem)]


def _holder_of_shape(problem: Problem) -> npt.NDArray[np.int64]:
    """A member that holds each shape, (shape,)."""
    return np.concatenate([np.full(len(_books_of(problem, first)), first) for first, _ in _kinds(problem)])


def ramps(at: Floats, value: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Piecewise linear functions as sums of ramps.

    Args:
        at: (book, point) increasing, +inf padding.
        value: (book, point) at those points; 0 below the first, constant after the last.

    Returns:
        Start, width and slope, each (point, book, 1), and the value at the first point (book, 1).
    """
    following = np.concatenate([at[:, 1:], np.full((len(at), 1), np.inf)], axis=1)
    rise = np.concatenate([np.diff(value, axis=1), np.zeros((len(at), 1))], axis=1)
    real = np.isfinite(following)
    width = np.where(real, np.where(real, following, 0.0) - np.where(real, at, 0.0), 0.0)
    slope = np.where(width > 0, rise / np.where(width > 0, width, 1.0), 0.0)
    first = np.where(np.isfinite(at[:, 0]), value[:, 0], 0.0)
    return at.T[:, :, None], width.T[:, :, None], slope.T[:, :, None], first[:, None]
