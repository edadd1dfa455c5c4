"""What the report says in sentences, and of its pictures, is so: who, when and how much, from the dataset."""

from __future__ import annotations

import html

import numpy as np
import pytest
import xarray as xr

from plot_example import TREE as EXAMPLE
from plot_example import of, with_open_calls, with_values
from stress.results.report.elements import Folded, Gallery, Section, Text
from stress.results.report.numbers import shown, spoken
from stress.results.report.sections.calls import calls, leverage
from stress.results.report.sections.causes import attribution, contributions
from stress.results.report.sections.checks import convergence
from stress.results.report.sections.crowd import brokers, crowding
from stress.results.report.sections.losses import amplification, losses
from stress.results.report.sections.sales import sales
from stress.results.terminal.cells import money_unit

TREE = with_open_calls(EXAMPLE)
LEVEL = 0.99
NAMES = {"system": "whole system"}
FUNDS = [str(fund) for fund in of(TREE, "summary", "fund").values]


def said(section: Section) -> str:
    """All paragraphs and the descriptions of all pictures."""
    parts = []
    for block in section.blocks:
        for inner in block.blocks if isinstance(block, Folded) else (block,):
            parts += [inner.text] if isinstance(inner, Text) else []
            parts += [html.unescape(x.svg) for x in inner.pictures] if isinstance(inner, Gallery) else []
    return " ".join(" ".join(parts).split())


def largest(values: xr.DataArray, sign: float = 1.0) -> tuple[str, float]:
    """The label of the largest of (label,) values, or of the smallest, and its value."""
    at = int(np.argmax(sign * values.values))
    return str(values[values.dims[0]].values[at]), float(values.values[at])


def test_who_is_called_most_and_when() -> None:
    amounts = of(TREE, "timeline", "called_usd").sel(fund=FUNDS)
    (fund, usd), (step, in_step) = largest(amounts.sum("step")), largest(amounts.sum("fund"))
    unit, scale = money_unit([float(amounts.sum())])
    text = said(calls(TREE))
    assert f"{shown(float(amounts.sum()), scale)} {unit} are called over the horizon on average" in text
    assert (
        f"most of it in step {step} ({shown(in_step, scale)} {unit}) and from {fund} ({shown(usd, scale)} {unit})"
        in text
    )
    shares = of(TREE, "timeline", "open_call").sel(fund=FUNDS)
    fund, share = largest(shares.max("step"))
    step, _ = largest(shares.sel(fund=fund))
    assert f"The most is {shown(share, 100)} % for {fund} at the end of step {step}." in text


@pytest.mark.parametrize("kind", ["gross", "net"])
def test_from_where_to_where_leverage_goes(kind: str) -> None:
    values, text = of(TREE, "timeline", f"{kind}_leverage"), said(leverage(TREE))
    first, last = (int(values["step"].values[at]) for at in (0, -1))
    for fund in values["fund"].values:
        begin, middle, low, high = (
            shown(float(values.sel(fund=fund, step=step, quantile=q)))
            for step, q in ((first, 0.5), (last, 0.5), (last, 0.01), (last, 0.99))
        )
        assert begin != middle
        assert (
            f"The median goes from {begin} at the end of step {first} to {middle} at that of step {last}, "
            f"where the paths lie from {low} (1 %) to {high} (99 %)."
        ) in text


def test_which_books_are_alike_and_which_opposed() -> None:
    overlap = of(TREE, "start", "overlap")
    types = [str(x) for x in overlap["fund_type"].values]
    pairs = {(a, b): 0.9 - 0.6 * (i + k) for i, a in enumerate(types) for k, b in enumerate(types[i + 1 :])}
    tree = TREE
    for (a, b), cosine in pairs.items():
        for one, other in ((a, b), (b, a)):
            tree = with_values(tree, "start", "overlap", cosine, fund_type=one, with_type=other)
    most, least = max(pairs, key=lambda pair: pairs[pair]), min(pairs, key=lambda pair: pairs[pair])
    assert (
        f"Most alike are {most[0]} and {most[1]} ({shown(pairs[most])}), "
        f"most opposed {least[0]} and {least[1]} ({shown(pairs[least])})."
    ) in said(crowding(tree))


def test_what_is_sold_and_bought_most() -> None:
    flow = of(TREE, "timeline", "forced_flow_usd")
    (sold, low), (bought, high) = largest(flow.sum("step"), -1), largest(flow.sum("step"))
    assert low < 0 < high
    step, _ = largest(abs(flow).sum("asset"))
    unit, scale = money_unit(flow.sum("step").values)
    assert (
        f"Most flow is in step {step}; sold most over the horizon: {sold}, {shown(-low, scale)} {unit}; "
        f"bought most: {bought}, {shown(high, scale)} {unit}."
    ) in said(sales(TREE))


def figure(name: str, fund: str) -> float:
    values = of(TREE, "summary", f"system_{name}") if fund == "system" else of(TREE, "summary", name).sel(fund=fund)
    return float(values.sel(level=LEVEL))


def test_risk_beside_each_distribution() -> None:
    text = said(losses(TREE))
    for fund in (*FUNDS, "system"):
        var, es, still = (shown(figure(name, fund), 100) for name in ("var", "es", "es_static"))
        assert f"VaR 99 % is {var} and ES {es}; ES of the start book held still is {still}." in text


def test_amplification_of_the_system_and_the_largest() -> None:
    ratios = {fund: figure("amplification", fund) for fund in (*FUNDS, "system")}
    most = max(ratios, key=lambda fund: ratios[fund])
    assert (
        f"The whole system: {shown(ratios['system'], places=3)}. "
        f"The largest: {NAMES.get(most, most)}, {shown(ratios[most], places=3)}."
    ) in said(amplification(TREE))


def test_losses_of_brokers_together_and_of_the_one_with_the_largest_tail() -> None:
    names = [str(x) for x in of(TREE, "summary", "prime_broker").values]
    for tails in ([9e9, 4e9], [4e9, 9e9]):
        tree = with_values(TREE, "summary", "broker_loss_mean", [3e6, 2e6])
        tree = with_values(tree, "summary", "broker_loss_es", tails, level=LEVEL)
        worst = names[int(np.argmax(tails))]
        assert (
            f"The largest ES 99 % is that of {worst}: 9.00 bn USD; together the brokers lose 5.00 m USD on average."
        ) in said(brokers(tree))


@pytest.mark.parametrize("by", ["fund", "asset"])
def test_whose_part_of_the_tail_is_the_largest(by: str) -> None:
    name = "es_contribution" if by == "fund" else "es_contribution_by_asset"
    values = of(TREE, "contributions", name).sel(level=LEVEL)
    first, most = largest(values)
    assert (
        f"They sum to {shown(float(values.sum()), 100)} % of the system's start NAV. "
        f"The largest is that of {first}: {shown(most, 100)} %."
    ) in said(contributions(TREE))


@pytest.mark.parametrize(("name", "dim"), [("loss_part", "part"), ("contribution", "component")])
def test_every_part_of_a_waterfall(name: str, dim: str) -> None:
    text, values = said(attribution(TREE)), of(TREE, "attribution", name)
    for fund in values["fund"].values:
        mine = values.sel(fund=fund, slice="worst_1pct")
        parts = ", ".join(
            f"{str(x).replace('_', ' ')} {shown(float(mine.sel({dim: x})), 100)}" for x in mine[dim].values
        )
        most, _ = largest(abs(mine).drop_sel({dim: "total"}))
        assert f": {parts}. The largest part is {most.replace('_', ' ')}." in text


def test_how_the_estimate_settles() -> None:
    marks = of(TREE, "diagnostics", "es").sel(fund="system", level=LEVEL)
    first, last = (int(marks["checkpoint"].values[at]) for at in (0, -1))
    begin, end = (shown(float(marks.sel(checkpoint=mark)), 100, 3) for mark in (first, last))
    whole = spoken(figure("es", "system"), figure("es_se", "system"), "%", 100, 3)
    assert (
        f"ES 99 % of the whole system is {begin} % of NAV after {first:,} paths, {end} % after {last:,} and "
        f"{whole} after all {int(TREE.attrs['paths']):,}."
    ) in said(convergence(TREE))
