"""The questions that a reader has first, each answered in a sentence or two."""

from __future__ import annotations

import math

import xarray as xr

from stress.results.answers.rare.beside_shown import sentences
from stress.results.report.numbers import amount, shown, spoken
from stress.results.report.parts_of_result import pair
from stress.results.report.risk import Risk
from stress.results.report.sections.facts import Facts
from stress.results.terminal.cells import money, percent


def answers(tree: xr.DataTree, risk: Risk) -> tuple[tuple[str, str], ...]:
    """(question, answer): what was asked, how far down, made of what, who is called, who sold because of what, how
    sure."""
    facts = Facts(tree, risk)
    every = (
        ("What was asked?", " ".join(sentences(tree)[:2])),
        ("How far down?", facts.how_far_down()),
        ("What is it made of?", facts.made_of() or _selling(risk)),
        ("How bad is the end?", _how_bad(risk)),
        ("Who is called?", _how_likely(risk)),
        ("Who sold what, because of what?", facts.who_sold()),
        ("Who is hit?", _who(tree, risk)),
        ("How sure?", _how_sure(tree, risk)),
    )
    return tuple((question, answer) for question, answer in every if answer)


def _how_bad(risk: Risk) -> str:
    es, error = risk.figure("es", level=risk.level)
    nav, _ = risk.figure("nav_usd")
    if es == 0:
        return f"Together the funds lose nothing of their start NAV of {money(nav)}."
    verb, size = ("lose", es) if es > 0 else ("gain", -es)
    amount = f"{spoken(size, error, '%', 100)} of their start NAV of {money(nav)}"
    if not risk.random:
        return f"All funds together {verb} {amount}, which is {money(size * nav)}."
    share = percent(round(1 - risk.level, 12))
    text = f"On the worst {share} of paths all funds together {verb} {amount} on average, which is {money(size * nav)}"
    var = spoken(*risk.figure("var", level=risk.level), "%", 100)
    tail = f"One path in {shown(1 / (1 - risk.level), places=0)} loses more than {var} (value at risk)."
    return f"{text} (expected shortfall). {tail}"


def _how_likely(risk: Risk) -> str:
    share, defaulted = (spoken(*risk.figure(f"{kind}_nav_share"), "%", 100) for kind in ("called", "defaulted"))
    tenth, half, large = (
        _on(*risk.figure(name)) for name in ("prob_called_over_10pct", "prob_called_over_50pct", "prob_loss_over_20pct")
    )
    called, _ = risk.figure("expected_called_usd")
    return (
        f"On average {share} of all NAV is that of members that get a margin call ({money(called)} in all), and "
        f"{defaulted} that of members in default. Over a tenth of all NAV is called {tenth}, over half of it {half}. "
        f"All funds together lose over 20 % of their NAV {large}. All of this is conditional on the scenario."
    )


def _on(share: float, error: float) -> str:
    if not math.isfinite(share):
        return "on an unknown share of paths"
    if share in (0, 1):
        return "on every path" if share else "on none of the paths"
    return f"on {spoken(share, error, '%', 100, 3)} of paths"


def _who(tree: xr.DataTree, risk: Risk) -> str:
    at = f"ES {percent(risk.level)}" if risk.random else "loss"
    losses = {fund: risk.figure("es", fund, risk.level) for fund in risk.funds}
    hit = max(losses, key=lambda fund: losses[fund][0])
    if len(losses) == 1:
        return f"There is one fund only, {hit}: its {at} is {spoken(*losses[hit], '%', 100)} of its NAV."
    text = f"{hit} loses the largest share of its NAV: {at} is {spoken(*losses[hit], '%', 100)}."
    sales = {fund: risk.figure("expected_forced_sales_usd", fund) for fund in risk.funds}
    seller = max(sales, key=lambda fund: sales[fund][0])
    whole, _ = risk.figure("es", level=risk.level)
    parts = _parts(tree, risk)
    if parts and whole > 0:
        first = max(parts, key=lambda fund: parts[fund])
        share = f"{shown(parts[first] / whole, 100, 0)} %"
        text += f" The largest part of the system's {at.split()[0]}, {share}, comes from {first}."
    if sales[seller][0] > 0:
        text += f" {seller} cuts most (longs sold and shorts covered): {amount(*sales[seller])} on average."
    return text


def _parts(tree: xr.DataTree, risk: Risk) -> dict[str, float]:
    found = pair(tree, "contributions", "es_contribution", "fund", "level")
    if found is None or risk.level not in found[0]["level"].values:
        return {}
    there = [fund for fund in risk.funds if fund in found[0]["fund"].values]
    parts = {fund: float(found[0].sel(fund=fund, level=risk.level)) for fund in there}
    return {fund: part for fund, part in parts.items() if math.isfinite(part)}


def _selling(risk: Risk) -> str:
    added, error = risk.figure("added_loss", level=risk.level)
    sold, _ = risk.figure("expected_forced_sales_usd")
    if sold == 0 and added == 0:
        return "None of it: nothing is sold by force."
    nav, _ = risk.figure("nav_usd")
    ratio, ratio_error = risk.figure("amplification", level=risk.level)
    still, still_error = risk.figure("es_static", level=risk.level)
    verb = "adds" if added >= 0 else "saves"
    at = f"ES {percent(risk.level)}" if risk.random else "the loss"
    text = (
        f"With the start books held still through the same shocks, {at} would be "
        f"{spoken(still, still_error, '%', 100)}. Selling and what it does to prices {verb} "
        f"{spoken(abs(added), error, '% of NAV', 100)}, {money(abs(added) * nav)}"
    )
    return text + (f": {spoken(ratio, ratio_error, 'times', 1, 3)} the loss." if math.isfinite(ratio) else ".")


def _how_sure(tree: xr.DataTree, risk: Risk) -> str:
    if not risk.random:
        return "Nothing is drawn at random in this run: all paths are one, and its figures have no sampling error."
    _, error = risk.figure("es", level=risk.level)
    text = f"{int(tree.attrs['paths']):,} paths were simulated."
    if math.isfinite(error):
        low, high = (risk.figure(f"es_ci_{end}", level=risk.level)[0] for end in ("low", "high"))
        text += (
            f" The 95 % interval of the system's ES {percent(risk.level)} goes from {shown(low, 100, 3)} to "
            f"{shown(high, 100, 3)} %."
        )
    else:
        text += f" That is too few for an error of ES {percent(risk.level)}."
    return text + (
        " This is the sampling error alone. What the scenario and the model assume weighs more, and is listed below."
    )
