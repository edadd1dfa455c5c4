"""A round of trades: flow, price, equity of what is kept and of what was sold, and whose doing it was."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.books import forced_flow
from stress.kernels.cascade import asset_pnl, attribution
from stress.kernels.cascade.orders import within_participation
from stress.kernels.cascade.round import Round, book_value, values
from stress.kernels.impact.impact import log_displacement
from stress.kernels.layout import books_to_managers, books_to_members, shapes_to_books
from stress.kernels.market.simple_return import simple_return
from stress.kernels.outside.flows import OutsideFlows
from stress.kernels.params import Params
from stress.kernels.state import State, Terms
from stress.kernels.structure import Structure

LEAST_CHANGE = -16.0  # log price change by the trades of one step: beyond it float32 would have a price of exactly 0


def price_gain(
    structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows, forced: Array
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
        outside: flow from outside the funds.
        forced: (asset, path) forced flow since the start of the cascade, fraction of ADV.
    """
    flow = forced + outside.total if structure.outside else forced
    displaced = log_displacement(structure, params.impact, state.flow + flow, terms.depth)
    change = jnp.where(flow != 0, displaced - state.displacement, 0.0)  # a path without a trade does not move
    return state.price * simple_return(structure, jnp.maximum(change, LEAST_CHANGE))


def trade(structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows, now: Round) -> Round:
    """Trade all orders of a round, as far as they fit."""
    if structure.participation:
        now = within_participation(structure, params, terms, now)
        now = lax.optimization_barrier(now)  # else XLA repeats the scaling in every consumer of an order
    return settle(structure, params, state, terms, outside, now)


def settle(
    structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows, now: Round
) -> Round:
    """Trade orders that fit: flow, price, equity of what is kept and of what was sold."""
    books, weight = params.books, params.rules.execution_weight
    cut, before = now.order, now
    traded = books.gross * book_value(structure, now) * cut
    if structure.builds:
        built = now.built + books_to_members(structure, jnp.maximum(-traded, 0.0))
        now = now._replace(built=built, added=now.added + jnp.maximum(-cut, 0.0))
        traded = jnp.maximum(traded, 0.0)
    kept = now.held - cut * (1.0 - weight)
    now = now._replace(
        number=now.number + 1,
        forced=now.forced + forced_flow(structure, books, cut),
        sold=now.sold + books_to_members(structure, traded),
        held=now.held - cut,
    )
    if structure.impact is None:
        return now
    gain = price_gain(structure, params, state, terms, outside, now.forced)
    gained = values(structure, books, params.margin, gain)
    pnl = books.gross * kept * shapes_to_books(structure, (gained - before.gained)[: structure.shapes])
    now = now._replace(
        gain=gain,
        gained=gained,
        profit=now.profit + books_to_members(structure, pnl),
        book_pnl=now.book_pnl + books_to_managers(structure, pnl) if structure.book_pnl else now.book_pnl,
    )
    return _with_causes(structure, params, terms, outside, before, now, cut) if structure.attribution else now


def _with_causes(
    structure: Structure, params: Params, terms: Terms, outside: OutsideFlows, before: Round, now: Round, cut: Array
) -> Round:
    """The round after its trades with its P&L split by cause and by asset."""
    books, weight = params.books, params.rules.execution_weight
    gain = now.gain - before.gain
    forced, forced_gain = forced_flow(structure, books, cut), gain
    if structure.outside:
        recent = now.forced_recent + forced
        displaced = log_displacement(structure, params.impact, recent, terms.depth)
        change = jnp.where(forced != 0, displaced - now.forced_displacement, 0.0)
        forced_gain = before.price * simple_return(structure, change)
        now = now._replace(forced_recent=recent, forced_displacement=now.forced_displacement + change)
    causes = attribution.add_round(
        structure, books, weight, now.causes, before.held, cut, gain, forced, forced_gain, outside.shares
    )
    return now._replace(causes=causes, by_asset=asset_pnl.add_round(weight, now.by_asset, forced, gain))
