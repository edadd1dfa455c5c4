"""`[[shocks.condition]]`: keys become rows of weights over assets, one set of rows a step.

An asset's row is 1 at the asset. That of an asset class or a sector is its value-weighted move: weights are the gross
market value that all funds together hold at the start, so what nobody holds has none. `KEY.*` is a row for each asset
of the class or sector, held or not. A row fixes a weighted log return at `log(1 + move)`: exact for one asset; of
several it is the move of the weighted sum to first order, and `scenarios.conditions.report` tells the simple move that
comes of it. An asset with loadings is fixed whole: its row holds what it moves with, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stress.scenarios.conditions.record import Condition
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.problem import Assets, Books, Bools, Floats, Shocks
from stress.scenarios.schema.scenario import Scenario

EACH = ".*"  # after a class or a sector: each asset of it
MOST_ROWS = 2_000  # of one step


def build_conditions(scenario: Scenario, assets: Assets, books: Books, shocks: Shocks) -> tuple[Condition, ...]:
    """One condition for each step that has any, by step; entries of the same step are joined.

    Raises:
        ScenarioError: an unknown key, a group of which nothing is held, a move given twice, a step beyond the
            horizon, an asset that the script moves at the same step, a model without a draw.
    """
    entries = scenario.shocks.condition if scenario.shocks is not None else []
    if entries and shocks.model == "none":
        allowed = 'a model that draws; with "none" moves go into [[shocks.script]]'
        raise _refused(scenario, "has nothing to act on: nothing is drawn", "shocks.condition", "none", allowed)
    held = np.zeros(len(assets.ids))
    for size, started, shape in zip(books.size, books.start_held, books.shape_of, strict=True):
        held += size * started * np.abs(books.shapes[shape])
    rows: dict[int, dict[str, tuple[float, Floats, str]]] = {}
    widths: dict[int, float | None] = {}
    for position, entry in enumerate(entries):
        at = f"shocks.condition[{position}]"
        if entry.step > scenario.horizon.steps:
            allowed = f"1 to {scenario.horizon.steps} (horizon.steps)"
            raise _refused(scenario, "lies outside the horizon", f"{at}.step", entry.step, allowed)
        own = rows.setdefault(entry.step, {})
        widths[entry.step] = entry.bandwidth or widths.get(entry.step)
        for key, move in entry.moves.items():
            where = f"{at}.moves.{key}"
            for name, weights in _rows(scenario, assets, held, key, move, where):
                if name in own:
                    allowed = f"one move for each at a step; {own[name][2]} has it, too"
                    raise _refused(scenario, f"fixes {name} twice at step {entry.step}", where, move, allowed)
                own[name] = (move, weights, where)
    found = []
    for step in sorted(rows):
        _check_script(scenario, assets, _moved(shocks, step), rows[step], step)
        if len(rows[step]) > MOST_ROWS:
            allowed = f"{MOST_ROWS:,} at most"
            raise _refused(scenario, f"fixes {len(rows[step])} moves", "shocks.condition", step, allowed)
        if rows[step]:
            names = sorted(rows[step])
            of_step = [rows[step][name] for name in names]
            moves, weights = np.array([one[0] for one in of_step]), np.stack([one[1] for one in of_step])
            found.append(Condition(step, tuple(names), moves, weights, _of_own(assets, weights), widths[step]))
    return tuple(found)


def _rows(
    scenario: Scenario, assets: Assets, held: Floats, key: str, move: float, where: str
) -> Iterator[tuple[str, Floats]]:
    """Names and weights (asset,) of the rows that a key stands for."""
    count = len(assets.ids)
    if key in assets.ids:
        yield key, _unit(assets.ids.index(key), count)
        return
    name = key.removesuffix(EACH)
    members = _members(scenario, assets, name, where, move)
    if key.endswith(EACH):
        yield from ((assets.ids[i], _unit(int(i), count)) for i in np.flatnonzero(members))
        return
    value = np.where(members, held, 0.0)
    if not value.sum() > 0:
        allowed = f"a class or sector of which some fund holds something; {key}{EACH} fixes each asset of it"
        raise _refused(scenario, "names what no fund holds, so it has no weights", where, move, allowed)
    yield key, value / value.sum()


def _unit(i: int, count: int) -> Floats:
    row = np.zeros(count)
    row[i] = 1.0
    return row


def _members(scenario: Scenario, assets: Assets, name: str, where: str, move: float) -> Bools:
    """Assets of the class or sector of that name, (asset,) bool; sectors are compared without regard to case."""
    sectors = {asset.id: asset.sector for asset in scenario.assets}
    of_class = np.array([kind == name for kind in assets.asset_class])
    of_sector = np.array([sectors[asset].casefold() == name.casefold() for asset in assets.ids])
    if of_class.any() and of_sector.any() and not np.array_equal(of_class, of_sector):
        allowed = "a sector of another name than the classes"
        raise _refused(scenario, f"{name!r} is an asset class and a sector of other assets", where, move, allowed)
    if not (of_class | of_sector).any():
        known = dict.fromkeys([*assets.ids, *sorted(set(assets.asset_class)), *sorted({*sectors.values()} - {""})])
        which = (
            "no asset, asset class or sector" if any(sectors.values()) else "no asset or class; no asset has a sector"
        )
        raise _refused(scenario, f"{name!r} is {which}", where, move, suggest(name, list(known)))
    members: Bools = of_class | of_sector
    return members


def _of_own(assets: Assets, weights: Floats) -> Floats:
    """What weights (..., asset) of whole draws are of own ones: an asset with loadings brings what it moves with."""
    if assets.loadings is None:
        return weights
    rows = weights.copy()
    rows[..., assets.loadings.sources] += weights @ assets.loadings.whole
    return rows


def _moved(shocks: Shocks, step: int) -> Bools:
    """Assets that have a move of a script or a replay at a step, (asset,)."""
    moved: Bools = shocks.script[step - 1] != 0
    if shocks.replay is not None and step in shocks.replay.steps:
        moved = moved | ~shocks.replay.draws
    return moved


def _check_script(
    scenario: Scenario, assets: Assets, moved: Bools, rows: dict[str, tuple[float, Floats, str]], step: int
) -> None:
    """Refuse a row with an asset that a script or a replay moves at the step, by itself or through its loadings."""
    for name, (move, weights, where) in rows.items():
        both = (_of_own(assets, weights) != 0) & moved
        if both.any():
            asset = assets.ids[int(both.argmax())]
            how = "has" if weights[int(both.argmax())] != 0 else "moves with"
            whose = "has a scripted move" if asset == name else f"{how} {asset}, which has a scripted move"
            allowed = "a script, a replay or a condition of an asset at a step, not two of them"
            raise _refused(scenario, f"{whose} at step {step}, too", where, move, allowed)


def _refused(scenario: Scenario, problem: str, key: str, value: object, allowed: str) -> ScenarioError:
    return ScenarioError(problem, file=scenario.source, key=key, value=value, allowed=allowed)
