"""A round of trades: flow, price, equity of what is kept and of what was sold, and whose doing it was."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade import asset_pnl
from stress.kernels.cascade.attribution import add_round
from stress.kernels.cascade.orders import within_participation
from stress.kernels.cascade.round import Round, book_value, values
from stress.kernels.impact.laws import log_displacement
from stress.kernels.layout import books_to_members, books_to_shapes, shapes_to_books
from stress.kernels.linear import product
from stress.kernels.market.simple_return import simple_return
from stress.kernels.records import Params, State, Structure, Terms

LEAST_CHANGE = -16.0  # log price change by the trades of one step: beyond it float32 would have a price of exactly 0


def forced_flow(structure: Structure, params: Params, given_up: Array) -> Array:
    """Signed flow, a fraction of ADV, of giving up k of each book: (book, path) -> (asset, path)."""
    usd = params.book_nav * params.book_gross * given_up
    return product(-params.flow_matrix, books_to_shapes(structure, usd))


def price_gain(
    structure: Structure, params: Params, state: State, terms: Terms, outside: Array, forced: Array
) -> Array:
    """What all flow of the cascade so far has done to the prices before round 1, (asset, path).

    Differences of the impact law: selling in slices moves the price no further than selling at once. Taken from the
    cascade's start rather than from round to round, so that no price, flow or displacement is read back from the round
    before. A step's trades leave at least `exp(LEAST_CHANGE)` of a price.

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
    return state.price * simple_return(structure, jnp.maximum(change, LEAST_CHANGE))


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
