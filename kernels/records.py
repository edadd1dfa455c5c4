"""The typed records that flow through the kernels: what is static, what is traced, what is carried from step to step.

`Structure` is hashable and decides what is compiled: shapes and which mechanisms exist. `Params` holds every number, so
changing numbers compiles nothing. `State` is one tile of paths; the path axis is last and contiguous.
Money of a fund is a fraction of its start NAV; flows are fractions of an asset's average daily volume (ADV).
"""

from __future__ import annotations

from typing import NamedTuple

from jax import Array


class Layout(NamedTuple):
    """Adjacent kinds of funds with equally many members and books.

    Members are ordered (kind, member), books (kind, member, book), shapes (kind, book): the members of a kind hold
    the same shapes in other sizes, so which row belongs to which is known when a program is compiled.
    """

    types: int
    members: int
    books: int


class Structure(NamedTuple):
    """What is compiled: hashable, no numbers of the scenario."""

    steps: int
    assets: int
    layouts: tuple[Layout, ...]
    group_members: tuple[tuple[int, int], ...]  # first and last+1 member of each reported group
    brokers: int
    draw: str  # "none", "gaussian", "student_t"
    twin: bool  # the start book is held beside the traded one; else `quiet.hold_still` has done it
    feedback: bool  # False: nobody trades, nothing has impact
    high_leverage: bool  # some fund's gross is so large that the rounding of a price near 1 would show in its loss
    margin: bool
    haircut: bool  # some member's requirement is a haircut
    portfolio_cases: int  # shock vectors of members whose requirement is their worst case; 0 = no such member
    margin_terms: int  # distinct terms of brokers other than base rates at all times
    base_margin: bool  # some line has base rates at some time
    hikes: bool
    long_cap: bool  # a margin rate on longs may reach 1 and is capped there
    priority: tuple[int, ...]  # rank of each book in brokers' sales; () = all together
    leverage_limit: bool
    leverage_target: bool
    two_way: bool
    vol_target: bool
    book_ladder: bool
    fund_ladder: bool
    ladder_points: int
    overlay_points: int  # 0 = no overlay
    participation: bool
    law: str  # of impact; "none"
    decay: bool
    volatility: bool  # margin or depth depends on realised volatility
    depth: bool
    retail: bool
    attribution: bool  # the P&L of the cascade is split by cause
    max_rounds: int

    @property
    def impact(self) -> bool:
        """Whether trading moves prices."""
        return self.law != "none"

    @property
    def base_haircut(self) -> bool:
        """Whether some requirement is a haircut at base rates, which is linear in prices."""
        return self.haircut and (self.base_margin or not self.margin_terms)

    @property
    def builds(self) -> bool:
        """Whether some book may grow."""
        return self.two_way or self.overlay_points > 0

    @property
    def members(self) -> int:
        """Number of member funds."""
        return sum(x.types * x.members for x in self.layouts)

    @property
    def books(self) -> int:
        """Number of books."""
        return sum(x.types * x.members * x.books for x in self.layouts)

    @property
    def shapes(self) -> int:
        """Number of distinct book shapes."""
        return sum(x.types * x.books for x in self.layouts)


class Params(NamedTuple):
    """Every number of a scenario. Axes are named in the comments; column vectors have a trailing axis of length 1."""

    seed: Array  # (2,) uint32
    # outside shock
    draw_matrix: Array  # (asset, normal) Cholesky factor times the step's standard deviation; zero columns pad the hash
    draw_mean: Array  # (asset, 1) log return
    max_move: Array  # ()
    script: Array  # (step, asset) log(1 + m)
    mixing: Array  # (DEGREE + 1,)
    # positions
    shapes: Array  # (shape, asset) signed weights, sum |w| = 1
    gross_shapes: Array  # (shape, asset) |weights|
    net_shapes: Array  # (shape, asset) weights of assets that count in net
    book_gross: Array  # (book, 1) gross at k = 1 as a multiple of the fund's NAV
    start_held: Array  # (book, 1) k at the start: 1, of an overlay 0
    start_exposure: Array  # (member, asset) signed positions at the start, fraction of NAV
    group_exposure: Array  # (row, asset) the same of each reported group, system last
    flow_matrix: Array  # (asset, shape) weights over ADV, in 1/(bn USD)
    gross_flow_matrix: Array  # (asset, shape) |weights| over ADV, in 1/(bn USD)
    book_nav: Array  # (book, 1) NAV of the book's fund, bn USD
    adv: Array  # (asset, 1) bn USD
    # margin
    start_excess: Array  # (member, asset) what a price move does to equity less base requirement, fraction of NAV
    excess_room: Array  # (member, 1) equity less base requirement at the start, fraction of NAV
    excess_limit: Array  # (member, 1) a fund acts below it: 0; without a requirement at 0, too
    margin_shapes: Array  # (shape, asset) rate times |weight|; 0 for funds without a requirement
    term_shapes: Array  # (shape, asset) the same with rates that terms multiply before they are capped
    margin_long_shapes: Array  # (shape, asset) |weight| of longs, 0 for shorts (used with long_cap)
    margin_rates: Array  # (shape, asset) rate (used with long_cap)
    term_factor: Array  # (term,) multiplies the rates
    procyclicality: Array  # (term,) gamma / 2
    multiplier_cap: Array  # (term,)
    hike_level: Array  # (term,)
    hike_size: Array  # (term,)
    term_weight: Array  # (1 + term, member, 1) share of the fund on base rates, then on each term
    term_weight_locked: Array  # (1 + term, member, 1) the same during a lock-up
    equity_weights: Array  # (1, asset) of the mean that hikes look at
    case_shapes: Array  # (case, shape, asset) weights times the moves of a case
    on_portfolio: Array  # (member, 1) bool
    portfolio_floor: Array  # (member, 1) fraction of gross
    lockup_steps: Array  # (member, 1)
    cure_factor: Array  # (member, 1) 1 + buffer
    grace_steps: Array  # (member, 1) int32
    cure_steps: Array  # (member, 1) int32
    # other triggers
    max_leverage: Array  # (member, 1)
    target_leverage: Array  # (member, 1)
    leverage_target: Array  # (member, 1) the fund's own
    leverage_band: Array  # (member, 1)
    two_way: Array  # (member, 1) bool
    vol_ceiling: Array  # (book, 1)
    vol_speed: Array  # (book, 1)
    vol_memory: Array  # () weight of the old variance of a book's P&L
    vol_news: Array  # (shape, 1) (1 - vol_memory) steps_per_day / daily variance of its P&L per unit gross
    ladder_start: Array  # (point, book, 1)
    ladder_width: Array  # (point, book, 1)
    ladder_slope: Array  # (point, book, 1)
    ladder_first_cut: Array  # (book, 1)
    ladder_on_fund: Array  # (book, 1) bool
    overlay_start: Array  # (point, book, 1)
    overlay_width: Array  # (point, book, 1)
    overlay_slope: Array  # (point, book, 1)
    overlay_first: Array  # (book, 1)
    capital: Array  # (book, 1) as a fraction of the fund's NAV
    closeout_participation: Array  # (member, 1)
    max_participation: Array  # ()
    tolerance: Array  # ()
    # impact, volatility, depth
    impact_scale: Array  # (asset, 1) of the law per ADV of flow, see `impact`
    impact_core: Array  # ()
    impact_bound: Array  # ()
    permanent: Array  # ()
    decay: Array  # () factor of the recent flow over one step
    execution_weight: Array  # ()
    memory: Array  # () weight of the old variance
    news: Array  # (asset, 1) (1 - memory) steps_per_day / daily variance
    evaporation: Array  # () kappa / 2
    flow_sensitivity: Array  # ()
    depth_floor: Array  # ()
    # retail, in units of ADV
    retail_weights: Array  # (1, asset) of the index
    retail_flow: Array  # (asset, 1) weight over ADV, 1/(bn USD)
    retail_per_move: Array  # () bn USD a day for a fall of 1 (100 %)
    retail_cap: Array  # () bn USD a day
    retail_fatigue: Array  # () per down step
    retail_budget: Array  # () bn USD
    steps_per_day: Array  # ()
    # reporting
    group_matrix: Array  # (row, member) NAV weights of a group, system last
    adv_share: Array  # (asset, 1) ADV over the system's NAV
    flow_scale: Array  # () 1/(bn USD), the power of two that is next to the inverse of the system's NAV: exact
    broker_matrix: Array  # (broker, member) share times NAV over the system's NAV


class Calls(NamedTuple):
    """Margin calls of every member fund."""

    age: Array  # (member, path) int32 steps since the open call was made, -1 = no open call
    size: Array  # (member, path) largest deficit of the open call
    called: Array  # (member, path) largest deficits, summed over calls
    first: Array  # (member, path) int32 step of the first call, 0 = none


class Counts(NamedTuple):
    """What is counted rather than hidden."""

    at_round_limit: Array  # (path,) bool
    draws_clipped: Array  # (path,) int32
    forced_usd: Array  # (1, path) bn USD of forced flow, absolute per asset and step
    beyond_depth_usd: Array  # (1, path) of it in steps where it exceeded a day's depth g ADV
    at_impact_floor: Array  # (path,) int32 steps in which a linear impact was cut at its floor


class State(NamedTuple):
    """One tile of paths between two steps. Rows that a structure does not need have length 0."""

    price: Array  # (asset, path)
    flow: Array  # (asset, path) recent signed flow J, fraction of ADV
    displacement: Array  # (asset, path) f(J) at the current depth
    forced: Array  # (asset, path) signed forced flow of the last step, fraction of ADV
    variance: Array  # (asset, path) sigma^2 / sigma_0^2
    depth: Array  # (asset, path) g
    held: Array  # (book, path) k
    profit: Array  # (member, path) equity less NAV_0, over NAV_0: rounded where it is small
    book_pnl: Array  # (book, path) fraction of the fund's NAV_0
    book_peak: Array  # (book, path)
    fund_peak: Array  # (member, path)
    calls: Calls
    defaulted: Array  # (member, path) bool
    cut_steps: Array  # (member, path) int32
    last_deficit: Array  # (member, path)
    sold: Array  # (member, path)
    group_peak: Array  # (row, path)
    drawdown: Array  # (row, path)
    static_price: Array  # (asset, path)
    static_profit: Array  # (member, path)
    down_steps: Array  # (1, path)
    retail_spent: Array  # (1, path) bn USD
    any_flow: Array  # () bool: some path of the tile has traded
    pnl_variance: Array  # (shape, path) of the P&L per unit gross, over its start; with a volatility target
    hedged: Array  # (book, path) k that overlays have built
    built: Array  # (member, path)
    forced_recent: Array  # (asset, path) recent flow J of forced orders alone; for the attribution with retail
    forced_displacement: Array  # (asset, path) f of it
    counts: Counts

    @property
    def equity(self) -> Array:
        """Equity of each fund, (member, path), fraction of NAV_0."""
        return 1.0 + self.profit


class Terms(NamedTuple):
    """What stays fixed during one step's cascade."""

    multiplier: tuple[Array, ...]  # per margin term: (asset, path)
    weight: Array  # (1 + term, member, 1) of base rates and each term in this step
    depth: Array  # (asset, path) g
    step: Array  # () int32, 1-based
