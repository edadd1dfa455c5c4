"""A scenario inside a street: what `--street` of the commands and `street=` of Python make."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.conditions.option import Shock
from stress.scenarios.errors import ScenarioError, ScenarioWarning, suggest
from stress.scenarios.origin import Change
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import load_scenario, scenario_from_document
from stress.scenarios.read.overrides import Overrides
from stress.scenarios.read.returns import FILE, known_returns
from stress.scenarios.schema.scenario import Scenario
from stress.street.merge import BOOK, MOST_NAMES, in_one_matrix, joined, new_ids
from stress.street.ties import Following, Tie

LEVEL, MOST_NAMED = 0.1, 5  # how far apart volatilities may be without a word; series that are named


@dataclass(frozen=True)
class Inside:
    """The joined scenario and what was decided on the way."""

    scenario: Scenario
    ties: dict[str, Tie]  # by asset of the user, under its id in the joined scenario
    notes: tuple[str, ...]  # one line each


def inside(
    mine: str | Path | Scenario,
    street: str | Path,
    proxies: Mapping[str, str] | None = None,
    overrides: Overrides = (),
    shock: Shock = (),
) -> Inside:
    """A scenario with the funds and the market of a street around its own assets and funds.

    Args:
        mine: the user's scenario, or where it is.
        street: a scenario of the library, or a file.
        proxies: asset of the street by asset of the user, where no rule of `ties` is to say it.
        overrides: `--set` of the joined scenario.
        shock: `--shock` of it.

    Raises:
        ScenarioError: either is not valid, a proxy that is none, prime brokers of one name with other terms, or what
            the joined scenario lacks, such as numbers of the street's shock model for the user's assets.
    """
    own = mine if isinstance(mine, Scenario) else load_scenario(mine)
    other = load_scenario(street)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScenarioWarning)  # the joined scenario says what is left of them
        book, crowd = build_problem(own), build_problem(other)
    assets = new_ids(book.assets.file_order, crowd.assets.file_order)
    funds = new_ids(book.funds.types_file_order, crowd.funds.types_file_order)
    by_hand = _checked(proxies or {}, own.source, assets, crowd.assets.file_order)
    returns = known_returns(None, "log", "--street", book.assets.ids.__contains__, own.files)
    sectors = {asset.id: asset.sector for asset in own.assets if asset.sector}
    following = Following(book.assets, sectors, crowd, returns)
    ties = {name: following.tie(name, by_hand.get(name, "")) for name in book.assets.file_order}
    given = [Change(f"--street {street}", "street", str(street), None)]
    given += [Change(f"--proxy {name}={asset}", f"proxy.{name}", asset, None) for name, asset in by_hand.items()]
    origin = replace(own.origin, overrides=(*own.origin.overrides, *given))
    document, files = joined(book, crowd, ties, assets, funds), (own.files, other.files)
    scenario = scenario_from_document(document, overrides, shock, file=own.source, origin=origin, made_of=files)
    notes = [*_unread(own, other.name), *_renamed("asset", assets), *_renamed("fund", funds)]
    if following.names and abs(following.level - 1.0) > LEVEL:
        by = ", ".join(following.names[:MOST_NAMED])
        notes.append(f"volatilities of {own.source} are {following.level:.2f} times the street's, by {by}")
    notes += _other_draws(book, crowd, own.source)
    days = len(next(iter(returns.values()), ()))
    told = f"returns: {FILE} ({days:,} days of {len(returns)} assets)"
    notes.append(told if returns else f"no returns: {FILE} beside {own.source} would tie names better")
    if returns and not in_one_matrix(book, crowd):
        notes.append(f"own draws are independent: correlations of residuals are kept of {MOST_NAMES:,} names at most")
    return Inside(scenario, {assets[name]: tie for name, tie in ties.items()}, tuple(notes))


def _checked(proxies: Mapping[str, str], file: str, assets: Mapping[str, str], street: Any) -> dict[str, str]:
    for name, asset in proxies.items():
        if name not in assets:
            allowed = suggest(name, list(assets))
            raise ScenarioError("is no asset", file=file, key="--proxy", value=f"{name}={asset}", allowed=allowed)
        if asset not in street:
            problem, allowed = "is no asset of the street", suggest(asset, list(street))
            raise ScenarioError(problem, file=file, key="--proxy", value=f"{name}={asset}", allowed=allowed)
    return dict(proxies)


def _unread(own: Scenario, street: str) -> list[str]:
    """Tables of the user's that the street's market stands in place of."""
    left = sorted(key for key in own.document if key not in {*BOOK, "margin", "triggers", "assumed"})
    said = f"the market is that of {street}: horizon, shocks, correlation, impact, liquidity, outside flows"
    return [f"{said}; not read of {own.source}: {', '.join(left)}" if left else said]


def _other_draws(book: Problem, crowd: Problem, file: str) -> list[str]:
    """What makes losses inside differ from those alone, apart from the street itself."""
    if book.shocks.model == "none" or crowd.shocks.model == "none":
        return []
    pairs = {
        "shocks.scale": (book.shocks.scale, crowd.shocks.scale),
        "horizon.steps": (book.steps, crowd.steps),
    }
    told = [f"{key} {theirs:g} ({mine:g} in {file})" for key, (mine, theirs) in pairs.items() if mine != theirs]
    if not told:
        return []
    same = " ".join(f"--set {key}={theirs:g}" for key, (mine, theirs) in pairs.items() if mine != theirs)
    return [f"your assets' own draws, too, are with {' and '.join(told)}: a run alone compares with {same}"]


def _renamed(what: str, ids: Mapping[str, str]) -> list[str]:
    changed = [f"{old} is {new}" for old, new in ids.items() if old != new]
    return [f"{what}s that the street has, too: {', '.join(changed)}"] if changed else []
