"""The typed records that flow through the kernels: what is static, what is traced, what is carried from step to step.

`Structure` is hashable and decides what is compiled: shapes and which mechanisms exist. `Params` holds every number, so
changing numbers compiles nothing. `State` is one tile of paths; the path axis is last and contiguous.
Money of a fund is a fraction of its start NAV; flows are fractions of an asset's average daily volume (ADV).
"""

from __future__ import annotations

from typing import NamedTuple

from jax import Array


class Layout(NamedTuple):
    """Adjacent fund types with equally many members and books.

    Members are ordered (type, member), books (type, member, book), shapes (type, book): the members of a type hold
    the same shapes in other sizes, so sums and copies between the three are reshapes, never gathers.
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
    margin_terms: int  # distinct (procyclicality, cap) pairs among members whose rates move
    term_of_member: tuple[int, ...]  # -1: rates never move
    lockup: bool
    long_cap: bool  # a margin rate on longs may reach 1 and is capped there
    leverage_limit: bool
    book_ladder: bool
    fund_ladder: bool
    ladder_points: int
    participation: bool
    impact: bool
    decay: bool
    volatility: bool  # margin or depth depends on realised volatility
    depth: bool
    retail: bool
    max_rounds: int

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
    book_gross: Array  # (book, 1) start gross as a multiple of the fund's NAV
    flow_matrix: Array  # (asset, shape) weights over ADV, in 1/(bn USD)
    gross_flow_matrix: Array  # (asset, shape) |weights| over ADV, in 1/(bn USD)
    book_nav: Array  # (book, 1) NAV of the book's fund, bn USD
    adv: Array  # (asset, 1) bn USD
    # margin
    margin_shapes: Array  # (shape, asset) rate times |weight|; 0 for funds without a requirement
    margin_long_shapes: Array  # (shape, asset) |weight| of longs, 0 for shorts (used with long_cap)
    margin_rates: Array  # (shape, asset) rate (used with long_cap)
    procyclicality: Array  # (term,) gamma / 2
    multiplier_cap: Array  # (term,)
    lockup_steps: Array  # (member, 1)
    cure_factor: Array  # (member, 1) 1 + buffer
    grace_steps: Array  # (member, 1) int32
    cure_steps: Array  # (member, 1) int32
    # other triggers
    max_leverage: Array  # (member, 1)
    target_leverage: Array  # (member, 1)
    ladder_start: Array  # (point, book, 1)
    ladder_width: Array  # (point, book, 1)
    ladder_slope: Array  # (point, book, 1)
    ladder_first_cut: Array  # (book, 1)
    ladder_on_fund: Array  # (book, 1) bool
    capital: Array  # (book, 1) as a fraction of the fund's NAV
    closeout_participation: Array  # (member, 1)
    max_participation: Array  # ()
    tolerance: Array  # ()
    # impact, volatility, depth
    impact_scale: Array  # (asset, 1) Y times daily volatility
    impact_core: Array  # ()
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
    system_nav: Array  # () bn USD
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


class State(NamedTuple):
    """One tile of paths between two steps. Rows that a structure does not need have length 0."""

    price: Array  # (asset, path)
    flow: Array  # (asset, path) recent signed flow J, fraction of ADV
    displacement: Array  # (asset, path) f(J) at the current depth
    forced: Array  # (asset, path) signed forced flow of the last step, fraction of ADV
    variance: Array  # (asset, path) sigma^2 / sigma_0^2
    depth: Array  # (asset, path) g
    held: Array  # (book, path) k
    equity: Array  # (member, path) fraction of NAV_0
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
    static_equity: Array  # (member, path)
    down_steps: Array  # (1, path)
    retail_spent: Array  # (1, path) bn USD
    any_flow: Array  # () bool: some path of the tile has traded
    counts: Counts


class Terms(NamedTuple):
    """What stays fixed during one step's cascade."""

    multiplier: tuple[Array, ...]  # per margin term: (asset, path)
    locked: Array  # (member, 1) bool
    depth: Array  # (asset, path) g
    step: Array  # () int32, 1-based
