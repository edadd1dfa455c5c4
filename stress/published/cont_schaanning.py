"""Threshold deleveraging with a bounded impact: Cont and Schaanning (2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from stress.kernels.published.balance_sheets import Rules, Sheets, leverage_of, run_rounds, units_offered
from stress.published.model import Case, Counts, Expected, Input, Model, Numbers, Output, Values

if TYPE_CHECKING:
    from jax import Array


def evaluate(numbers: Numbers, counts: Counts, detail: bool) -> dict[str, Array]:
    """Rounds of sales until every bank is below its maximum leverage or has sold all.

    Args:
        numbers: (bank, asset), (bank, other) and (bank, 1) balance sheets, (asset, 1) markets, see `INPUTS`.
        counts: `max_rounds`.
        detail: also the outputs by round and by bank.

    Returns:
        Outputs by name, see `OUTPUTS`; the path axis last.
    """
    start = numbers["price"]
    holdings, shock = numbers["holdings"], numbers["shock"]
    paths = numbers["max_leverage"].shape[-1]
    other = numbers["other_assets"]
    debt = jnp.sum(holdings, axis=1, keepdims=True) + jnp.sum(other, axis=1, keepdims=True) - numbers["capital"]
    floor = numbers["price_floor"] / start
    depth = (
        numbers["impact_coefficient"] * numbers["volume"] / numbers["volatility"] * jnp.sqrt(numbers["horizon_days"])
    )
    delta = jnp.broadcast_to((1.0 - floor) * depth, (holdings.shape[1], paths))
    zero = jnp.zeros((1, 1))
    sheets = Sheets(
        holdings=holdings,
        other=jnp.sum(other[:, :, None] * (1.0 - shock), axis=1),
        cash=zero,
        loan=zero,
        debt=debt,
        price=jnp.ones_like(delta),
        level=numbers["max_leverage"],
        target=numbers["target_leverage"],
        default_level=zero,
        impact_scale=1.0 / delta,
        impact_bound=floor,
        execution_weight=numbers["execution_weight"],
    )
    rules = Rules("leverage", "value", "bounded_exponential", counts["max_rounds"], history=detail)
    book, history = run_rounds(rules, sheets)
    outputs = {"rounds": book.rounds, "stopped": jnp.all(units_offered(sheets, book) <= 0.0, axis=0)}
    outputs |= {"delta": delta, "final_price": start * book.price}
    if history is None:
        return outputs
    opening = jnp.sum(holdings, axis=1, keepdims=True) + sheets.other
    return outputs | {
        "start_leverage": jnp.broadcast_to(leverage_of(opening, opening - debt), book.held.shape),
        "final_capital": history.marked.equity[-1],
        "share_sold": history.share,
        "capital": history.marked.equity,
        "holdings_value": history.marked.value,
        "leverage": leverage_of(history.marked.assets, history.marked.equity),
        "price_path": start * history.price,
    }


def faults(values: Values) -> list[tuple[str, object, str, str]]:
    """A target above the limit, a floor that is no floor, more capital than assets."""
    found: list[tuple[str, object, str, str]] = []
    limit, target = float(values["max_leverage"]), float(values["target_leverage"])
    if target > limit:
        found.append(("target_leverage", target, "is above the maximum", f"at most max_leverage = {limit:g}"))
    for asset, (floor, price) in enumerate(zip(values["price_floor"], values["price"], strict=True)):
        if floor >= price:
            found.append((f"price_floor[{asset}]", float(floor), "is no floor", f"less than price = {price:g}"))
    return found


INPUTS = (
    Input("holdings", "tradable holdings, money", ((90.0,), (70.0,)), ("bank", "asset"), least=0),
    Input("other_assets", "other assets, money", ((10.0, 0.0), (0.0, 20.0)), ("bank", "other"), least=0),
    Input("capital", "capital before the shock", (4.0, 4.5), ("bank",), above=0),
    Input("shock", "share lost of each kind of other assets", (0.2, 0.0), ("other",), least=0, most=1),
    Input("price", "price of a unit before the sales (S)", (1.0,), ("asset",), above=0),
    Input("price_floor", "price that is left whatever is sold (B)", (0.5,), ("asset",), least=0),
    Input("volume", "average daily volume, money", (50.0,), ("asset",), above=0),
    Input("volatility", "daily volatility", (0.02,), ("asset",), above=0),
    Input("impact_coefficient", "c", 0.4, above=0),
    Input("horizon_days", "tau, days", 20.0, above=0),
    Input("max_leverage", "A/C above which a bank sells", 33.3, above=1),
    Input("target_leverage", "A/C that it sells down to", 31.635, least=1),
    Input("execution_weight", "w: sellers get (1 - w) old + w new price", 0.5, least=0, most=1),
    Input("max_rounds", "rounds at most", 64, count=True, least=1, most=100_000),
)
OUTPUTS = (
    Output("rounds", "rounds until nobody sells"),
    Output("stopped", "nobody has to sell any more"),
    Output("delta", "money whose sale moves a price by 63 % of the way to its floor", ("asset",)),
    Output("final_price", "price at the end", ("asset",)),
    Output("start_leverage", "A/C after the shock", ("bank",)),
    Output("final_capital", "capital at the end, negative where a bank is insolvent", ("bank",)),
    Output("share_sold", "share of its holdings sold", ("round", "bank")),
    Output("capital", "capital", ("round", "bank")),
    Output("holdings_value", "value of its holdings", ("round", "bank")),
    Output("leverage", "A/C", ("round", "bank")),
    Output("price_path", "price", ("round", "asset")),
)
CASES = (
    Case(
        (
            Expected("rounds", "3"),
            Expected("delta", ["2236.07"]),
            Expected("start_leverage", ["49", "20"]),
            Expected("share_sold", [["0.39", "0.00"], ["0.32", "0.00"], ["0.15", "0.00"]]),
            Expected("capital", [["1.44", "3.96"], ["1.26", "3.70"]]),
            Expected("holdings_value", [["54.84", "69.46"], ["37.42", "69.20"]]),
            Expected("price_path", [["0.9922941335"], ["0.9885042669"], ["0.9873174688"]]),
        )
    ),
    Case((Expected("rounds", "0"), Expected("final_price", ["1"])), {"shock": (0.05, 0.0)}),
)

MODEL = Model(
    name="cont-schaanning",
    title="Threshold deleveraging of banks with common holdings, bounded impact",
    source='Cont and Schaanning 2017, "Fire sales, indirect contagion and systemic stress testing"',
    inputs=INPUTS,
    outputs=OUTPUTS,
    evaluate=evaluate,
    cases=CASES,
    faults=faults,
    notes=lambda outputs: [] if outputs["stopped"] else ["banks still have to sell: raise max_rounds"],
)
