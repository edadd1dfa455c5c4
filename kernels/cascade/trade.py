"""A round of trades: flow, price, equity of what is kept and of what was sold, and whose doing it was."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.cascade import asset_pnl, attribution, by_trigger
from stress.kernels.cascade.orders import within_participation
from stress.kernels.cascade.round import Round, book_value, values_gained
from stress.kernels.convexity import flow_by_group, forced_flow
from stress.kernels.impact.displacement import log_change
from stress.kernels.impact.impact import log_displacement
from stress.kernels.layout import books_to_managers, books_to_members, shapes_to_books
from stress.kernels.linear import any_row, worked_out
from stress.kernels.market.loadings import whole
from stress.kernels.market.simple_return import simple_return
from stress.kernels.outside.flows import OutsideFlows
from stress.kernels.params import Params
from stress.kernels.state import State, Terms
from stress.kernels.structure import Structure


def price_gain(
    structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows, forced: Array
) -> Array:
    """What all flow of the cascade so far has done to the prices before round 1, (asset, path).

    Taken from the cascade's start rather than from round to round, so that no price, flow or displacement is read back
    from the round before.

    Args:
        structure: what is compiled.
        params: numbers.
        state: the tile before round 1.
        terms: depth of this step.
        outside: flow from outside the funds.
        forced: (asset, path) forced flow since the start of the cascade, fraction of ADV.
    """
    flow = forced + outside.total if structure.outside else forced
    impact = params.impact
    change = log_change(structure, impact, state.displacement, state.of_flow, state.flow, flow, terms.depth)
    return state.price * simple_return(structure, whole(structure, params.loadings, change))


def beginning(structure: Structure, outside: OutsideFlows, now: Round) -> Round:
    """The round as it begins: in round 1 paths are active, too, where somebody from outside trades."""
    if not structure.outside:
        return now
    return now._replace(active=now.active | ((now.number == 0) & any_row(outside.total != 0)))


def trade(structure: Structure, params: Params, state: State, terms: Terms, outside: OutsideFlows, now: Round) -> Round:
    """Trade all orders of a round, as far as they fit."""
    flow, now = None, beginning(structure, outside, now)
    if structure.participation:
        now, flow = within_participation(structure, params, now)
    now = settle(structure, params, state, terms, outside, now, flow)
    names = ("held", "left", "done", "profit", "sold", "gained", "book_pnl")
    traded: dict[str, Any] = dict(zip(names, worked_out([getattr(now, name) for name in names]), strict=True))
    return now._replace(**traded)  # all of it, before orders are read and replace those that it was made of


def settle(
    structure: Structure,
    params: Params,
    state: State,
    terms: Terms,
    outside: OutsideFlows,
    now: Round,
    flow: Array | None = None,
) -> Round:
    """Trade orders that fit: flow (unless it is known, as of `within_participation`), price, equity of all books."""
    books, weight = params.books, params.rules.execution_weight
    cut, before = now.order, now
    shed, grown = books.gross * book_value(structure, now) * cut, None
    if structure.builds:
        shed, grown = jnp.maximum(shed, 0.0), jnp.maximum(-shed, 0.0)
        built = now.built + books_to_members(structure, grown)
        now = now._replace(built=built, added=now.added + jnp.maximum(-cut, 0.0))
    kept = now.held - cut * (1.0 - weight)
    now = now._replace(
        number=now.number + 1,
        forced=now.forced + (forced_flow(structure, books, now.price, cut) if flow is None else flow),
        sold=now.sold + books_to_members(structure, shed),
        by_trigger=by_trigger.add_round(structure, before.by_trigger, before.number, shed, grown),
    )
    if now.by_group is not None:
        now = now._replace(by_group=now.by_group + flow_by_group(structure, books, before.price, cut))
    if structure.impact is None:
        return now._replace(held=now.held - cut)
    gain = price_gain(structure, params, state, terms, outside, now.forced)
    # A path that is done stays as it is to the bit, although neighbours go on and other programs read it again.
    gain = jnp.where(before.active, gain, before.gain)
    gained = values_gained(structure, books, params.margin, now, gain)
    # Where a path is done nothing has moved, to the bit; a GPU picks here and below in one kernel.
    moved = (jnp.where(before.active, gained, before.gained) - before.gained)[: structure.shapes]
    pnl = books.gross * kept * shapes_to_books(structure, moved)
    # P&L first: then what it was read off is replaced where it stands.
    pnl, gained, gained_before, held = worked_out([pnl, gained, before.gained, before.held])
    now = now._replace(
        gain=gain,
        gained=jnp.where(before.active, gained, gained_before),
        held=held - cut,
        profit=now.profit + books_to_members(structure, pnl),
        book_pnl=now.book_pnl + books_to_managers(structure, pnl) if structure.book_pnl else now.book_pnl,
    )
    if not structure.attribution:
        return now
    explained = _explained(now)
    causes = lax.cond(
        params.rules.explained,
        lambda: _explained(_with_causes(structure, params, state, terms, outside, before, now, cut)),
        lambda: explained,
    )
    return now._replace(**causes)


def _explained(now: Round) -> dict[str, Any]:
    """What of a round says whose doing it was."""
    names = ("causes", "by_asset", "forced_recent", "of_forced")
    return {name: getattr(now, name) for name in names}


def _without_loadings(
    structure: Structure,
    params: Params,
    state: State,
    terms: Terms,
    outside: OutsideFlows,
    before: Round,
    now: Round,
    gain: Array,
) -> Array:
    """Of a round's price change `gain` (asset, path), what the trades in the asset itself make."""
    if params.loadings is None:
        return gain

    def own(forced: Array) -> Array:
        flow = forced + outside.total if structure.outside else forced
        return log_change(structure, params.impact, state.displacement, state.of_flow, state.flow, flow, terms.depth)

    change = own(now.forced) - jnp.where(before.number > 0, own(before.forced), 0.0)
    moves = params.loadings.loaded & before.active
    return jnp.where(moves, before.price * simple_return(structure, change), gain)


def _with_causes(
    structure: Structure,
    params: Params,
    state: State,
    terms: Terms,
    outside: OutsideFlows,
    before: Round,
    now: Round,
    cut: Array,
) -> Round:
    """The round after its trades with its P&L split by cause and by asset."""
    books, weight = params.books, params.rules.execution_weight
    gain = now.gain - before.gain
    own_gain = _without_loadings(structure, params, state, terms, outside, before, now, gain)
    forced, forced_gain = forced_flow(structure, books, before.price, cut), own_gain
    if structure.outside:
        recent = now.forced_recent + forced
        of_recent = log_displacement(structure, params.impact, recent, terms.depth)
        change = jnp.where(forced != 0, of_recent - now.of_forced, 0.0)
        forced_gain = before.price * simple_return(structure, change)
        now = now._replace(forced_recent=recent, of_forced=now.of_forced + change)
    causes = attribution.add_round(
        *(structure, books, weight, now.causes, before.held, cut, before.price, gain, own_gain, forced, forced_gain),
        outside.shares,
    )
    kept = before.held - cut * (1.0 - weight)
    by_asset = asset_pnl.add_round(structure, books, weight, now.by_asset, kept, before.price, forced, gain)
    return now._replace(causes=causes, by_asset=by_asset)
