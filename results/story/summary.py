"""The story of a path in a few lines: how much was lost, why, by whom, who was called, and who sold what."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr

from stress.results.story.beyond import beyond_history, in_words
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
from stress.results.story.words import SYSTEM, TRADES, because, caused_by
from stress.results.terminal.cells import money_unit, printable

LEAST_CALL = 200.0  # times what reads as 0: less than 0.1 of the unit of a story


@dataclass(frozen=True)
class Line:
    """One line of a story: what it is about, and what happened."""

    label: str
    text: str


def heading(story: xr.DataTree) -> str:
    """Which path of which run this is."""
    attrs = story.attrs
    which = f"path {int(attrs['path'])}"
    if attrs.get("shock"):
        which = str(attrs["shock"])
    elif attrs["rank"]:
        whom = "the whole system" if attrs["ranked_by"] == SYSTEM else attrs["ranked_by"]
        place = "the worst" if attrs["rank"] == 1 else f"number {attrs['rank']} of the worst"
        which += f", {place} of {attrs['paths']:,} for {whom}"
    elif attrs.get("stands_for"):
        which += f", {stands_for(int(attrs['stands_for']))}"
    return printable(f"{attrs['title'] or attrs['name']}: {which}")


def stands_for(count: int) -> str:
    """What a representative path is."""
    if count == 1:
        return "the worst of the detailed paths for the whole system"
    return (
        f"of the worst 1 % for the whole system ({count:,} detailed paths) the one nearest to their mean loss by step"
    )


def focus(story: xr.DataTree) -> list[str]:
    """The fund by whose loss the path was chosen, if it is a single one."""
    whom = str(story.attrs["ranked_by"])
    return [whom] if whom not in ("", SYSTEM) else []


def told_of(story: xr.DataTree) -> list[tuple[str, list[str]]]:
    """Of whom the losses are told, with the rows that they are: the system, then the fund or group the path is about;
    of a shock that was looked for these first."""
    found = [(SYSTEM, [SYSTEM]), *((fund, [fund]) for fund in focus(story))]
    if "group" in story.attrs:
        found.append((str(story.attrs["group"]), json.loads(story.attrs["group_members"])))
    return found[::-1] if story.attrs.get("shock") else found


def summary_lines(story: xr.DataTree, top: int) -> list[Line]:
    """The whole path; lists name the `top` largest items."""
    outcome, steps, rounds = (story[name].to_dataset() for name in ("outcome", "steps", "rounds"))
    amounts, whose = amounts_of(story), told_of(story)
    lines = [Line("" if at else "loss", _loss(outcome, *whom, amounts)) for at, whom in enumerate(whose)]
    beyond = beyond_history(story)
    if beyond:
        left = f" and {counted(len(beyond) - top, 'other asset')}" if len(beyond) > top else ""
        told = ", ".join(in_words(one) for one in beyond[:top])
        lines.append(Line("not seen", f"beyond anything recorded: {told}{left}"))
    label = "P&L, %"
    for name, rows in whose:
        nav = outcome["nav_usd"].sel(fund=rows)
        parts = steps["contribution"].sel(fund=rows).sum("step")
        causes = cause_list((parts * nav).sum("fund") / nav.sum() if len(rows) > 1 else parts.isel(fund=0))
        if causes:
            lines.append(Line(label, f"{name}: {causes}"))
            label = ""
    lost = largest_first((outcome["fund_loss"] * outcome["nav_usd"]).clip(min=0), "fund", amounts.least, focus(story))
    if len(lost) > 1:
        share = {fund: f" ({percent(float(outcome['fund_loss'].sel(fund=fund)), 1)})" for fund, _ in lost}
        lines.append(Line("who", f"{listed(lost, amounts.write, top, beside=share)} {amounts.unit}"))
    lines.append(_called(outcome, top, focus(story), amounts))
    lines += _sold(outcome, steps, rounds, top, focus(story), amounts)
    names = [str(fund) for fund in outcome["fund"].values if fund != SYSTEM]
    default = [fund for fund in names if bool(outcome["defaulted"].sel(fund=fund))]
    if default:
        lines.append(Line("defaults", joined(_default(steps, fund) for fund in default)))
    if "broker_loss_usd" in outcome:
        losing = largest_first(outcome["broker_loss_usd"], "prime_broker", amounts.least)
        if losing:
            lines.append(Line("brokers", f"lose {listed(losing, amounts.write, top)} {amounts.unit}"))
    return lines


def cause_list(contribution: xr.DataArray) -> str:
    """P&L by component, the largest first, in % of start NAV."""
    causes = [(caused_by(name), value) for name, value in largest_first(contribution, "component", FLAT)]
    return listed(causes, points, len(causes), total=False)


def _loss(outcome: xr.Dataset, name: str, rows: list[str], amounts: Amounts) -> str:
    """`quant_emn loses 31.0 bn USD, 14.11 % of start NAV; held still it would lose 11.55 %: ...`."""
    of_them = outcome.sel(fund=rows)
    nav = of_them["nav_usd"]
    whole = float(nav.sum())
    loss, static = (float((of_them[key] * nav).sum()) / whole for key in ("fund_loss", "fund_loss_static"))
    several = name == SYSTEM

    verb = ("lose" if loss >= 0 else "gain") + ("" if several else "s")
    still = f"{'they' if several else 'it'} would {'lose' if static >= 0 else 'gain'} {percent(abs(static))}"
    return (
        f"{'the funds' if several else name} {verb} {amounts.told(abs(loss) * whole)}, {percent(abs(loss))} of start "
        f"NAV; held still {still}: {_trading(loss - static)}"
    )


def _trading(cost: float) -> str:
    if abs(cost) < FLAT:
        return "trading makes no difference"
    return f"trading and its impact {'cost' if cost > 0 else 'spare'} {percent(abs(cost))}"


def _called(outcome: xr.Dataset, top: int, first: list[str], amounts: Amounts) -> Line:
    steps = outcome["first_call_step"]
    earliest = int(steps.sel(fund=SYSTEM))
    if not earliest:
        return Line("calls", "nobody gets a margin call")
    named = [str(fund) for fund in steps["fund"].values if fund != SYSTEM and int(steps.sel(fund=fund)) == earliest]
    who = joined(named) if len(named) <= 3 else counted(len(named), "fund")
    total = float(outcome["called_usd"].sel(fund=SYSTEM))
    if total < 1:
        return Line("calls", f"less than 1 USD, from step {earliest} on ({who})")
    if total < LEAST_CALL * amounts.least:
        amounts = Amounts(*money_unit([total]))  # a call by a hair reads as 0 in the unit of the losses
    items = largest_first(outcome["called_usd"], "fund", amounts.least, first)
    return Line("calls", f"{amounts.told(total)}, from step {earliest} on ({who}): {listed(items, amounts.write, top)}")


def _sold(
    outcome: xr.Dataset, steps: xr.Dataset, rounds: xr.Dataset, top: int, first: list[str], amounts: Amounts
) -> list[Line]:
    items = largest_first(outcome["forced_sales_usd"], "fund", amounts.least, first)
    if not items:
        return [Line("sales", "nobody is forced to sell")]
    total = amounts.told(float(outcome["forced_sales_usd"].sel(fund=SYSTEM)))
    count = counted(int(steps["rounds"].sum()), "round")
    lines = [Line("sales", f"{total} in {count}: {listed(items, amounts.write, top)}")]
    asked_by = rounds["forced_sales_by_trigger_usd"].sel(fund=SYSTEM).sum(["step", "round"])
    reasons = [
        (because(name).replace("its", "their"), usd) for name, usd in largest_first(asked_by, "trigger", amounts.least)
    ]
    lines.append(Line("", f"because of {listed(reasons, amounts.write, len(reasons))}"))
    for name, (_, what) in TRADES.items():
        if name in rounds:
            assets = largest_first(rounds[name].sel(fund=SYSTEM).sum(["step", "round"]), "asset", amounts.least)
            if assets:
                lines.append(Line("", f"{what}: {listed(assets, amounts.write, top)}"))
    return lines


def _default(steps: xr.Dataset, fund: str) -> str:
    members = steps["defaults"].sel(fund=fund)
    first = int(members["step"].values[int(np.argmax(members.values > 0))])
    last = int(members.isel(step=-1))
    return f"{fund} in step {first}" + (f" ({last} members in the end)" if last > 1 else "")
