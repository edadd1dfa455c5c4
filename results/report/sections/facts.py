"""The first answers in sentences: how far down, made of what, who sold what because of what."""

from __future__ import annotations

import xarray as xr

from stress.results.dataset.first_facts import (
    SYSTEM,
    TAIL,
    Loss,
    Seller,
    loss_at_end,
    lowest_mean,
    seller,
    sellers,
)
from stress.results.report.numbers import amount, shown, spoken
from stress.results.report.risk import Risk
from stress.results.story.words import because
from stress.results.terminal.cells import money, money_unit, percent
from stress.results.terminal.names import step_name

MOST_REASONS, MOST_ASSETS = 3, 3
WORDS = {
    "held_still": "the market (positions held still)",
    "cutting": "cutting positions",
    "selling": "what selling does to prices",
    "dip_buyers": "dip-buyers",
}


class Facts:
    """Sentences about one result; empty where it does not hold what they are about."""

    def __init__(self, tree: xr.DataTree, risk: Risk) -> None:
        self._tree, self._risk = tree, risk
        self._nav = risk.figure("nav_usd")[0]

    def how_far_down(self) -> str:
        """The lowest point of the mean path and of the worst ones."""
        lowest, end = lowest_mean(self._tree), loss_at_end(self._tree)
        if lowest is None or end is None:
            return ""
        who = "The mean path" if self._risk.random else "Every path"
        if lowest.total.value <= 0:
            return f"{who} of all funds together is never below its start."
        text = (
            f"{who} of all funds together is {spoken(*lowest.total, '%', 100)} of start NAV down at its lowest, the "
            f"end of {step_name(self._tree, lowest.step)}: {money(lowest.total.value * self._nav)}. "
        )
        if lowest.step != end.step:
            text += f"At the end it is {spoken(*end.total, '%', 100)} down. "
        return text + self._worst()

    def _worst(self) -> str:
        if not self._risk.random:
            return ""
        level = self._risk.level
        value, error = self._risk.figure("trough_es", level=level)
        share = percent(round(1 - level, 12))
        amount = f"{spoken(value, error, '%', 100)}, {money(value * self._nav)}"
        return f"The worst {share} of paths are {amount}, down at their lowest on average."

    def made_of(self) -> str:
        """The parts at the lowest point of the mean path, at the end and in the tail."""
        lowest, end, tail = lowest_mean(self._tree), loss_at_end(self._tree), loss_at_end(self._tree, TAIL)
        if lowest is None or end is None:
            return ""
        if lowest.step != end.step and lowest.total.value > 0:
            at = f"At the lowest, the end of {step_name(self._tree, lowest.step)}"
            text = f"{at}, {_sum(lowest)}. At the end, {_sum(end)}."
        else:
            text = f"At the end, {_sum(end)}."
        if self._risk.random and tail is not None:
            text += f" On the worst 1 % of {self._taken_apart()}, {_sum(tail)}."
        return text

    def _taken_apart(self) -> str:
        """The paths whose losses are told by their parts."""
        apart, every = self._tree["attribution"].attrs.get("paths_taken_apart"), int(self._tree.attrs["paths"])
        return f"the first {int(apart):,} paths" if apart is not None and apart < every else "paths"

    def who_sold(self) -> str:
        """The funds that sell most, why, and what."""
        first = sellers(self._tree)
        if not first:
            return "Nothing is sold by force on any path."
        whole = seller(self._tree, SYSTEM)
        text = f"{money(whole.sales.value)} are sold by force on average, because of {_reasons(whole)}. "
        return text + " ".join(f"{one.fund} sells {_sold(one)}." for one in first)


def _sum(loss: Loss) -> str:
    """A loss with its parts, which sum to it: "the loss of 1.55 % of NAV: market 0.33, ..., dip-buyers -0.01"."""
    parts = [f"{WORDS.get(part, part.replace('_', ' '))} {shown(x.value, 100)}" for part, x in loss.parts.items()]
    return f"the loss of {spoken(*loss.total, '%', 100)} of NAV: {', '.join(parts)}"


def _sold(one: Seller) -> str:
    text = f"{amount(*one.sales)}, because of {_reasons(one)}"
    scale = money_unit([one.sales.value])[1]
    goods = ", ".join(f"{asset} {shown(usd, scale, 1)}" for asset, usd in one.sold[:MOST_ASSETS])
    return f"{text}; net sales are largest of {goods}" if goods else text


def _reasons(one: Seller) -> str:
    shares = [f"{because(x).replace('its ', 'their ')} ({shown(part, 100, 0)} %)" for x, part in one.because]
    return ", ".join(shares[:MOST_REASONS])
