"""The resolved scenario: every number in base units, every entity sorted by id.

`Problem` is what the scenario layer hands to the engine and what the reference in NumPy reads. It holds plain
NumPy arrays in float64 and no JAX. Entities (assets, brokers, fund types, members, shapes, books) are sorted by id, so
that permuting a file changes no bit; the `*_file_order` tuples give the order in which results are reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.brief import Brief
from stress.scenarios.conditions.record import Condition
from stress.scenarios.loadings.record import Loadings
from stress.scenarios.origin import Origin
from stress.scenarios.replay.record import Replay
from stress.scenarios.shocks.factor_loadings import FactorLoadings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
TRADING_DAYS = 252  # of a year
ROUNDING = 1e-9  # relative, that numbers of a file may be off by


@dataclass(frozen=True, repr=False)
class Assets(Brief):
    """Tradable assets; all arrays have shape (asset,)."""

    ids: tuple[str, ...]
    file_order: tuple[str, ...]
    names: tuple[str, ...]  # long names, in the order of `ids`
    asset_class: tuple[str, ...]
    region: tuple[str, ...]
    sector: tuple[str, ...]  # empty where the file names none
    in_net: Bools  # counts in net leverage
    vol: Floats  # pre-stress annual volatility: margin and evaporation
    shock_vol: Floats  # annual volatility of the draw
    impact_vol: Floats  # annual volatility used by the impact law
    adv: Floats  # average daily volume, USD, pre-stress
    margin_rate: Floats  # base margin rate, fraction
    loadings: Loadings | None = None  # who moves with whom; None: nobody

    @property
    def loaded(self) -> Bools:
        """(asset,) those with loadings: `shock_vol` and the correlation are then of what is their own."""
        return np.zeros(len(self.ids), np.bool_) if self.loadings is None else self.loadings.loaded

    @property
    def tied(self) -> dict[str, tuple[str, ...]]:
        """By asset with loadings, all that it moves with."""
        return {} if self.loadings is None else self.loadings.tied

    @property
    def leading_equities(self) -> Bools:
        """(asset,) the equities that others may move with: brokers and households look at these, not at single names.

        All equities where each of them has loadings.
        """
        equity = np.array([kind == "equity" for kind in self.asset_class], np.bool_)
        leading = equity & ~self.loaded
        return leading if leading.any() else equity


@dataclass(frozen=True, repr=False)
class Shocks(Brief):
    """The outside shock: a random draw plus a script."""

    model: str  # by name, see `scenarios.shocks`
    dof: float  # Student-t degrees of freedom (inf for gaussian), the smallest of `class_dof`
    scale: float  # multiplies the standard deviation of the draw only
    drift: float  # annual mean of the log return
    martingale: bool  # mean = minus half the variance instead of `drift`
    max_move: float  # the log return of one step is clipped at +- this
    correlation: Floats  # (asset, asset) of the normals, unit diagonal, positive semidefinite
    repair_distance: float  # Frobenius distance moved by the repair, 0 when none was needed
    script: Floats  # (step, asset) simple returns, 0 where nothing is scripted
    class_dof: dict[str, float] = field(default_factory=dict)  # by asset class; empty: one for all
    parameters: Any = None  # record of the model, see its file in `scenarios.shocks`
    of_draws: Floats | None = None  # (asset, asset) correlation of the draw in the long run; None: `correlation`
    of_moves: Floats | None = None  # (asset, asset) of whole draws in the long run, loadings included; None: the draw's
    factors: FactorLoadings | None = None  # that make `correlation` and are drawn in its place; None: it is drawn
    conditions: tuple[Condition, ...] = ()  # by step, one for each
    replay: Replay | None = None

    @property
    def draw_correlation(self) -> Floats:
        """Correlation of the draw in the long run, of assets with loadings that of their own draws, (asset, asset)."""
        return self.correlation if self.of_draws is None else self.of_draws

    @property
    def move_correlation(self) -> Floats:
        """The same of whole draws, what comes by loadings included, (asset, asset)."""
        return self.draw_correlation if self.of_moves is None else self.of_moves


@dataclass(frozen=True, repr=False)
class Funds(Brief):
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
    brokers: tuple[str, ...]
    brokers_file_order: tuple[str, ...]
    broker_share: Floats  # (member, broker), rows sum to 1 (0 for a fund without brokers); lines are brokers and,
    # last, what no broker finances


@dataclass(frozen=True, repr=False)
class Books(Brief):
    """Books: `size[b] * shapes[shape_of[b]]` are signed positions in USD where all of the book is held.

    Under `max_participation` they are tiers of managers' books, which hold the assets of one class of liquidity
    (`scenarios.build.tiers`); else each is a manager's book.
    """

    ids: tuple[str, ...]  # (book,) "member/book", of a part of one "member/book tier 1"
    fund_of: Ints  # (book,) index of the member; non-decreasing
    shape_of: Ints  # (book,) row of `shapes`
    size: Floats  # (book,) gross USD at the start; of a book that starts at nothing, at its largest
    priority: Ints  # (book,) brokers sell books of a lower number first; equal ones together
    shapes: Floats  # (shape, asset) signed weights with sum |w| = 1 (a book without positions: zeros)
    type_of_shape: Ints  # (shape,) the fund type whose books have this shape
    start_held: Floats  # (book,) share of its size that is held at the start: 1, or 0 of one that starts at nothing
    manager_of: Ints  # (book,) number of the manager's book that it is (a tier of); non-decreasing
    tier: Ints  # (book,) class of its assets
    tier_of_asset: Ints  # (asset,) class, 0 the thinnest; all 0 where nothing is cut
    gamma: Floats | None = None  # (shape, asset) of options, see `scenarios.convexity`; None: no book has any
    theta: Floats | None = None  # (shape, asset) a day, likewise

    @property
    def sizes(self) -> Floats:
        """What shapes hold in each asset, (shape, asset): |weight|, of options |gamma| and |theta|, too; sum 1."""
        sizes = np.abs(self.shapes)
        for options in (self.gamma, self.theta):
            sizes = sizes if options is None else sizes + np.abs(options)
        return np.asarray(sizes, np.float64)

    @property
    def held(self) -> Bools:
        """Whether a shape holds anything in an asset, (shape, asset)."""
        return np.asarray(self.sizes != 0)

    @property
    def managers(self) -> int:
        """Number of managers' books."""
        return int(self.manager_of[-1]) + 1

    @property
    def first_tier(self) -> Ints:
        """(manager,) the first tier of each manager's book: its tiers share their rules."""
        return np.searchsorted(self.manager_of, np.arange(self.managers))


@dataclass(frozen=True)
class Impact:
    """Price impact of forced and outside flow."""

    law: str  # by name, or "none"
    permanent: float  # share of the price change that never decays
    half_life: float  # days, of the recent flow; inf = no decay
    execution_weight: float  # w: sold at (1-w) P_before + w P_after
    parameters: Any = None  # record of the law, see its file in `scenarios.impact`


@dataclass(frozen=True)
class Liquidity:
    """How depth evaporates."""

    evaporation: float  # kappa; 0 = off
    flow_sensitivity: float  # eta; 0 = off
    floor: float  # smallest depth multiplier


@dataclass(frozen=True)
class Cascade:
    """How one step's forced selling is resolved."""

    max_rounds: int
    tolerance: float | None  # None: 1e-6 in float32, 1e-9 in float64
    feedback: bool  # False: no triggers and no impact
    max_participation: float  # all forced orders together, share of g ADV per asset and day; inf = no limit


@dataclass(frozen=True)
class Estimation:
    """What is estimated from how many paths."""

    levels: tuple[str, ...]  # decimal text, "0.99"
    detail_paths: int
    method: str  # "auto", "plain", "screen" or "tilt"
    question: str | None = None  # what the paths of another method serve; None: ES of the system, highest level


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
    triggers: dict[str, Any]  # record of each trigger that some fund has, see `scenarios.triggers`
    outside: dict[str, Any]  # record of each outside flow that is in the file, see `scenarios.outside`
    cascade: Cascade
    estimation: Estimation
    canonical: dict[str, Any]
    input_hashes: dict[str, str]  # file name -> sha256
    defaults_filled: tuple[str, ...]  # dotted keys that the file left to their default
    origin: Origin = field(default_factory=Origin)  # what it was read from, and every override
    fund_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)  # types that are reported together

    def __repr__(self) -> str:
        funds, assets = f"{len(self.funds.types)} funds ({len(self.funds.ids)} members)", len(self.assets.ids)
        return f"Problem({self.name!r}: {funds}, {assets} assets, {self.steps} steps; {self.origin.sentence()})"


def plain_funds(procyclicality: float | Floats = 0.0, margin_cap: float | Floats = 1.0, **given: Any) -> Funds:
    """Funds with haircut margin on the same terms at every broker.

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
    }
    return Funds(**(plain | given))


def plain_books(**given: Any) -> Books:
    """Books that are whole, that brokers sell together and that are held from the start; takes other fields."""
    each = len(given["ids"])
    plain: dict[str, Any] = {
        "priority": np.zeros(each, np.int64),
        "start_held": np.ones(each),
        "manager_of": np.arange(each),
        "tier": np.zeros(each, np.int64),
        "tier_of_asset": np.zeros(given["shapes"].shape[1], np.int64),
    }
    return Books(**(plain | given))
