"""The resolved scenario: every number in base units, every entity sorted by id.

`Problem` is what the scenario layer hands to the engine and what the NumPy twin of the tests reads. It holds plain
NumPy arrays in float64 and no JAX. Entities (assets, brokers, fund types, members, shapes, books) are sorted by id, so
that permuting a file changes no bit; the `*_file_order` tuples give the order in which results are reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Assets:
    """Tradable assets; all arrays have shape (asset,)."""

    ids: tuple[str, ...]
    file_order: tuple[str, ...]
    names: tuple[str, ...]  # long names, in the order of `ids`
    asset_class: tuple[str, ...]
    region: tuple[str, ...]
    in_net: Bools  # counts in net leverage
    vol: Floats  # pre-stress annual volatility: margin and evaporation
    shock_vol: Floats  # annual volatility of the draw
    impact_vol: Floats  # annual volatility used by the impact law
    adv: Floats  # average daily volume, USD, pre-stress
    margin_rate: Floats  # base margin rate, fraction


@dataclass(frozen=True)
class Shocks:
    """The outside shock: a random draw plus a script."""

    model: str  # "none", "gaussian" or "student_t"
    dof: float  # Student-t degrees of freedom (inf for gaussian)
    scale: float  # multiplies the standard deviation of the draw only
    drift: float  # annual mean of the log return
    martingale: bool  # mean = minus half the variance instead of `drift`
    max_move: float  # the log return of one step is clipped at +- this
    correlation: Floats  # (asset, asset), unit diagonal, positive semidefinite
    repair_distance: float  # Frobenius distance moved by the repair, 0 when none was needed
    script: Floats  # (step, asset) simple returns, 0 where nothing is scripted


@dataclass(frozen=True)
class Funds:
    """Fund types and their members (tiers); a plain fund is a type with one member."""

    types: tuple[str, ...]  # (type,) sorted
    types_file_order: tuple[str, ...]
    strategy: tuple[str, ...]  # (type,)
    region: tuple[str, ...]  # (type,)
    ids: tuple[str, ...]  # (member,) "quant_t1"; equal to the type's id when there is one member
    type_of: Ints  # (member,) index into `types`
    nav: Floats  # (member,) USD
    rates: Floats  # (member, asset) base margin rate, the add-on for concentration included
    buffer: Floats  # (member,) a call is cured to E = (1 + buffer) M
    grace_steps: Ints  # (member,) age from which a call forces sales
    lockup_steps: Ints  # (member,) steps during which rates stay frozen
    has_margin: Bools  # (member,) False: no requirement at all
    line_share: Floats  # (member, line) part of the fund that is margined on the terms of this line, rows sum to 1
    rate_factor: Floats  # (member, line) multiplies the rates
    procyclicality: Floats  # (member, line) gamma of the margin multiplier
    margin_cap: Floats  # (member, line) its cap
    hike_level: Floats  # (member, line) mean sigma/sigma_0 of equities beyond which the broker hikes; inf = never
    hike_size: Floats  # (member, line) what the hike adds to the multiplier
    portfolio: Bools  # (member,) requirement by worst case over `portfolio_moves` instead of haircuts
    portfolio_moves: Floats  # (member, case, asset) simple returns; padding and other members: 0
    portfolio_floor: Floats  # (member,) smallest requirement, fraction of gross
    max_leverage: Floats  # (member,) the broker's limit; inf: none
    target_leverage: Floats  # (member,) where a breach sells down to
    leverage_target: Floats  # (member,) the fund's own target of gross over equity; inf: none
    leverage_band: Floats  # (member,) relative distance from the target at which it acts
    two_way: Bools  # (member,) it also buys back up to its target
    cure_steps: Ints  # (member,)
    closeout_participation: Floats  # (member,) share of g ADV
    brokers: tuple[str, ...]
    brokers_file_order: tuple[str, ...]
    broker_share: Floats  # (member, broker), rows sum to 1 (0 for a fund without brokers); lines are brokers and,
    # last, what no broker finances


@dataclass(frozen=True)
class Books:
    """Books: `size[b] * shapes[shape_of[b]]` are signed start positions in USD, of an overlay those at its largest."""

    ids: tuple[str, ...]  # (book,) "member/book"
    fund_of: Ints  # (book,) index of the member; non-decreasing
    shape_of: Ints  # (book,) row of `shapes`
    size: Floats  # (book,) gross USD of the book at the start; of an overlay, which starts at 0, at its largest
    priority: Ints  # (book,) brokers sell books of a lower number first; equal ones together
    shapes: Floats  # (shape, asset) signed weights with sum |w| = 1 (a book without positions: zeros)
    type_of_shape: Ints  # (shape,) the fund type whose books have this shape
    capital: Floats  # (book,) USD on which the ladder's drawdown is measured (share x NAV; NAV for scope "fund")
    ladder_on_fund: Bools  # (book,) True: the fund's drawdown, False: the book's own
    ladder_drawdown: Floats  # (book, point) increasing; +inf padding; no ladder = all inf
    ladder_cut: Floats  # (book, point) share of the start size cut at that point; padding repeats the last
    vol_ceiling: Floats  # (book,) ceiling on k at start volatility (band x target/start); inf: no volatility target
    vol_speed: Floats  # (book,) share of the gap to the ceiling closed per step
    start_vol: Floats  # (shape,) annual volatility of the P&L per unit gross before the stress; 0 where nobody asks
    overlay: Bools  # (book,) starts at 0 and grows with the fund's loss
    overlay_loss: (
        Floats  # (book, point) loss of the fund, fraction of NAV_0, increasing; +inf padding; no overlay = all inf
    )
    overlay_held: Floats  # (book, point) k wanted at that loss, last one 1; padding repeats it


@dataclass(frozen=True)
class Impact:
    """Price impact of forced and outside flow."""

    law: str  # "none", "square_root", "linear", "bounded_exponential" or "exponential"
    permanent: float  # share of the price change that never decays
    half_life: float  # days, of the recent flow; inf = no decay
    execution_weight: float  # w: sold at (1-w) P_before + w P_after
    coefficient: float = 1.0  # square_root: Y
    core: float = 1e-4  # square_root: linear below this participation
    slope: Floats | None = None  # linear: (asset,) simple change per USD
    depth_coefficient: float = 0.4  # bounded_exponential: c
    depth_days: float = 20.0  # bounded_exponential: tau
    bound: float = 0.5  # bounded_exponential: B, the price that a sale of any size leaves
    beta: float = 0.0  # exponential: -ln(1 - pi)/0.05
    outstanding: Floats | None = None  # exponential: (asset,) USD


@dataclass(frozen=True)
class Liquidity:
    """How depth evaporates."""

    evaporation: float  # kappa; 0 = off
    flow_sensitivity: float  # eta; 0 = off
    floor: float  # smallest depth multiplier


@dataclass(frozen=True)
class Retail:
    """Dip-buying; amounts in USD."""

    per_percent: float  # USD a day bought for each percent the index falls; 0 = off
    cap: float  # USD a day
    fatigue: float  # per down day in a row before today
    budget: float  # USD in total
    weights: Floats  # (asset,) of index and purchases, sum 1 (0 when off)


@dataclass(frozen=True)
class Cascade:
    """How one step's forced selling is resolved."""

    max_rounds: int
    tolerance: float | None  # None: 1e-6 in float32, 1e-9 in float64
    feedback: bool  # False: no triggers and no impact
    max_participation: float  # all forced sellers together, share of g ADV per asset and step; inf = no limit


@dataclass(frozen=True)
class Estimation:
    """What is estimated from how many paths."""

    levels: tuple[str, ...]  # decimal text, "0.99"
    detail_paths: int
    method: str


@dataclass(frozen=True)
class Problem:
    """One scenario, resolved; `canonical` is the same as JSON, with inputs inlined and every default filled in."""

    name: str
    title: str
    description: str
    sources: tuple[str, ...]
    steps: int
    steps_per_day: int
    assets: Assets
    shocks: Shocks
    funds: Funds
    books: Books
    impact: Impact
    liquidity: Liquidity
    retail: Retail
    cascade: Cascade
    estimation: Estimation
    canonical: dict[str, Any]
    input_hashes: dict[str, str]  # file name -> sha256
    defaults_filled: tuple[str, ...]  # dotted keys that the file left to their default


def plain_funds(procyclicality: float | Floats = 0.0, margin_cap: float | Floats = 1.0, **given: Any) -> Funds:
    """Funds with haircut margin on the same terms at every broker and no target of their own.

    Args:
        procyclicality: of all funds, or (member,).
        margin_cap: likewise.
        **given: the other fields of `Funds`, those of extras as far as they are wanted.
    """
    share = np.asarray(given["broker_share"], np.float64)
    line_share = np.column_stack([share, 1.0 - share.sum(axis=1)])
    every, each = np.ones_like(line_share), np.ones(len(share))
    plain: dict[str, Any] = {
        "line_share": line_share,
        "rate_factor": every,
        "procyclicality": every * np.reshape(procyclicality, (-1, 1)),
        "margin_cap": every * np.reshape(margin_cap, (-1, 1)),
        "hike_level": np.inf * every,
        "hike_size": 0.0 * every,
        "portfolio": each < 0,
        "portfolio_moves": np.zeros((len(share), 0, given["rates"].shape[1])),
        "portfolio_floor": 0.0 * each,
        "leverage_target": np.inf * each,
        "leverage_band": 0.05 * each,
        "two_way": each < 0,
    }
    return Funds(**(plain | given))


def plain_books(**given: Any) -> Books:
    """Books that brokers sell together, without volatility targets and overlays; takes the other fields of `Books`."""
    each = np.ones(len(given["ids"]))
    plain: dict[str, Any] = {
        "priority": np.zeros(len(each), np.int64),
        "vol_ceiling": np.inf * each,
        "vol_speed": 0.3 * each,
        "start_vol": np.zeros(len(given["shapes"])),
        "overlay": each < 0,
        "overlay_loss": np.full((len(each), 1), np.inf),
        "overlay_held": np.ones((len(each), 1)),
    }
    return Books(**(plain | given))
