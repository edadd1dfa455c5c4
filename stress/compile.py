"""From a resolved scenario to what the kernels take: the static structure and every number as an array."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.kernels.mixing import DEGREE, mixing_coefficients
from stress.kernels.normals import WORDS
from stress.kernels.records import Layout, Params, Structure
from stress.scenarios.problem import Problem

TRADING_DAYS = 252
BILLION = 1e9
HIGH_LEVERAGE = 15.0  # gross over NAV from which the rounding of a price near 1 would show in a loss
Floats = npt.NDArray[np.float64]


def structure_of(problem: Problem, members: bool = False) -> Structure:
    """What has to be compiled for a problem: shapes and mechanisms, no numbers."""
    funds, books = problem.funds, problem.books
    terms, term_of_member = _margin_terms(problem)
    margin, impact = bool(funds.has_margin.any()), problem.impact.law != "none"
    on_fund = books.ladder_on_fund & np.isfinite(books.ladder_drawdown[:, 0])
    on_book = ~books.ladder_on_fund & np.isfinite(books.ladder_drawdown[:, 0])
    feedback = problem.cascade.feedback
    uses_depth = feedback and (problem.liquidity.evaporation != 0 or problem.liquidity.flow_sensitivity != 0)
    longs = problem.books.shapes.max(axis=0, initial=0.0) > 0
    largest_rate = float((funds.rates[:, longs]).max(initial=0.0)) * max((cap for _, cap in terms), default=1.0)
    spans = [(i, i + 1) for i in range(len(funds.ids))] if members else _type_spans(problem)
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
        margin_terms=len(terms) if feedback else 0,
        term_of_member=term_of_member,
        lockup=bool((funds.lockup_steps > 0).any()),
        long_cap=largest_rate > 1.0,
        leverage_limit=feedback and bool(np.isfinite(funds.max_leverage).any()),
        book_ladder=feedback and bool(on_book.any()),
        fund_ladder=feedback and bool(on_fund.any()),
        ladder_points=books.ladder_drawdown.shape[1],
        participation=feedback and math.isfinite(problem.cascade.max_participation),
        impact=feedback and impact,
        decay=feedback and impact and (math.isfinite(problem.impact.half_life) or uses_depth),
        volatility=feedback and (uses_depth or len(terms) > 0),
        depth=uses_depth,
        retail=feedback and problem.retail.per_percent > 0,
        max_rounds=problem.cascade.max_rounds,
    )


def params_of(problem: Problem, seed: int, precision: str, members: bool = False) -> Params:
    """Every number of a problem, in the kernels' units and precision, as NumPy arrays."""
    dtype = np.dtype(precision)
    assets, funds, books, shocks = problem.assets, problem.funds, problem.books, problem.shocks
    impact, liquidity, retail = problem.impact, problem.liquidity, problem.retail
    per_day = problem.steps_per_day
    shapes = _shapes(problem)
    type_of_shape = _type_of_shape(problem)
    adv = assets.adv / BILLION
    rates = np.where(funds_with_margin(problem)[:, None], funds.rates, 0.0)[type_of_shape]
    capped = np.where(shapes > 0, np.minimum(rates, 1.0), rates)
    deviation = shocks.scale * assets.shock_vol / math.sqrt(TRADING_DAYS * per_day)
    mean = -0.5 * deviation**2 if shocks.martingale else np.full(len(adv), shocks.drift / (TRADING_DAYS * per_day))
    memory = 0.94 ** (1.0 / per_day)
    tolerance = problem.cascade.tolerance
    if tolerance is None:
        tolerance = 1e-6 if dtype == np.float32 else 1e-9
    terms, _ = _margin_terms(problem)
    nav = funds.nav[books.fund_of]
    system = funds.nav.sum()
    start, width, slope, first_cut = _ladder(problem)
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
        "flow_matrix": (shapes / adv).T,
        "gross_flow_matrix": (np.abs(shapes) / adv).T,
        "book_nav": (nav / BILLION)[:, None],
        "adv": adv[:, None],
        "margin_shapes": capped * np.abs(shapes),
        "margin_long_shapes": np.maximum(shapes, 0.0),
        "margin_rates": capped,
        "procyclicality": np.array([gamma / 2.0 for gamma, _ in terms]),
        "multiplier_cap": np.array([cap for _, cap in terms]),
        "cure_factor": (1.0 + funds.buffer)[:, None],
        "max_leverage": funds.max_leverage[:, None],
        "target_leverage": np.where(np.isfinite(funds.max_leverage), funds.target_leverage, 1.0)[:, None],
        "ladder_start": start,
        "ladder_width": width,
        "ladder_slope": slope,
        "ladder_first_cut": first_cut,
        "capital": np.where(books.capital > 0, books.capital / nav, 1.0)[:, None],
        "closeout_participation": funds.closeout_participation[:, None],
        "max_participation": problem.cascade.max_participation,
        "tolerance": tolerance,
        "impact_scale": (impact.coefficient * assets.impact_vol / math.sqrt(TRADING_DAYS))[:, None],
        "impact_core": impact.core,
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
        "group_matrix": group_matrix(problem, members),
        "system_nav": system / BILLION,
        "broker_matrix": (funds.broker_share * (funds.nav / system)[:, None]).T,
    }
    arrays: dict[str, Any] = {name: np.asarray(value, dtype) for name, value in numbers.items()}
    arrays |= {
        "seed": np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32),
        "lockup_steps": np.asarray(funds.lockup_steps[:, None], np.int32),
        "grace_steps": np.asarray(funds.grace_steps[:, None], np.int32),
        "cure_steps": np.asarray(funds.cure_steps[:, None], np.int32),
        "ladder_on_fund": np.asarray(books.ladder_on_fund[:, None]),
    }
    return Params(**arrays)


def group_nav(problem: Problem, members: bool = False) -> Floats:
    """Start NAV in USD of each reported group, the system last."""
    funds = problem.funds
    nav = funds.nav if members else np.bincount(funds.type_of, weights=funds.nav, minlength=len(funds.types))
    return np.append(nav, nav.sum()).astype(np.float64)


def group_matrix(problem: Problem, members: bool = False) -> Floats:
    """NAV weights (row, member) that turn fractions of member NAV into fractions of the group's, system last."""
    funds = problem.funds
    nav = group_nav(problem, members)
    index = np.arange(len(funds.ids)) if members else funds.type_of
    matrix = np.zeros((len(nav), len(funds.ids)))
    matrix[index, np.arange(len(funds.ids))] = funds.nav / nav[index]
    matrix[-1] = funds.nav / nav[-1]
    return matrix


def funds_with_margin(problem: Problem) -> npt.NDArray[np.bool_]:
    """Which fund types (type,) have a margin requirement."""
    funds = problem.funds
    return np.array([bool(funds.has_margin[funds.type_of == t].any()) for t in range(len(funds.types))])


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


def _layouts(problem: Problem) -> tuple[Layout, ...]:
    layouts: list[Layout] = []
    for first, last in _type_spans(problem):
        rows = [_books_of(problem, m) for m in range(first, last)]
        shapes = {tuple(problem.books.shape_of[r]) for r in rows}
        if len(shapes) != 1:
            raise ValueError(f"members of {problem.funds.types[problem.funds.type_of[first]]} hold different shapes")
        shape = Layout(1, last - first, len(rows[0]))
        if layouts and layouts[-1][1:] == shape[1:]:
            layouts[-1] = layouts[-1]._replace(types=layouts[-1].types + 1)
        else:
            layouts.append(shape)
    return tuple(layouts)


def _shape_rows(problem: Problem) -> npt.NDArray[np.int64]:
    rows = [problem.books.shape_of[_books_of(problem, first)] for first, _ in _type_spans(problem)]
    return np.concatenate(rows)


def _shapes(problem: Problem) -> Floats:
    return problem.books.shapes[_shape_rows(problem)]


def _type_of_shape(problem: Problem) -> npt.NDArray[np.int64]:
    counts = [len(_books_of(problem, first)) for first, _ in _type_spans(problem)]
    return np.repeat(np.arange(len(counts)), counts)


def _margin_terms(problem: Problem) -> tuple[list[tuple[float, float]], tuple[int, ...]]:
    """Distinct (procyclicality, cap) pairs that move rates, and the term of each member (-1: rates never move)."""
    funds = problem.funds
    terms: list[tuple[float, float]] = []
    member: list[int] = []
    for f in range(len(funds.ids)):
        pair = (float(funds.procyclicality[f]), float(funds.margin_cap[f]))
        if not funds.has_margin[f] or pair[0] == 0.0 or pair[1] <= 1.0:
            member.append(-1)
            continue
        if pair not in terms:
            terms.append(pair)
        member.append(terms.index(pair))
    return terms, tuple(member)


def _ladder(problem: Problem) -> tuple[Floats, Floats, Floats, Floats]:
    """Ladders as sums of ramps: start, width and slope (point, book, 1), and the cut at the first point (book, 1)."""
    drawdown, cut = problem.books.ladder_drawdown, problem.books.ladder_cut
    following = np.concatenate([drawdown[:, 1:], np.full((len(drawdown), 1), np.inf)], axis=1)
    rise = np.concatenate([np.diff(cut, axis=1), np.zeros((len(drawdown), 1))], axis=1)
    real = np.isfinite(following)
    width = np.where(real, np.where(real, following, 0.0) - np.where(real, drawdown, 0.0), 0.0)
    slope = np.where(width > 0, rise / np.where(width > 0, width, 1.0), 0.0)
    first_cut = np.where(np.isfinite(drawdown[:, 0]), cut[:, 0], 0.0)
    return drawdown.T[:, :, None], width.T[:, :, None], slope.T[:, :, None], first_cut[:, None]
