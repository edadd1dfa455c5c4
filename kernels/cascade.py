"""One step's cascade: orders, price impact, lower equity, more orders, until no book of the tile sells.

A round reads every trigger at the prices of the round before (`orders`) and then trades all books at once (`trade`), so
the order of funds is immaterial. A path that is done does not move while its neighbours in the tile go on.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels import asset_pnl
from stress.kernels.asset_pnl import ByAsset
from stress.kernels.attribution import Causes, add_round, no_causes
from stress.kernels.growth import simple_return
from stress.kernels.impact import log_displacement
from stress.kernels.layout import books_to_members, books_to_shapes, members_to_books, shapes_to_books
from stress.kernels.linear import any_row, product
from stress.kernels.margin import requirements
from stress.kernels.records import Calls, Params, State, Structure, Terms
from stress.kernels.triggers.close_out import close_out_sale
from stress.kernels.triggers.leverage_limit import leverage_sale
from stress.kernels.triggers.leverage_target import target_sale
from stress.kernels.triggers.margin_call import age_calls, margin_sale, record_calls
from stress.kernels.triggers.overlay import overlay_build
from stress.kernels.triggers.priority import by_priority
from stress.kernels.triggers.stop_loss import ladder_sale
from stress.kernels.triggers.vol_target import vol_sale


def values(structure: Structure, params: Params, price: Array) -> Array:
    """What a unit of gross of each shape is worth at prices (asset, path): net, gross and, with margin, its haircut at
    base rates, below each other (2 or 3 shape, path). Linear in prices; one product, read through `Round`."""
    kinds = [params.shapes, params.gross_shapes, *([params.margin_shapes] if structure.margin else [])]
    return product(jnp.concatenate(kinds), price)


class Round(NamedTuple):
    """What changes from round to round. Rows that a structure does not need have length 0."""

    number: Array  # () int32 rounds traded so far
    opening_price: Array  # (asset, path) before round 1
    opening: Array  # (2 or 3 shape, path) `values` at those prices
    gain: Array  # (asset, path) price change since then
    gained: Array  # (2 or 3 shape, path) `values` of that change
    given_up: Array  # (book, path) k sold since the start of the cascade, less what was built
    traded: Array  # (asset, path) absolute, orders under the participation cap
    held: Array  # (book, path)
    profit: Array  # (member, path) equity less NAV_0
    book_pnl: Array  # (book, path)
    worst: Array  # (member, path) largest deficit of this step, 0 = none
    sold: Array  # (member, path)
    pending: Array  # (member, path) bool: default to be booked at the end of the step
    done: Array  # (member, path) bool: its order was cut, nothing more this step
    deficit: Array  # (member, path) requirement minus equity; kept under a participation cap alone
    sale: Array  # (book, path) fraction each book must trade away next
    build: Array  # (book, path) k that a book adds next, by its own rule; a book sells or builds
    built: Array  # (member, path)
    hedged: Array  # (book, path) k that overlays have built
    forced_recent: Array  # (asset, path) recent flow of forced orders alone
    forced_displacement: Array  # (asset, path)
    causes: Causes
    by_asset: ByAsset
    close_out: Array  # (book, path) bool: that sale is a broker's, outside the participation cap

    @property
    def equity(self) -> Array:
        """Equity of each fund, (member, path), fraction of NAV_0."""
        return 1.0 + self.profit

    @property
    def price(self) -> Array:
        """Prices of this round, (asset, path)."""
        return self.opening_price + self.gain


def book_value(structure: Structure, now: Round) -> Array:
    """Gross value of each book per unit of start gross, (book, path)."""
    gross = slice(structure.shapes, 2 * structure.shapes)
    return shapes_to_books(structure, now.opening[gross] + now.gained[gross])


def base_haircuts(structure: Structure, now: Round) -> Array:
    """Haircut at base rates of a unit of gross of each shape, (shape, path)."""
    return (now.opening + now.gained)[2 * structure.shapes :]


def orders(
    structure: Structure, params: Params, state: State, terms: Terms, calls: Calls, now: Round
) -> tuple[Round, Array]:
    """Read the triggers of every round at the current prices and equity: the largest fraction applies to each book.

    Returns:
        The round with its sales, and the fraction of each fund that its brokers want sold, (member, path).
    """
    value = book_value(structure, now)
    held_gross = params.book_gross * now.held
    pending = now.pending | ((now.equity <= 0) & ~state.defaulted)
    live = ~(pending | state.defaulted)
    worst, deficit, fraction = now.worst, now.deficit, jnp.zeros_like(now.profit)
    sale = jnp.zeros_like(now.sale) if structure.priority else None
    if structure.margin:
        margin, haircuts = requirements(structure, params, terms, now.price, base_haircuts(structure, now), held_gross)
        called = jnp.where((margin > 0) & ~state.defaulted, margin - now.equity, 0.0)
        worst = jnp.maximum(worst, called)
        fraction = margin_sale(params, calls, worst, now.equity, margin, live)
        deficit = margin - now.equity if structure.participation else deficit
        if sale is not None:
            sale = by_priority(structure, fraction, margin_size(structure, params, haircuts, held_gross * value))
    if structure.leverage_limit:
        gross = books_to_members(structure, held_gross * value)
        above = leverage_sale(params, now.equity, gross, live)
        fraction = jnp.maximum(fraction, above)
        if sale is not None:
            sale = jnp.maximum(sale, by_priority(structure, above, held_gross * value))
    if structure.participation:
        fraction = jnp.where(now.done, 0.0, fraction)
        sale = None if sale is None else jnp.where(members_to_books(structure, now.done), 0.0, sale)
    sale = members_to_books(structure, fraction) if sale is None else sale
    now = now._replace(
        worst=worst,
        pending=pending,
        deficit=deficit,
        sale=_above_tolerance(params, now, sale),
        build=jnp.zeros_like(now.build),
        close_out=jnp.zeros_like(now.close_out),
    )
    return now, fraction


def margin_size(structure: Structure, params: Params, haircuts: Array, gross: Array) -> Array:
    """What each book adds to the total that a margin call sheds: its haircut, or its gross under portfolio margin."""
    if not structure.haircut:
        return gross
    if not structure.portfolio_cases:
        return haircuts
    return jnp.where(members_to_books(structure, params.on_portfolio), gross, haircuts)


def _once_a_step(
    structure: Structure, params: Params, state: State, terms: Terms, now: Round, by_brokers: Array
) -> Round:
    """Before round 1: what own limits and the brokers of defaulted funds want sold, if it is more, and builds."""
    sale, build = now.sale, now.build
    live = ~(now.pending | state.defaulted)
    own = jnp.zeros_like(sale)
    if structure.book_ladder or structure.fund_ladder:
        own = jnp.maximum(own, ladder_sale(structure, params, state))
    if structure.vol_target:
        own = jnp.maximum(own, vol_sale(structure, params, state.pnl_variance, now.held))
    wanted = jnp.zeros_like(now.profit)
    if structure.leverage_target:
        gross = books_to_members(structure, params.book_gross * now.held * book_value(structure, now))
        wanted = target_sale(params, now.equity, gross)
        own = jnp.maximum(own, members_to_books(structure, wanted))
    if structure.book_ladder or structure.fund_ladder or structure.vol_target or structure.leverage_target:
        sale = jnp.maximum(sale, jnp.where(members_to_books(structure, live), own, 0.0))
    closing = lax.cond(
        jnp.any(state.defaulted),
        lambda: close_out_sale(structure, params, state, terms.depth, book_value(structure, now)),
        lambda: jnp.zeros_like(sale),
    )
    close_out = closing > 0 if structure.participation else now.close_out
    sale = _above_tolerance(params, now, jnp.maximum(sale, closing))
    if structure.builds:
        free = members_to_books(structure, live & (by_brokers <= params.tolerance)) & (own <= params.tolerance)
        if structure.two_way:
            up = members_to_books(structure, jnp.where(wanted < -params.tolerance, -wanted, 0.0))
            build = jnp.where(params.start_held > 0, up * now.held, 0.0)
        if structure.overlay_points:
            more = overlay_build(structure, params, now.equity, state.hedged)
            build = jnp.maximum(build, jnp.where((params.start_held <= 0) & (more > params.tolerance), more, 0.0))
        build = jnp.where(free, build, 0.0)
    return now._replace(sale=sale, build=build, close_out=close_out)


def _above_tolerance(params: Params, now: Round, sale: Array) -> Array:
    return jnp.where((sale > params.tolerance) & (now.held > 0), sale, 0.0)


def within_participation(structure: Structure, params: Params, terms: Terms, now: Round) -> Round:
    """Scale orders so that forced sellers together stay within `max_participation` of g ADV, asset by asset.

    Each book's order is scaled by the value-weighted share of its assets that fits; a fund whose order was cut is done
    for the step.
    """
    units = params.book_nav * params.book_gross
    asked = jnp.where(now.close_out, 0.0, now.held * now.sale)
    if structure.builds:
        asked = asked + now.build
    requested = product(params.gross_flow_matrix, books_to_shapes(structure, units * asked))
    room = jnp.maximum(params.max_participation * terms.depth - now.traded, 0.0)
    misses = jnp.where(requested > room, 1.0 - room / jnp.maximum(requested, room), 0.0)
    left_out = shapes_to_books(structure, product(params.gross_shapes, now.price * misses))
    cut_book = (asked > 0) & (left_out > 0)
    share = jnp.where(
        cut_book, jnp.maximum(1.0 - left_out / jnp.where(cut_book, book_value(structure, now), 1.0), 0.0), 1.0
    )
    fits = jnp.where(cut_book, asked * share, asked)
    return now._replace(
        sale=jnp.where(cut_book, now.sale * share, now.sale),
        build=jnp.where(cut_book, now.build * share, now.build) if structure.builds else now.build,
        done=now.done | (books_to_members(structure, cut_book.astype(jnp.int32)) > 0),
        traded=now.traded + product(params.gross_flow_matrix, books_to_shapes(structure, units * fits)),
    )


def forced_flow(structure: Structure, params: Params, given_up: Array) -> Array:
    """Signed flow, a fraction of ADV, of giving up k of each book: (book, path) -> (asset, path)."""
    usd = params.book_nav * params.book_gross * given_up
    return product(-params.flow_matrix, books_to_shapes(structure, usd))


def price_gain(
    structure: Structure, params: Params, state: State, terms: Terms, outside: Array, forced: Array
) -> Array:
    """What all flow of the cascade so far has done to the prices before round 1, (asset, path).

    Differences of the impact law: selling in slices moves the price no further than selling at once. Taken from the
    cascade's start rather than from round to round, so that nothing but the orders is carried between rounds.

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile before round 1.
        terms: depth of this step.
        outside: (asset, path) retail flow, fraction of ADV; no rows without retail.
        forced: (asset, path) forced flow since the start of the cascade, fraction of ADV.
    """
    flow = forced + outside if structure.retail else forced
    displaced = log_displacement(structure, params, state.flow + flow, terms.depth)
    change = jnp.where(flow != 0, displaced - state.displacement, 0.0)  # a path without a trade does not move
    return state.price * simple_return(structure, change)


def trade(structure: Structure, params: Params, state: State, terms: Terms, outside: Array, now: Round) -> Round:
    """Trade all orders of a round: flow, price, equity of what is kept and of what was sold."""
    if structure.participation:
        now = within_participation(structure, params, terms, now)
        now = lax.optimization_barrier(now)  # else XLA repeats the scaling in every consumer of an order
    cut = now.held * now.sale
    value = book_value(structure, now)
    sold = now.sold + books_to_members(structure, params.book_gross * cut * value)
    kept, left, built, hedged = now.held - cut * (1.0 - params.execution_weight), now.held - cut, now.built, now.hedged
    if structure.builds:
        built = built + books_to_members(structure, params.book_gross * now.build * value)
        kept = kept + now.build * (1.0 - params.execution_weight)
        cut, left = cut - now.build, left + now.build
    if structure.overlay_points:
        hedged = hedged + jnp.where(params.start_held > 0, 0.0, now.build)
    before, given_up = now, now.given_up + cut
    now = now._replace(number=now.number + 1, given_up=given_up, sold=sold, built=built, hedged=hedged, held=left)
    if not structure.impact:
        return now
    gain = price_gain(structure, params, state, terms, outside, forced_flow(structure, params, given_up))
    gained = values(structure, params, gain)
    pnl = params.book_gross * kept * shapes_to_books(structure, (gained - before.gained)[: structure.shapes])
    now = now._replace(
        gain=gain,
        gained=gained,
        profit=now.profit + books_to_members(structure, pnl),
        book_pnl=now.book_pnl + pnl if structure.book_ladder else now.book_pnl,
    )
    return _with_causes(structure, params, terms, before, now, cut) if structure.attribution else now


def _with_causes(structure: Structure, params: Params, terms: Terms, before: Round, now: Round, cut: Array) -> Round:
    """The round after its trades with its P&L split by cause and by asset."""
    gain = now.gain - before.gain
    forced, forced_gain = forced_flow(structure, params, cut), gain
    if structure.retail:
        recent = now.forced_recent + forced
        displaced = log_displacement(structure, params, recent, terms.depth)
        change = jnp.where(forced != 0, displaced - now.forced_displacement, 0.0)
        forced_gain = before.price * simple_return(structure, change)
        now = now._replace(forced_recent=recent, forced_displacement=now.forced_displacement + change)
    causes = add_round(structure, params, now.causes, before.held, cut, gain, forced, forced_gain)
    return now._replace(causes=causes, by_asset=asset_pnl.add_round(params, now.by_asset, forced, gain))


def before_rounds(structure: Structure, params: Params, state: State, terms: Terms) -> tuple[Round, Calls]:
    """The tile after the outside shock with its first orders, and its calls, aged by this step."""
    capped = structure.participation
    units = asset_pnl.units_held(structure, params, state.held)
    opening = values(structure, params, state.price)
    now = Round(
        number=jnp.zeros((), jnp.int32),
        opening_price=state.price,
        opening=opening,
        gain=jnp.zeros_like(state.price),
        gained=jnp.zeros_like(opening),
        given_up=jnp.zeros_like(state.held),
        traded=jnp.zeros_like(state.price[: None if capped else 0]),
        held=state.held,
        profit=state.profit,
        book_pnl=state.book_pnl,
        worst=jnp.zeros_like(state.profit[: None if structure.margin else 0]),
        sold=state.sold,
        pending=jnp.zeros_like(state.defaulted),
        done=jnp.zeros_like(state.defaulted[: None if capped else 0]),
        deficit=jnp.zeros_like(state.profit[: None if capped else 0]),
        sale=jnp.zeros_like(state.held),
        build=jnp.zeros_like(state.held[: None if structure.builds else 0]),
        built=state.built,
        hedged=state.hedged,
        forced_recent=state.forced_recent,
        forced_displacement=state.forced_displacement,
        causes=no_causes(structure, state.profit),
        by_asset=ByAsset(units, jnp.zeros_like(units)),
        close_out=jnp.zeros_like(state.held[: None if capped else 0], bool),
    )
    calls = state.calls
    if structure.margin:
        margin, _ = requirements(
            structure, params, terms, now.price, opening[2 * structure.shapes :], params.book_gross * now.held
        )
        calls = age_calls(calls, margin - now.equity)
    now, by_brokers = orders(structure, params, state, terms, calls, now)
    return _once_a_step(structure, params, state, terms, now, by_brokers), calls


def unfinished(structure: Structure, outside: Array, now: Round) -> Array:
    """Whether some path of the tile has another round to trade, () bool."""
    wanted = jnp.any(any_row(now.sale > 0))
    if structure.builds:
        wanted = wanted | jnp.any(any_row(now.build > 0))
    if structure.retail:
        wanted = wanted | ((now.number == 0) & jnp.any(outside > 0))
    return wanted & (now.number < structure.max_rounds)


def cascade(structure: Structure, params: Params, state: State, terms: Terms, outside: Array) -> tuple[Round, Calls]:
    """All rounds of one step.

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile after the outside shock.
        terms: margin multipliers and depth of this step.
        outside: (asset, path) retail flow in round 1, fraction of ADV; (0, path) without retail.

    Returns:
        The last round, and the calls at the end of the step. A path whose `sale` is still positive anywhere has hit
        `max_rounds`.
    """
    now, calls = before_rounds(structure, params, state, terms)

    def one_round(now: Round) -> Round:
        return orders(structure, params, state, terms, calls, trade(structure, params, state, terms, outside, now))[0]

    last = lax.while_loop(lambda now: unfinished(structure, outside, now), one_round, now)
    return last, record_calls(calls, last.worst, terms.step) if structure.margin else calls
