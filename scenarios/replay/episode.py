"""The moves of a library episode, day by day: as they were observed, or the news without the funds' own selling.

Observed closes, in `NAME-observed.csv`, contain the forced selling of their day. The script of an episode is the news:
with the episode's funds in the market a run closes on the observed moves. So a book alone takes what was observed, and
a book beside these funds the news.
"""

from __future__ import annotations

import csv
import tomllib
from typing import Any, Literal, NamedTuple

from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.library import library_path, list_names
from stress.scenarios.read import units

Moves = Literal["observed", "news"]


class Episode(NamedTuple):
    """Simple returns of a library scenario's assets."""

    name: str
    moves: Moves
    days: tuple[str, ...]  # dates, or "day 1" where the library has none
    returns: dict[str, tuple[float, ...]]  # by asset, one a day
    classes: dict[str, str]  # asset class by asset
    only: bool  # the library has no moves of the other kind


def episode_names() -> list[str]:
    """Library scenarios that move something by a script."""
    return [name for name in list_names() if _script(_document(name))]


def read_episode(name: str, moves: Moves, file: str, key: str) -> Episode:
    """An episode with the moves asked for, or those that the library has.

    Args:
        name: of the library scenario.
        moves: which.
        file: that names it, in messages.
        key: likewise.

    Raises:
        ScenarioError: no episode of the library.
    """
    if name not in episode_names():
        allowed = suggest(name, episode_names())
        raise ScenarioError("is no episode of the library", file=file, key=key, value=name, allowed=allowed)
    document = _document(name)
    classes = {row["id"]: row["asset_class"] for row in _assets(document)}
    observed = library_path(name).with_name(f"{name}-observed.csv")
    if moves == "observed" and observed.is_file():
        with observed.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        found = {asset: tuple(map(float, cells)) for asset, *cells in rows}
        return Episode(name, "observed", tuple(header[1:]), found, classes, False)
    script = _script(document)
    last = max(entry["step"] for entry in script)
    by_asset: dict[str, list[float]] = {}
    for entry in script:
        for asset, move in entry["moves"].items():
            by_asset.setdefault(asset, [0.0] * last)[entry["step"] - 1] = units.fraction(move)
    days = tuple(f"day {n}" for n in range(1, last + 1))
    returns = {asset: tuple(values) for asset, values in by_asset.items()}
    return Episode(name, "news", days, returns, classes, not observed.is_file())


def funds_of(name: str) -> frozenset[str]:
    """Ids of an episode's funds."""
    return frozenset(fund["id"] for fund in _document(name)["funds"])


def _document(name: str) -> dict[str, Any]:
    return tomllib.loads(library_path(name).read_text(encoding="utf-8"))


def _script(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document.get("shocks", {}).get("script", [])
    return found


def _assets(document: dict[str, Any]) -> list[dict[str, Any]]:
    given = document["assets"]
    if not isinstance(given, str):
        return list(given)
    with library_path("desk").with_name(given).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
