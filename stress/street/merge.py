"""One scenario of two: the market and the funds of a street, and the user's assets and funds in it.

The market is the street's: horizon, shocks, correlation, impact, liquidity, purchases from outside, the cap on forced
orders, rounds. Of the user's scenario come assets, funds with all their terms, own terms of prime brokers, groups and
what is estimated. `--set` changes the joined scenario.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from stress.calibration.covariance import correlation
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.days import in_days
from stress.street.ties import Tie

BOOK = {"schema", "name", "title", "description", "sources", "assets", "funds", "crowding", "prime_brokers", "groups"}
BOOK |= {"estimation"}
PREFIX = "my_"
MINE = "mine"  # the group of the user's funds
MOST_NAMES = 1_000  # in a matrix of both
Matrix = dict[str, dict[str, float]]


def new_ids(mine: Sequence[str], street: Sequence[str]) -> dict[str, str]:
    """The user's ids, with a prefix where the street has the same one."""
    taken, found = {*street, *mine}, {}
    for name in mine:
        new = name
        while new in street or (new != name and new in taken):
            new = PREFIX + new
        found[name] = new
        taken.add(new)
    return found


def joined(
    mine: Problem, street: Problem, ties: Mapping[str, Tie], assets: Mapping[str, str], funds: Mapping[str, str]
) -> dict[str, Any]:
    """The document of both.

    Args:
        mine: the user's problem.
        street: that of the street.
        ties: by asset of the user, what it follows.
        assets: the user's assets under their ids in the joined scenario.
        funds: likewise.

    Raises:
        ScenarioError: both give terms to one prime broker, and other ones.
    """
    own, theirs = copy.deepcopy(mine.canonical), copy.deepcopy(street.canonical)
    market = {key: value for key, value in theirs.items() if key not in BOOK}
    document: dict[str, Any] = {key: own[key] for key in ("schema", "name", "title", "description", "estimation")}
    document |= market
    document["title"] = f"{mine.title or mine.name}, inside {street.name}"
    document["sources"] = [*own["sources"], *theirs["sources"]]
    document["assets"] = [
        *(_asset(row, ties, assets) for row in _in_order(own["assets"], mine.assets.file_order)),
        *_in_order(theirs["assets"], street.assets.file_order),
    ]
    days = mine.steps_per_day, street.steps_per_day
    document["funds"] = [
        *(_fund(row, assets, funds, days) for row in _in_order(own["funds"], mine.funds.types_file_order)),
        *_in_order(theirs["funds"], street.funds.types_file_order),
    ]
    crowding = {funds[name]: table for name, table in own.get("crowding", {}).items()} | theirs.get("crowding", {})
    brokers = _brokers(own.get("prime_brokers", {}), theirs.get("prime_brokers", {}), mine.origin.scenario)
    document |= {key: table for key, table in (("crowding", crowding), ("prime_brokers", brokers)) if table}
    document["groups"] = _groups(own.get("groups", []), theirs.get("groups", []), funds, street)
    grown = _grower(mine, street, ties, assets)
    if (table := grown(document.pop("correlation", None))) is not None:
        document["correlation"] = table
    regime = document.get("shocks", {}).get("regime", {})
    if "correlation" in regime:
        regime["correlation"] = grown(regime["correlation"])
    return document


def _in_order(rows: list[dict[str, Any]], ids: Sequence[str]) -> list[dict[str, Any]]:
    by_id = {row["id"]: row for row in rows}
    return [by_id[name] for name in ids]


def _asset(row: dict[str, Any], ties: Mapping[str, Tie], assets: Mapping[str, str]) -> dict[str, Any]:
    if row.get("loadings"):  # on other assets of the user, which it follows into the street
        row["loadings"] = {assets[other]: loading for other, loading in row["loadings"].items()}
    elif ties[row["id"]].loadings:
        tie = ties[row["id"]]
        row["loadings"] = {asset: loading for asset, loading in tie.loadings.items() if loading != 0.0}
        row["shock_vol"] = row["shock_vol"] * float(np.sqrt(max(0.0, 1.0 - tie.explained)))
    return row | {"id": assets[row["id"]]}


def _fund(
    row: dict[str, Any], assets: Mapping[str, str], funds: Mapping[str, str], days: tuple[int, int]
) -> dict[str, Any]:
    """A fund of the user under new ids; `days`: steps of a day there and in the street, where durations are of days."""
    for book in (row, *row.get("books", ())):
        for key in {"positions", "gamma", "theta"} & book.keys():
            book[key] = {assets[name]: held for name, held in book[key].items()}
        if "theta" in book:
            book["theta"] = {name: a_step * days[0] / days[1] for name, a_step in book["theta"].items()}
    for key in {"margin", "triggers"} & row.keys() if days[0] == 1 < days[1] else ():
        row[key] = in_days(row[key], 1, always=True)
    margin = row.get("margin", {})
    if "rates" in margin:
        margin["rates"] = {assets.get(name, name): rate for name, rate in margin["rates"].items()}
    if "scenarios" in margin:
        margin["scenarios"] = [{assets.get(n, n): move for n, move in case.items()} for case in margin["scenarios"]]
    return row | {"id": funds[row["id"]]}


def _groups(own: list[Any], theirs: list[Any], funds: Mapping[str, str], street: Problem) -> list[dict[str, Any]]:
    """Groups of both, and one of all the user's funds where they have not made it themselves."""
    taken = {*street.funds.types, *street.funds.ids, *(group["id"] for group in theirs), *funds.values()}
    found = [{"id": group["id"], "funds": [funds[name] for name in group["funds"]]} for group in own]
    if MINE not in {group["id"] for group in found}:
        found.append({"id": MINE, "funds": list(funds.values())})
    for group in found:
        while group["id"] in taken:
            group["id"] = f"{PREFIX}{group['id']}"
    return [*found, *theirs]


def _brokers(own: dict[str, Any], theirs: dict[str, Any], file: str) -> dict[str, Any]:
    for name in own.keys() & theirs.keys():
        if own[name] != theirs[name]:
            raise ScenarioError(
                "has terms of its own in the street, too, and other ones",
                file=file,
                key=f"prime_brokers.{name}",
                value=own[name],
                allowed="another name for this prime broker, or the terms that it has in the street",
            )
    return own | theirs


def _grower(
    mine: Problem, street: Problem, ties: Mapping[str, Tie], assets: Mapping[str, str]
) -> Callable[[dict[str, Any] | None], dict[str, Any] | None]:
    """What makes of a correlation of the street one of both: what is left of regressions is correlated as it was."""
    places = {name: n for n, name in enumerate(street.assets.ids)}
    with_rest = [name for name, tie in ties.items() if tie.residuals is not None and name not in mine.assets.tied]
    with_rest = with_rest if in_one_matrix(mine, street) else []
    rest: dict[tuple[str, str], float] = {}
    if len(with_rest) > 1:
        residuals = np.column_stack([left for name in with_rest if (left := ties[name].residuals) is not None])
        found = correlation(residuals).matrix
        rest = {(a, b): float(found[i, j]) for i, a in enumerate(with_rest) for j, b in enumerate(with_rest)}
    plain = [name for name in assets if name not in mine.assets.tied and not any(ties[name].loadings.values())]

    def entry(one: str, other: str) -> float:
        return 1.0 if one == other else rest.get((one, other), 0.0)

    def matrix(of_street: Callable[[str, str], float]) -> Matrix:
        every = rest or street.assets.tied  # else the matrix leaves out who has loadings
        own = {assets[name]: name for name in (assets if every else plain)}
        ids = [*street.assets.ids, *own]

        def between(one: str, other: str) -> float:
            if one in places and other in places:
                return of_street(one, other)
            return entry(own[one], own[other]) if one in own and other in own else 0.0

        return {one: {other: between(one, other) for other in ids} for one in ids}

    def grown(table: dict[str, Any] | None) -> dict[str, Any] | None:
        if table is None:
            return {"matrix": matrix(lambda a, b: float(a == b))} if rest else None
        if "constant" in table and not (rest or plain or "blend" in table):
            return table
        if "factor" in table:
            whole = street.shocks.correlation
            return {"matrix": matrix(lambda a, b: float(whole[places[a], places[b]]))}
        made = dict(table)
        if "constant" in made:  # which leaves out what has loadings
            free = np.array([name not in street.assets.tied for name in places])
            alike = np.where(np.outer(free, free), made["constant"], 0.0)
            np.fill_diagonal(alike, 1.0)
            made["matrix"] = alike
            del made["constant"]

        def from_rows(rows: Any) -> Matrix:
            whole, free = np.eye(len(places)), np.array([name not in street.assets.tied for name in places])
            there = np.flatnonzero(free if len(rows) < len(places) else np.ones_like(free))
            whole[np.ix_(there, there)] = rows
            return matrix(lambda a, b: float(whole[places[a], places[b]]))

        made["matrix"] = from_rows(made["matrix"])
        if "blend" in table:
            made["blend"] = table["blend"] | {"matrix": from_rows(table["blend"]["matrix"])}
        return made

    return grown


def in_one_matrix(mine: Problem, street: Problem) -> bool:
    """Whether names are few enough for a matrix of both, which residuals that are correlated need."""
    return len(mine.assets.ids) + len(street.assets.ids) <= MOST_NAMES
