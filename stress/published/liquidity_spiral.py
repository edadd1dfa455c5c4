"""Loss spiral of one levered holder: after Brunnermeier and Pedersen (2009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from stress.kernels.published.balance_sheets import Rules, Sheets, run_rounds
from stress.published.model import Case, Counts, Expected, Input, Model, Numbers, Output

if TYPE_CHECKING:
    from jax import Array


def evaluate(numbers: Numbers, counts: Counts, detail: bool) -> dict[str, Array]:
    """Rounds of sales at the price before them, each moving the price in proportion, by 95 % at most.

    Args:
        numbers: (path,) settings, see `INPUTS`.
        counts: `rounds`.
        detail: also the outputs by round.

    Returns:
        Outputs by name, see `OUTPUTS`; the path axis last.
    """
    size = numbers["assets"]
    zero = jnp.zeros((1, 1))
    # One unit of holdings, so that the size may differ from point to point: money is in units of the assets.
    sheets = Sheets(
        holdings=jnp.ones((1, 1)),
        other=zero,
        cash=zero,
        loan=zero,
        debt=(1.0 - 1.0 / numbers["leverage"])[None],
        price=(1.0 - numbers["shock"])[None],
        level=numbers["required_equity_ratio"],
        target=numbers["required_equity_ratio"],
        default_level=zero,
        impact_scale=(1.0 / numbers["liquidity"])[None],
        impact_bound=zero,
        execution_weight=jnp.asarray(0.0),
    )
    rules = Rules("equity_ratio", "units", "linear", counts["rounds"], history=detail)
    book, history = run_rounds(rules, sheets)
    units = book.held[0]
    equity = units * book.price[0] - book.debt[0]
    outputs = {
        "final_price": book.price[0],
        "final_equity": size * equity,
        "units_held": size * units,
        "debt": size * book.debt[0],
        "rounds_with_sales": book.rounds,
    }
    if history is None:
        return outputs
    return outputs | {
        "price_path": history.price[:, 0],
        "equity_path": size * history.marked.equity[:, 0],
        "units_path": size * history.held[:, 0],
    }


INPUTS = (
    Input("assets", "assets at price 1, money", 100.0, above=0),
    Input("leverage", "assets over equity at the start", 4.0, least=1),
    Input("shock", "fall of the price at the start", 0.05, least=0, below=1),
    Input("required_equity_ratio", "E/A that is required", 0.25, above=0, most=1),
    Input("liquidity", "units sold, over all units, that would move the price by 100 %", 0.75, above=0),
    Input("rounds", "rounds at most", 12, count=True, least=1, most=100_000),
)
OUTPUTS = (
    Output("final_price", "price at the end"),
    Output("final_equity", "equity at the end"),
    Output("units_held", "units held at the end"),
    Output("debt", "debt at the end"),
    Output("rounds_with_sales", "the last round with a sale"),
    Output("price_path", "price", ("round",)),
    Output("equity_path", "equity", ("round",)),
    Output("units_path", "units held", ("round",)),
)
CASES = (
    Case((Expected("final_price", "0.0591782086796"), Expected("final_equity", "-8.18836565097"))),
    Case((Expected("final_price", "0.95"), Expected("final_equity", "28.3333")), {"leverage": 3.0}),
)

MODEL = Model(
    name="liquidity-spiral",
    title="Loss spiral of one levered holder, proportional impact with a capped fall",
    source='after Brunnermeier and Pedersen 2009, "Market liquidity and funding liquidity"',
    inputs=INPUTS,
    outputs=OUTPUTS,
    evaluate=evaluate,
    cases=CASES,
)
