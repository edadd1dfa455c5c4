"""Vulnerable banks: leverage targeting and linear impact, Greenwood, Landier and Thesmar (2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from stress.kernels.impact.linear import FLOOR
from stress.kernels.linear import product, sum_rows
from stress.kernels.published.balance_sheets import Rules, Sheets, clear, judge, mark, open_book
from stress.published.model import Counts, Floats, Input, Model, Numbers, Output, Values

if TYPE_CHECKING:
    from jax import Array

RULES = Rules("equity_ratio", "start_value", "linear", 1)


def evaluate(numbers: Numbers, counts: Counts, detail: bool) -> dict[str, Array]:
    """Direct losses, sales back to the leverage of the start, their impact, and what it costs everybody.

    As in the paper, sales are shared among assets by the weights of the start and losses fall on the holdings of the
    start. A bank sells at most what its holdings are worth after the shock.

    Args:
        numbers: (bank, asset) holdings, (bank, 1) equity, (asset, 1) shock and impact, see `INPUTS`.
        counts: none.
        detail: also the outputs by bank.

    Returns:
        Outputs by name, see `OUTPUTS`; the path axis last.
    """
    holdings, equity, size = numbers["holdings"], numbers["equity"], numbers["shock_size"]
    total = jnp.sum(holdings, axis=1, keepdims=True)
    zero = jnp.zeros((1, 1))
    sheets = Sheets(
        holdings=holdings,
        other=zero,
        cash=zero,
        loan=zero,
        debt=total - equity,
        price=1.0 - size * numbers["shock"],
        level=jnp.asarray(1.0),  # always: a band of 0
        target=equity / total,
        default_level=zero,
        impact_scale=numbers["impact"],
        impact_bound=zero,
        execution_weight=jnp.asarray(0.0),
    )
    shocked = open_book(sheets)
    after = mark(sheets, shocked)
    ordered = judge(RULES, sheets, shocked)
    fall = 1.0 - clear(RULES, sheets, ordered).price / sheets.price
    sales = ordered.share * after.value
    direct, indirect = total - after.value, product(holdings, fall)
    of_system = 1.0 / jnp.sum(equity, axis=0)
    outputs = {
        "aggregate_vulnerability": sum_rows(indirect) * of_system,
        "direct_vulnerability": sum_rows(direct) * of_system,
        "price_fall": fall,
        "banks_sold_out": sum_rows((ordered.share >= 1.0).astype(fall.dtype)),
    }
    if not detail:
        return outputs
    # What one unit of money of each asset sold costs all banks; beyond the largest fall, in proportion.
    flow = product((holdings / total).T, sales)
    cost = jnp.sum(holdings, axis=0)[:, None] * fall / jnp.where(flow > 0.0, flow, 1.0)
    return outputs | {
        "direct_loss": direct,
        "sales": sales,
        "systemicness": sales * product(holdings / total, cost) * of_system,
        "indirect_vulnerability": indirect / equity,
    }


def formula(values: Values) -> dict[str, Floats]:
    """The matrix formulas of the paper in NumPy: `1' A M L M' B A M F` over the system's equity, and its parts."""
    assets = values["holdings"].sum(axis=1)
    weights = values["holdings"] / assets[:, None]  # M
    leverage = (assets - values["equity"]) / values["equity"]  # B
    direct = assets * (weights @ (values["shock_size"] * values["shock"]))  # A M F
    sales = np.minimum(leverage * direct, assets - direct)
    fall = np.minimum(values["impact"] * (weights.T @ sales), -FLOOR)
    indirect = assets * (weights @ fall)
    system = values["equity"].sum()
    return {
        "aggregate_vulnerability": np.asarray(indirect.sum() / system),
        "direct_vulnerability": np.asarray(direct.sum() / system),
        "price_fall": fall,
        "sales": sales,
        "indirect_vulnerability": indirect / values["equity"],
    }


def faults(values: Values) -> list[tuple[str, object, str, str]]:
    """Banks without assets, or with more equity than assets."""
    found: list[tuple[str, object, str, str]] = []
    for bank, (assets, equity) in enumerate(zip(values["holdings"].sum(axis=1), values["equity"], strict=True)):
        if assets <= 0.0:
            found.append((f"holdings[{bank}]", 0.0, "has no assets", "some holdings for every bank"))
        elif equity > assets:
            found.append((f"equity[{bank}]", float(equity), "is more than all assets", f"at most {assets:g}"))
    largest = float(values["shock_size"] * values["shock"].max())
    if largest >= 1.0:
        found.append(
            ("shock_size", float(values["shock_size"]), "makes an asset worthless", "shock_size * shock below 1")
        )
    return found


INPUTS = (
    Input(
        "holdings",
        "all assets of a bank, money",
        ((60.0, 30.0, 10.0), (20.0, 150.0, 30.0), (50.0, 20.0, 80.0)),
        ("bank", "asset"),
        least=0,
    ),
    Input("equity", "equity", (5.0, 8.0, 10.0), ("bank",), above=0),
    Input("shock", "share of each asset lost (-F)", (0.02, 0.0, 0.01), ("asset",), least=0, below=1),
    Input("shock_size", "multiplies the shock", 1.0, least=0),
    Input("impact", "fall of a price for each unit of money sold (L)", (0.0005, 0.001, 0.0002), ("asset",), least=0),
)
OUTPUTS = (
    Output("aggregate_vulnerability", "losses by impact over the system's equity"),
    Output("direct_vulnerability", "losses by the shock over the system's equity"),
    Output("banks_sold_out", "banks that sell all they hold"),
    Output("price_fall", "fall of the price by impact", ("asset",)),
    Output("direct_loss", "loss by the shock", ("bank",)),
    Output("sales", "sales", ("bank",)),
    Output("systemicness", "losses caused by its sales, over the system's equity", ("bank",)),
    Output("indirect_vulnerability", "its losses by impact over its equity", ("bank",)),
)

MODEL = Model(
    name="glt",
    title="Vulnerable banks: leverage targeting, linear impact, one round",
    source='Greenwood, Landier and Thesmar 2015, "Vulnerable banks"',
    inputs=INPUTS,
    outputs=OUTPUTS,
    evaluate=evaluate,
    formula=formula,
    faults=faults,
)
