"""One step of a story, round by round: news, rebound, calls, who trades what and why, prices, more calls."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from stress.results.story.items import (
    FLAT,
    Amounts,
    amounts_of,
    counted,
    joined,
    largest_first,
    listed,
    percent,
    points,
)
from stress.results.story.summary import Line, cause_list, focus
from stress.results.story.units import purchases
from stress.results.story.words import SYSTEM, TRADES, because, purchases_alone
from stress.scenarios.outside.registry import TABLES as OUTSIDE

MOST_ROUNDS = 3  # of a step that are told unless all are asked for
MOST_STEPS = 5
MOST_ASSETS = 3  # of a liquidity tier that are named


def told_steps(story: xr.DataTree, most: int = MOST_STEPS) -> list[int]:
    """The steps worth telling: all of a few, else those with most of the losses, calls, trades and defaults."""
    steps = story["steps"].to_dataset().sel(fund=SYSTEM)
    score = np.zeros(steps.sizes["step"])
    for amount in (
        np.diff(steps["fund_loss"].values, prepend=0.0),
        steps["called_usd"].values,
        steps["forced_sales_usd"].values + steps["built_usd"].values,
        np.diff(steps["defaults"].values, prepend=0),
    ):
        score += np.maximum(amount, 0.0) / max(float(amount.max()), 1e-300)
    labels = [int(step) for step in steps["step"].values]
    ranked = sorted(range(len(labels)), key=lambda at: (-round(float(score[at]), 9), labels[at]))
    return sorted(labels[at] for at in ranked[:most])


def step_lines(story: xr.DataTree, step: int, which: int | str | None, top: int) -> list[Line]:
    """What happened in a step.

    Args:
        story: the path.
        step: 1-based.
        which: a round, "all", "none", or None for the rounds with most of the trades.
        top: items named in a list.
    """
    first, amounts = focus(story), amounts_of(story)
    steps, rounds = (story[name].to_dataset().sel(step=step) for name in ("steps", "rounds"))
    lines = [Line("news, %", _moves(steps["outside_return"], top) or "none")]
    rebound = _moves(steps["rebound_return"], top)
    if rebound:
        lines.append(Line("rebound, %", rebound))
    lines.append(Line("", _standing(rounds, 0)))
    lines += _calls(rounds, 0, top, first, amounts)
    for flow in OUTSIDE:
        bought = largest_first(steps[purchases(flow)], "asset", amounts.least) if purchases(flow) in steps else []
        if bought:
            total = amounts.told(math.fsum(usd for _, usd in bought))
            lines.append(Line(flow, f"buys {total}: {listed(bought, amounts.write, top)}"))
    last = int(steps["rounds"])
    shown, left = chosen_rounds(rounds, last, which)
    for number in shown:
        lines += round_lines(rounds, number, top, first, amounts)
    if left:
        usd = amounts.told(math.fsum(_traded(rounds, number) for number in left))
        lines.append(Line("", f"and {counted(len(left), 'smaller round')} with {usd} of trades (--round all)"))
    if last == 0:
        lines.append(Line("", "nobody trades"))
    return [*lines, *_end(steps, first)]


def chosen_rounds(rounds: xr.Dataset, last: int, which: int | str | None) -> tuple[list[int], list[int]]:
    """The rounds told of a step, and those that are left out of a selection that was not asked for."""
    every = list(range(1, last + 1))
    if which == "all" or (which is None and last <= MOST_ROUNDS):
        return every, []
    if which is not None:
        return [number for number in every if number == which], []
    shown = sorted(every, key=lambda number: (-_traded(rounds, number), number))[:MOST_ROUNDS]
    return sorted(shown), [number for number in every if number not in shown]


def _traded(rounds: xr.Dataset, number: int) -> float:
    now = rounds.sel(round=number, fund=SYSTEM)
    return float(now["forced_sales_usd"]) + float(now["built_usd"])


def _moves(values: xr.DataArray, top: int) -> str:
    return listed(largest_first(values, "asset", FLAT), points, top, total=False)


def _standing(rounds: xr.Dataset, number: int) -> str:
    """How a round leaves the system."""
    now = rounds.sel(round=number, fund=SYSTEM)
    return f"system: loss {percent(float(now['loss']))}, gross leverage {float(now['gross_leverage']):.2f}"


def _calls(rounds: xr.Dataset, number: int, top: int, first: list[str], amounts: Amounts) -> list[Line]:
    """Calls read at the prices of a round."""
    now = rounds.sel(round=number)
    items = largest_first(now["called_usd"], "fund", 1.0, first)
    if not items:
        return []
    grown = {fund: "" if int(now["new_calls"].sel(fund=fund)) else " (an open call grows)" for fund, _ in items}
    new = int(now["new_calls"].sel(fund=SYSTEM))
    total = amounts.told(math.fsum(usd for _, usd in items))
    how_many = f" in {counted(new, 'new call')}" if new else ""
    if new > 0 and any(grown.values()):
        how_many += " and open ones"
    return [Line("calls", f"{total}{how_many}: {listed(items, amounts.write, top, beside=grown)}")]


def round_lines(rounds: xr.Dataset, number: int, top: int, first: list[str], amounts: Amounts) -> list[Line]:
    """One round: who trades what and why, what that does to prices, and the calls that follow."""
    now = rounds.sel(round=number)
    funds = largest_first(now["forced_sales_usd"] + now["built_usd"], "fund", amounts.least, first)
    named = funds if len(funds) <= top + 1 else funds[:top]
    texts = [_trader(now.sel(fund=fund), fund, top, amounts) for fund, _ in named] or [purchases_alone()]
    left = funds[len(named) :]
    if left:
        texts.append(f"and {len(left)} other funds, {amounts.told(math.fsum(usd for _, usd in left))}")
    cut = int(now["orders_cut"].sel(fund=SYSTEM)) - int(rounds["orders_cut"].sel(round=number - 1, fund=SYSTEM))
    tiers = _tiers_cut(rounds, number)
    if cut > 0 or tiers:
        whose = f"orders of {counted(cut, 'member')}" if cut > 0 else "more orders"
        texts.append(f"{whose} are cut to the participation limit{tiers}")
    lines = [Line("" if at else f"round {number}", text) for at, text in enumerate(texts)]
    lines.append(Line("prices, %", _moves(now["price_move"], top) or "hardly move"))
    lines.append(Line("", _standing(rounds, number)))
    return lines + _calls(rounds, number, top, first, amounts)


def _tiers_cut(rounds: xr.Dataset, number: int) -> str:
    """The liquidity tiers in which a round cut orders of more members, to end a sentence: " in tier 1 (bonds)"."""
    if "orders_cut_in_tier" not in rounds:
        return ""
    cut = rounds["orders_cut_in_tier"]
    more = cut.sel(round=number).values > cut.sel(round=number - 1).values
    named = zip(rounds["tier"].values.tolist(), rounds["tier_assets"].values.tolist(), more, strict=True)
    found = [f"{tier} ({_few(str(assets))})" for tier, assets, is_cut in named if is_cut]
    return f" in {'tier' if len(found) == 1 else 'tiers'} {joined(found)}" if found else ""


def _few(assets: str) -> str:
    """The first names of a list, and how many others there are."""
    names = assets.split(", ")
    return (
        assets
        if len(names) <= MOST_ASSETS
        else f"{', '.join(names[: MOST_ASSETS - 1])} and {len(names) - MOST_ASSETS + 1} others"
    )


def _trader(now: xr.Dataset, fund: str, top: int, amounts: Amounts) -> str:
    """What a fund trades in a round, and why."""
    parts = []
    for verb, total, split in (
        ("sheds", "forced_sales_usd", "forced_sales_by_trigger_usd"),
        ("adds", "built_usd", "built_by_trigger_usd"),
    ):
        reasons = [(because(name), usd) for name, usd in largest_first(now[split], "trigger", amounts.least)]
        if reasons:
            why = f" on {reasons[0][0]}" if len(reasons) == 1 else f" ({listed(reasons, amounts.write, len(reasons))})"
            parts.append(f"{verb} {amounts.told(float(now[total]))}{why}")
    trades = []
    for name, (verb, _) in TRADES.items():
        assets = largest_first(now[name], "asset", amounts.least) if name in now else []
        if assets:
            trades.append(f"{verb} {listed(assets, amounts.write, top)}")
    return f"{fund} {' and '.join(parts)}: {'; '.join(trades)}"


def _end(steps: xr.Dataset, first: list[str]) -> list[Line]:
    """P&L of the step by cause, for the system and the fund the path was chosen by, and who is left in trouble."""
    lines: list[Line] = []
    for fund in [SYSTEM, *first]:
        now, causes = steps.sel(fund=fund), cause_list(steps["contribution"].sel(fund=fund))
        so_far = f"loss so far {percent(float(now['fund_loss']))}, held still {percent(float(now['fund_loss_static']))}"
        lines.append(Line("" if lines else "P&L, %", f"{fund}: {causes or 'none'}; {so_far}"))
    system = steps.sel(fund=SYSTEM)
    open_calls, defaults = int(system["open_calls"]), int(system["defaults"])
    left = [counted(open_calls, "open call")] if open_calls else []
    left += [f"{counted(defaults, 'member')} in default"] if defaults else []
    return [*lines, Line("", f"left at the end: {', '.join(left)}")] if left else lines
