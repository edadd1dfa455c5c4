"""`[shocks] replay`: the days of an episode become scripted moves of the scenario's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.library.counterparts import of_series
from stress.scenarios.problem import Assets, Shocks
from stress.scenarios.read.quantities import MOVE
from stress.scenarios.read.returns import FILE, known_returns
from stress.scenarios.replay.episode import Episode, Moves, funds_of, read_episode
from stress.scenarios.replay.followed import BY_HAND, DRAWS, LOADED, PROXIES, Followed, follow
from stress.scenarios.replay.record import Replay as Resolved
from stress.scenarios.schema.replay import Replay
from stress.scenarios.schema.scenario import Scenario

DRAW, RESIDUAL = "draw", "residual"
KEY = "shocks.replay"
MOST_NAMED = 8


def with_replay(scenario: Scenario, assets: Assets, shocks: Shocks) -> Shocks:
    """The shocks with an episode's moves in the script, and what each name follows.

    Raises:
        ScenarioError: no such episode, a horizon that ends before it, names that follow nothing, a script on a name
            and step that the replay moves.
    """
    table = scenario.shocks.replay_table() if scenario.shocks is not None else None
    if table is None:
        return shocks
    moves, because = _which(scenario, table)
    episode = read_episode(table.episode, moves, scenario.source, f"{KEY}.episode")
    if episode.only and moves == "observed" and not table.because:
        because += "; the library has the news alone"
    each = scenario.horizon.steps_per_day
    steps = tuple(day * each + 1 for day in range(len(episode.days)))
    if steps[-1] > scenario.horizon.steps:
        problem = f"is shorter than the {len(episode.days)} days of {episode.name}"
        allowed = f"{steps[-1]} steps or more"
        raise ScenarioError(
            problem, file=scenario.source, key="horizon.steps", value=scenario.horizon.steps, allowed=allowed
        )
    found = _followed(scenario, assets, table, episode)
    every = [found[asset] for asset in assets.ids]
    draws = np.array([of.how in (DRAWS, LOADED) for of in every])
    if table.freed is not None:
        freed = np.array([asset in table.freed for asset in assets.ids])
    else:
        freed = np.array([of.how in PROXIES for of in every])
    log_moves = {asset: np.log1p(values) for asset, values in episode.returns.items()}
    script = shocks.script.copy()
    for i, of in enumerate(every):
        if draws[i]:
            continue
        for step in steps:
            if script[step - 1, i] != 0:
                allowed = "a script or a replay of an asset at a step, not both"
                where, value = f"shocks.script at step {step}, {assets.ids[i]}", float(script[step - 1, i])
                raise ScenarioError(
                    f"is moved by the replay of {episode.name}, too",
                    file=scenario.source,
                    key=where,
                    value=value,
                    allowed=allowed,
                )
        total = sum((of.exposures[name] * log_moves[name] for name in sorted(of.exposures)), np.zeros(len(steps)))
        with np.errstate(over="ignore"):
            moves_of_days = np.expm1(total)
        least, most = MOVE.possible
        if ((moves_of_days < least) | (moves_of_days > most)).any():
            far = float(moves_of_days[int(np.abs(total).argmax())])
            raise ScenarioError(
                f"moves {assets.ids[i]} by {far:.4g} on a day, {of.how}",
                file=scenario.source,
                key=f"{KEY}.map.{assets.ids[i]}",
                value=of.exposures,
                allowed=f"exposures that make moves of {least:g} to {most:g}",
            )
        script[np.array(steps) - 1, i] = moves_of_days
    resolved = Resolved(
        episode=episode.name,
        moves=episode.moves,
        because=because,
        days=episode.days,
        steps=steps,
        how=tuple(of.how for of in every),
        exposures=tuple(of.exposures for of in every),
        r_squared=tuple(of.r_squared for of in every),
        residual=np.array([of.residual for of in every]),
        draws=draws,
        freed=freed,
    )
    return replace(shocks, script=script, replay=resolved)


def replay_document(scenario: Scenario, assets: Assets, resolved: Resolved | None) -> dict[str, Any]:
    """The replay as a table of the file that needs no returns: every name by hand."""
    if resolved is None:
        return {}
    names: dict[str, Any] = {}
    for i, asset in enumerate(assets.ids):
        own = {} if resolved.residual[i] == 0 else {RESIDUAL: float(resolved.residual[i])}
        names[asset] = DRAW if resolved.draws[i] else resolved.exposures[i] | own
    freed = [asset for asset, out in zip(assets.ids, resolved.freed, strict=True) if out]
    fits = {asset: fit for asset, fit in zip(assets.ids, resolved.r_squared, strict=True) if fit is not None}
    record: dict[str, Any] = {"episode": resolved.episode, "moves": resolved.moves, "map": names, "freed": freed}
    record |= {"because": resolved.because, "how": dict(zip(assets.ids, resolved.how, strict=True)), "r_squared": fits}
    return {"replay": record}


def _which(scenario: Scenario, table: Replay) -> tuple[Moves, str]:
    if table.moves != "auto":
        return table.moves, table.because or "as asked for"
    if street_is_in(scenario, table.episode):
        return "news", "the funds of the episode are in the scenario and sell themselves"
    return "observed", "the funds of the episode are not in the scenario, so their selling is in the moves"


def street_is_in(scenario: Scenario, episode: str) -> bool:
    """Whether every fund of a library episode is in a scenario."""
    from stress.scenarios.library import list_names

    return episode in list_names() and funds_of(episode) <= {fund.id for fund in scenario.funds}


def _followed(scenario: Scenario, assets: Assets, table: Replay, episode: Episode) -> dict[str, Followed]:
    moved = {asset: episode.classes.get(asset, "") for asset in episode.returns}
    by_hand = {name: _by_hand(scenario, assets, table, moved, name, given) for name, given in table.map.items()}
    for name in table.freed or ():
        if name not in assets.ids:
            allowed = suggest(name, assets.file_order)
            raise ScenarioError(f"{name!r} is no asset", file=scenario.source, key=f"{KEY}.freed", allowed=allowed)

    def wanted(column: str) -> bool:
        return column in assets.ids or column in moved or bool(of_series(column))

    needed = set(assets.ids) - set(by_hand) - set(assets.tied)
    returns = known_returns(table.returns, table.kind, f"{KEY}.returns", wanted, scenario.files) if needed else {}
    sectors = {asset.id: asset.sector for asset in scenario.assets}
    found = follow(assets, sectors, moved, by_hand, returns)
    lost = [asset for asset in assets.file_order if found[asset] is None]
    if lost:
        more = f" and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
        allowed = (
            f'a table {KEY}.map: {{ "{lost[0]}" = "tech" }}, {{ tech = 1.1 }} or "draw"; a sector; or daily returns in '
            f"{FILE} beside those of an index that {episode.name} has; it moves {', '.join(sorted(moved))}"
        )
        problem = f"has nothing that {', '.join(lost[:MOST_NAMED])}{more} could follow"
        raise ScenarioError(problem, file=scenario.source, key=KEY, value=episode.name, allowed=allowed)
    return {asset: of for asset, of in found.items() if of is not None}


def _by_hand(
    scenario: Scenario,
    assets: Assets,
    table: Replay,
    moved: Mapping[str, str],
    name: str,
    given: str | dict[str, float],
) -> Followed:
    where = f"{KEY}.map.{name}"
    if name not in assets.ids:
        allowed = suggest(name, assets.file_order)
        raise ScenarioError(f"{name!r} is no asset", file=scenario.source, key=where, value=given, allowed=allowed)
    if given == DRAW:
        return Followed(DRAWS, {})
    if name in assets.tied:
        problem = f"{name} moves with {', '.join(assets.tied[name])} by its loadings"
        raise ScenarioError(problem, file=scenario.source, key=where, value=given, allowed=f'"{DRAW}", or no loadings')
    exposures = {given: 1.0} if isinstance(given, str) else {k: v for k, v in given.items() if k != RESIDUAL}
    residual = 0.0 if isinstance(given, str) else given.get(RESIDUAL, 0.0)
    for asset in exposures:
        if asset not in moved:
            allowed = suggest(asset, [*sorted(moved), DRAW])
            raise ScenarioError(
                f"{asset!r} does not move in the episode", file=scenario.source, key=where, value=given, allowed=allowed
            )
    if not 0 <= residual <= 1:
        where = f"{where}.{RESIDUAL}"
        raise ScenarioError(
            "is no share",
            file=scenario.source,
            key=where,
            value=residual,
            allowed="0 to 1 of the deviation of the draw",
        )
    return Followed(table.how.get(name, BY_HAND), exposures, residual, table.r_squared.get(name))
