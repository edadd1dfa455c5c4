"""Balance sheets in rounds: the one kernel behind the published fire-sale models.

Banks hold units of tradable assets, other assets, cash and debt. In each round all orders clear together, the balance
sheets are marked at the new prices, and whoever breaks its rule offers more. Which rule, which law of impact and
whether an order waits a round are static (`Rules`); every number is traced (`Sheets`), the trailing axis being points
of a grid. A bank sells every asset in the same proportion, so its state is the fraction `held` and positions are one
matrix product away. Impact has no memory: each round moves the price by itself and for good.

Money is in any one unit. Holdings are units whose price was 1 before the shock, so they are also money at that price.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stress.kernels.impact import bounded_exponential, linear, square_root
from stress.kernels.linear import product


class Rules(NamedTuple):
    """What is compiled: hashable, no numbers of the model."""

    trigger: str  # "equity_ratio": acts when E/A < level, back to E/A = target; "leverage": when A/E > level
    flow: str  # what the law sees: "units", "value", or "start_value" (value, shared by the weights of the start)
    law: str  # of impact: exponential, bounded_exponential, linear, square_root
    rounds: int
    order_delay: bool = False  # orders clear one round after the balance sheet that caused them
    defaults: bool = False  # below `default_level` a bank fails and offers everything
    cash: bool = False  # proceeds are cash, which pays back `loan` before anything is sold; else they pay back debt
    history: bool = False  # keep every round


class Sheets(NamedTuple):
    """Every number. An axis of length 1 stands for all points; `level`, `target`, `default_level` may be scalars."""

    holdings: Array  # (bank, asset) units at the start
    other: Array  # (bank, path) assets that cannot be traded, after the shock
    cash: Array  # (bank, path)
    loan: Array  # (bank, path) debt that can be paid back from cash
    debt: Array  # (bank, path) other debt
    price: Array  # (asset, path) after the shock; 1 before it
    level: Array  # (bank, path) E/A below which, or A/E above which, a bank acts
    target: Array  # (bank, path) E/A or A/E that it goes back to
    default_level: Array  # (bank, path) E/A below which it fails
    impact_scale: Array  # (asset, path) of the law per unit of flow
    impact_bound: Array  # (asset, path) price that is left whatever is sold; bounded_exponential only
    execution_weight: Array  # (path,) sellers get (1 - w) old price + w new price


class Book(NamedTuple):
    """State between two rounds."""

    held: Array  # (bank, path) fraction of the start holdings
    share: Array  # (bank, path) fraction of what is held that is on offer
    cash: Array  # (bank, path)
    loan: Array  # (bank, path)
    debt: Array  # (bank, path)
    price: Array  # (asset, path)
    defaulted: Array  # (bank, path) bool
    rounds: Array  # (path,) int32 the last round in which anything was sold


class Marked(NamedTuple):
    """Balance sheets at market prices, each (bank, path)."""

    value: Array  # of what is held
    assets: Array
    equity: Array


class Round(NamedTuple):
    """One round, as it is kept with `Rules.history`."""

    share: Array  # (bank, path) fraction of what was held that was sold
    held: Array  # (bank, path) afterwards
    marked: Marked  # afterwards
    price: Array  # (asset, path) afterwards
    defaulted: Array  # (bank, path) bool


def open_book(sheets: Sheets) -> Book:
    """The state after the shock and before the first round; nothing is on offer."""
    banks, paths = sheets.holdings.shape[0], sheets.price.shape[-1]
    shape = (banks, paths)
    zero = jnp.zeros(shape, sheets.price.dtype)
    cash, loan, debt = (jnp.broadcast_to(x, shape) for x in (sheets.cash, sheets.loan, sheets.debt))
    start = jnp.zeros(paths, jnp.int32)
    return Book(zero + 1.0, zero, cash, loan, debt, sheets.price, jnp.zeros(shape, bool), start)


def mark(sheets: Sheets, book: Book) -> Marked:
    """Balance sheets at the prices of the book."""
    value = book.held * product(sheets.holdings, book.price)
    assets = book.cash + sheets.other + value
    return Marked(value, assets, assets - book.loan - book.debt)


def must_shed(rules: Rules, sheets: Sheets, marked: Marked) -> Array:
    """Assets that a bank has to give up, at least 0, (bank, path).

    Threshold deleveraging (Cont and Schaanning 2017): beyond `level` back to `target`. A level that every bank breaks
    (E/A of 1) is leverage targeting (Greenwood, Landier and Thesmar 2015). Without equity it is more than all assets.
    """
    if rules.trigger == "equity_ratio":
        breach = marked.equity < sheets.level * marked.assets
        need = marked.assets - marked.equity / sheets.target
    elif rules.trigger == "leverage":
        breach = marked.assets > sheets.level * marked.equity
        need = marked.assets - sheets.target * marked.equity
    else:
        raise ValueError(f"no trigger {rules.trigger!r}")
    return jnp.where(breach, jnp.maximum(need, 0.0), 0.0)


def leverage_of(assets: Array, equity: Array) -> Array:
    """A/E: infinite without equity, 0 without assets."""
    ratio = assets / jnp.where(equity > 0.0, equity, 1.0)
    return jnp.where(assets > 0.0, jnp.where(equity > 0.0, ratio, jnp.inf), 0.0)


def share_of(offer: Array, value: Array) -> Array:
    """Fraction of holdings worth `value` that brings in `offer`, at most all of them."""
    part = offer / jnp.where(value > offer, value, 1.0)
    return jnp.where(offer > 0.0, jnp.where(value > offer, part, 1.0), 0.0)


def judge(rules: Rules, sheets: Sheets, book: Book) -> Book:
    """Every bank looks at its balance sheet: it fails, pays back its loan from cash, and says what it offers next."""
    marked = mark(sheets, book)
    need = must_shed(rules, sheets, marked)
    if not rules.defaults and not rules.cash:
        return book._replace(share=share_of(need, marked.value))
    fails = ~book.defaulted & (marked.equity < sheets.default_level * marked.assets) if rules.defaults else None
    defaulted = book.defaulted if fails is None else book.defaulted | fails
    need = jnp.where(defaulted, 0.0, need)
    if rules.cash:
        paid = jnp.maximum(jnp.minimum(jnp.minimum(need, book.cash), book.loan), 0.0)
        book = book._replace(cash=book.cash - paid, loan=book.loan - paid)
        need = need - paid - book.cash
    share = share_of(need, marked.value)
    return book._replace(share=share if fails is None else jnp.where(fails, 1.0, share), defaulted=defaulted)


def flow_of(rules: Rules, sheets: Sheets, sold: Array, price: Array) -> Array:
    """What the law sees of sales, (asset, path), from the `sold` fraction of the start holdings, (bank, path)."""
    if rules.flow == "start_value":
        value = sold * product(sheets.holdings, price)
        return product((sheets.holdings / jnp.sum(sheets.holdings, axis=1, keepdims=True)).T, value)
    units = product(sheets.holdings.T, sold)
    if rules.flow == "units":
        return units
    if rules.flow == "value":
        return units * price
    raise ValueError(f"no flow {rules.flow!r}")


def units_offered(sheets: Sheets, book: Book) -> Array:
    """Units of each asset that clear next, (asset, path); a bank that holds nothing offers none."""
    return product(sheets.holdings.T, book.share * book.held)


def price_after(rules: Rules, sheets: Sheets, price: Array, flow: Array) -> Array:
    """Prices once `flow` is sold, (asset, path), by the laws of `impact`.

    The square root is taken as a simple change, and no price falls below 0. The bound of the bounded law is a price:
    as a fraction of the present one it rises while the price falls.
    """
    scale = sheets.impact_scale
    if rules.law == "exponential":
        return price * jnp.exp(-flow * scale)
    if rules.law == "linear":
        return price * (1.0 + linear.simple_change(-flow, None, scale))
    if rules.law == "square_root":
        return price * (1.0 + jnp.maximum(square_root.log_change(-flow, None, scale, jnp.zeros((), flow.dtype)), -1.0))
    if rules.law == "bounded_exponential":
        return price * (1.0 + bounded_exponential.simple_change(-flow, None, scale, sheets.impact_bound / price))
    raise ValueError(f"no impact law {rules.law!r}")


def clear(rules: Rules, sheets: Sheets, book: Book) -> Book:
    """All that is on offer is sold at once; the proceeds are booked and the price is the one after it."""
    sold = book.share * book.held
    flow = flow_of(rules, sheets, sold, book.price)
    price = price_after(rules, sheets, book.price, flow)
    paid = (1.0 - sheets.execution_weight) * book.price + sheets.execution_weight * price
    proceeds = sold * product(sheets.holdings, paid)
    return book._replace(
        held=book.held * (1.0 - book.share),
        share=jnp.zeros_like(book.share),
        cash=book.cash + proceeds if rules.cash else book.cash,
        debt=book.debt if rules.cash else book.debt - proceeds,
        price=price,
    )


def run_rounds(rules: Rules, sheets: Sheets) -> tuple[Book, Round | None]:
    """All rounds.

    Orders that clear come from the balance sheet at the end of the round before. Where orders wait a round, nobody has
    given one before the first.

    Returns:
        The book after the last round, and with `Rules.history` every round, a leading axis before the others.
    """
    book = open_book(sheets)
    if not rules.order_delay:
        book = judge(rules, sheets, book)

    def one(book: Book, number: Array) -> tuple[Book, Round | None]:
        trades = jnp.any(units_offered(sheets, book) > 0.0, axis=0)
        cleared = clear(rules, sheets, book)._replace(rounds=jnp.where(trades, number, book.rounds))
        judged = judge(rules, sheets, cleared)
        if not rules.history:
            return judged, None
        kept = Round(book.share, cleared.held, mark(sheets, cleared), cleared.price, judged.defaulted)
        return judged, kept

    return lax.scan(one, book, jnp.arange(1, rules.rounds + 1, dtype=jnp.int32))
