"""Fire sale of banks under a leverage ratio: Farmer, Kleinnijenhuis, Nahai-Williamson and Wetzer (2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from stress.kernels.linear import sum_rows
from stress.kernels.published.balance_sheets import Round, Rules, Sheets, run_rounds
from stress.published.model import Case, Counts, Expected, Input, Model, Numbers, Output, Values

if TYPE_CHECKING:
    from jax import Array

ASSETS = ("corporate", "government")
SMALLEST = 1e-300  # money: without any bonds nothing is sold, rather than 0/0
IMPACT_SHARE = 0.05  # share of the outstanding amount whose sale moves the price by `impact`


def evaluate(numbers: Numbers, counts: Counts, detail: bool) -> dict[str, Array]:
    """Six steps of defaults, cash against the loan, and sales that clear a step later.

    Args:
        numbers: (bank, 1) data and (path,) settings, see `INPUTS`.
        counts: `steps`.
        detail: also the outputs by step and by bank.

    Returns:
        Outputs by name, see `OUTPUTS`; the path axis last.
    """
    equity, debt_securities = numbers["cet1_eur_m"], numbers["debt_securities_eur_m"]
    government = numbers["government_bonds_eur_m"]
    total = equity / (numbers["leverage_pct"] / 100.0)
    holdings = jnp.concatenate([debt_securities - government, government], axis=1)
    cash = numbers["cash_share"] * total
    loan = numbers["loan_share"] * (total - equity)
    capital = jnp.sum(holdings, axis=0)[:, None]
    beta = -jnp.log1p(-numbers["impact"]) / IMPACT_SHARE
    sheets = Sheets(
        holdings=holdings,
        other=total - debt_securities - cash,
        cash=cash,
        loan=loan,
        debt=total - equity - loan,
        price=jnp.stack([jnp.ones_like(numbers["shock"]), 1.0 - numbers["shock"]]),
        level=numbers["buffer"],
        target=numbers["target"],
        default_level=numbers["default_level"],
        impact_scale=jnp.where(capital > 0.0, beta / jnp.where(capital > 0.0, capital, 1.0), 0.0),
        impact_bound=jnp.zeros((1, 1)),
        execution_weight=jnp.asarray(0.5),
    )
    rules = Rules("equity_ratio", "units", "exponential", counts["steps"], True, True, True, detail)
    book, history = run_rounds(rules, sheets)
    units = jnp.sum(holdings, axis=1, keepdims=True)
    of_all = units / jnp.maximum(jnp.sum(units), SMALLEST)
    defaults = sum_rows(book.defaulted.astype(units.dtype)) / len(holdings)
    outputs = {
        "default_share": jnp.where(defaults < numbers["smallest_share"], 0.0, defaults),
        "sold_share": sum_rows(of_all * (1.0 - book.held)),
        "price": book.price,
    }
    return outputs | (_by_step(history, of_all) if history is not None else {})


def _by_step(history: Round, of_all: Array) -> dict[str, Array]:
    failed = jnp.sum(history.defaulted, axis=1)
    start = jnp.zeros_like(failed[:1])
    sold = jnp.sum(of_all * (1.0 - history.held), axis=1)
    marked = history.marked
    assets = marked.assets[-1]
    return {
        "defaults_by_step": jnp.diff(jnp.concatenate([start, start, failed]), axis=0),
        "sold_by_step": jnp.concatenate([jnp.zeros_like(sold[:1]), sold]),
        "defaulted": history.defaulted[-1],
        "equity": marked.equity[-1],
        "leverage_ratio": jnp.where(assets > 0.0, marked.equity[-1] / jnp.where(assets > 0.0, assets, 1.0), -jnp.inf),
        "sold": 1.0 - history.held[-1],
    }


def faults(values: Values) -> list[tuple[str, object, str, str]]:
    """Balance sheets that do not add up, and levels in the wrong order."""
    found: list[tuple[str, object, str, str]] = []
    debt, government = values["debt_securities_eur_m"], values["government_bonds_eur_m"]
    total = values["cet1_eur_m"] / (values["leverage_pct"] / 100.0)
    for bank in range(len(debt)):
        if government[bank] > debt[bank]:
            allowed = f"at most debt_securities_eur_m = {debt[bank]:g}"
            found.append((f"government_bonds_eur_m[{bank}]", float(government[bank]), "is too large", allowed))
        if debt[bank] > (1.0 - values["cash_share"]) * total[bank]:
            allowed = f"at most total assets less cash = {(1.0 - values['cash_share']) * total[bank]:g}"
            found.append((f"debt_securities_eur_m[{bank}]", float(debt[bank]), "is too large", allowed))
    return found


INPUTS = (
    Input("cet1_eur_m", "capital E", dims=("bank",), above=0),
    Input("leverage_pct", "leverage ratio E/A in percent", dims=("bank",), above=0, most=100),
    Input("debt_securities_eur_m", "all bonds", dims=("bank",), least=0),
    Input("government_bonds_eur_m", "of them government bonds", dims=("bank",), least=0),
    Input("shock", "fall of government bonds at the start", 0.20, least=0, below=1),
    Input("impact", "fall of a price when 5 % of the amount outstanding is sold", 0.05, least=0, below=1),
    Input("buffer", "E/A below which a bank sells; 1 = always (leverage targeting)", 0.04, above=0, most=1),
    Input("default_level", "E/A below which a bank fails", 0.03, least=0, most=1),
    Input("target", "E/A that it sells down to", 0.05, above=0, most=1),
    Input("cash_share", "cash over total assets", 0.05, least=0, most=1),
    Input("loan_share", "debt that cash can pay back, over all debt", 0.5, least=0, most=1),
    Input("smallest_share", "smaller shares of defaults count as none", 0.05, least=0, most=1),
    Input("steps", "steps", 6, count=True, least=1, most=1000),
)
OUTPUTS = (
    Output("default_share", "share of banks in default"),
    Output("sold_share", "share of tradable units sold"),
    Output("price", "price at the end", ("asset",)),
    Output("defaults_by_step", "banks that fail in the step", ("step",)),
    Output("sold_by_step", "share of tradable units sold so far", ("step",)),
    Output("defaulted", "in default", ("bank",)),
    Output("equity", "equity at the end", ("bank",)),
    Output("leverage_ratio", "E/A at the end", ("bank",)),
    Output("sold", "share of its holdings sold", ("bank",)),
)
EBA_2018_SHA256 = "f949c2d4db5dba48e969ca77fb70a35573190598de4102193585aedc4f3b157a"
TABLE = (
    ("0", "0.145833", "0.605124447221"),
    ("0.005", "0.187500", "0.793419897673"),
    ("0.01", "0.375000", "0.914500581225"),
    ("0.015", "0.520833", "0.944158005400"),
    ("0.02", "0.666667", "0.981624408121"),
    ("0.03", "0.791667", "0.993847711080"),
    ("0.08", "0.937500", "1.000000000000"),
)
SOLD = ["0", "0", "0.605124447221", "0.993847711080", *["0.996053555315"] * 3]
PATH = (
    Expected("default_share", "0.916667"),
    Expected("sold_share", "0.996053555315"),
    Expected("defaults_by_step", ["0", "7", "35", "2", "0", "0", "0"]),
    Expected("sold_by_step", SOLD),
    Expected("price", ["0.361809238274", "0.287329971274"]),
)
CASES = (
    Case(PATH, {}, EBA_2018_SHA256),
    *(
        Case((Expected("default_share", share), Expected("sold_share", sold)), {"impact": float(pi)}, EBA_2018_SHA256)
        for pi, share, sold in TABLE
    ),
)

MODEL = Model(
    name="oxford",
    title="Fire sale of banks with a leverage buffer, orders clearing a step later",
    source='Farmer, Kleinnijenhuis, Nahai-Williamson, Wetzer 2020, "Foundations of system-wide stress testing"',
    inputs=INPUTS,
    outputs=OUTPUTS,
    evaluate=evaluate,
    cases=CASES,
    faults=faults,
    asset_labels=ASSETS,
)
