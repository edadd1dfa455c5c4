"""Fire-sale equilibria of banks at a leverage limit: Breuer, Summer and Urosevic (2023)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy.typing as npt

from stress.kernels.published.balance_sheets import Rules, Sheets, leverage_of
from stress.kernels.published.equilibrium import equilibrium
from stress.published.model import Case, Counts, Expected, Input, Model, Numbers, Output, Values

if TYPE_CHECKING:
    from jax import Array

DIFFERENT = 1e-9  # falls of a price that are further apart are two equilibria
RULES = Rules("leverage", "units", "square_root", 1)


def evaluate(numbers: Numbers, counts: Counts, detail: bool) -> dict[str, Array]:
    """The least and the greatest equilibrium.

    Args:
        numbers: (bank, asset) and (bank, 1) balance sheets, (asset, 1) impact, (path,) limit, see `INPUTS`.
        counts: none.
        detail: also the outputs by bank.

    Returns:
        Outputs by name, see `OUTPUTS`; the path axis last.
    """
    holdings, loans = numbers["securities"], numbers["loans"]
    paths = numbers["leverage_limit"].shape[-1]
    zero = jnp.zeros((1, 1))
    sheets = Sheets(
        holdings=holdings,
        other=loans * (1.0 - numbers["loan_shock"]),
        cash=zero,
        loan=zero,
        debt=jnp.sum(holdings, axis=1, keepdims=True) + loans - numbers["equity"],
        price=jnp.ones((holdings.shape[1], paths)),
        level=numbers["leverage_limit"],
        target=numbers["leverage_limit"],
        default_level=zero,
        impact_scale=jnp.sqrt(numbers["impact"]),
        impact_bound=zero,
        execution_weight=jnp.asarray(1.0),
    )
    outputs: dict[str, Array] = {}
    falls = []
    for name, from_all in (("below", False), ("above", True)):
        found = equilibrium(RULES, sheets, from_all)
        falls.append(1.0 - found.price)
        outputs[f"delta_{name}"] = falls[-1]
        outputs[f"converged_{name}"] = found.converged
        if detail:
            outputs[f"share_sold_{name}"] = found.share
            outputs[f"equity_{name}"] = found.marked.equity
            assets = found.marked.assets - found.share * found.marked.value
            outputs[f"leverage_{name}"] = leverage_of(assets, found.marked.equity)
    apart = jnp.max(jnp.abs(falls[1] - falls[0]), axis=0)
    return outputs | {"equilibria_differ": apart > DIFFERENT}


def faults(values: Values) -> list[tuple[str, object, str, str]]:
    """More equity than assets."""
    total = values["securities"].sum(axis=1) + values["loans"]
    return [
        (f"equity[{bank}]", float(equity), "is more than all assets", f"at most {total[bank]:g}")
        for bank, equity in enumerate(values["equity"])
        if equity > total[bank]
    ]


def notes(outputs: Mapping[str, npt.NDArray[Any]]) -> list[str]:
    """Whether the equilibrium is one, and whether it was reached."""
    found = []
    if outputs["equilibria_differ"]:
        found.append("the two equilibria differ: which one comes about is not decided by the balance sheets")
    else:
        found.append("both starting points lead to the same equilibrium")
    if not (outputs["converged_below"] and outputs["converged_above"]):
        found.append("an iteration was stopped before it had converged: the limit is nearly tangent to the impact")
    return found


INPUTS = (
    Input("securities", "securities at price 1, money", ((145.0,), (435.0,), (300.0,)), ("bank", "asset"), least=0),
    Input("loans", "loans, not for sale", (1170.0, 1245.0, 1190.0), ("bank",), least=0),
    Input("equity", "equity before the shock", (28.0, 80.0, 65.0), ("bank",), above=0),
    Input("loan_shock", "share of the loans lost at the start", (0.0, 0.0, 0.0), ("bank",), least=0, most=1),
    Input("impact", "k of the fall sqrt(k q), q sold at price 1", (2.2e-5,), ("asset",), least=0),
    Input("leverage_limit", "A/E that no bank may exceed", 44.0, least=1),
)
OUTPUTS = (
    Output("equilibria_differ", "the least and the greatest equilibrium differ"),
    Output("converged_below", "the iteration from none sold has converged"),
    Output("converged_above", "the iteration from all sold has converged"),
    Output("delta_below", "fall of the price, least equilibrium", ("asset",)),
    Output("delta_above", "fall of the price, greatest equilibrium", ("asset",)),
    Output("share_sold_below", "share of its securities sold, least", ("bank",)),
    Output("share_sold_above", "share of its securities sold, greatest", ("bank",)),
    Output("equity_below", "equity, least", ("bank",)),
    Output("equity_above", "equity, greatest", ("bank",)),
    Output("leverage_below", "A/E after the sales, least", ("bank",)),
    Output("leverage_above", "A/E after the sales, greatest", ("bank",)),
)
CASES = (
    Case(
        (
            Expected("equilibria_differ", "1"),
            Expected("delta_below", ["0.05648008"]),
            Expected("delta_above", ["0.13914022"]),
            Expected("share_sold_below", ["1", "0", "0"]),
            Expected("share_sold_above", ["1", "1", "1"]),
        )
    ),
)

MODEL = Model(
    name="breuer",
    title="Fire-sale equilibria at a leverage limit, from none sold and from all sold",
    source='Breuer, Summer and Urosevic 2023, "Bank solvency stress tests with fire sales"',
    inputs=INPUTS,
    outputs=OUTPUTS,
    evaluate=evaluate,
    cases=CASES,
    faults=faults,
    notes=notes,
)
