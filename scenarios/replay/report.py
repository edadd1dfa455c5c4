"""What is told of a replay: which moves and why, and which name follows what."""

from __future__ import annotations

from typing import Any

from stress.scenarios.problem import Problem
from stress.scenarios.replay.followed import REGRESSION

MOST_NAMED = 4


def replay_facts(problem: Problem) -> dict[str, Any] | None:
    """The replay as JSON has it; None without one."""
    replay = problem.shocks.replay
    if replay is None:
        return None
    names = {}
    for i, asset in enumerate(problem.assets.ids):
        names[asset] = {"how": replay.how[i], "exposures": replay.exposures[i], "residual": float(replay.residual[i])}
        if replay.r_squared[i] is not None:
            names[asset]["r_squared"] = replay.r_squared[i]
    order = [asset for asset in problem.assets.file_order if asset in names]
    return {
        "episode": replay.episode,
        "moves": replay.moves,
        "because": replay.because,
        "days": dict(zip(replay.days, replay.steps, strict=True)),
        "names": {asset: names[asset] for asset in order},
    }


def replay_sentences(facts: dict[str, Any] | None) -> list[str]:
    """Which moves in which steps and why, and how names follow."""
    if not facts:
        return []
    days = list(facts["days"].items())
    (first, start), (last, end) = days[0], days[-1]
    span = f"{first} in step {start}" if len(days) == 1 else f"{first} to {last} in steps {start} to {end}"
    which = "moves as observed" if facts["moves"] == "observed" else "the news without the street's own selling"
    found = [f"Replay of {facts['episode']}: {which} ({facts['because']}); {span}, later steps are drawn."]
    rules: dict[str, list[str]] = {}
    for name, of in facts["names"].items():
        rules.setdefault(of["how"], []).append(name)
    told = []
    for rule, names in rules.items():
        named = ", ".join(_told(name, facts["names"][name]) for name in names[:MOST_NAMED])
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        if rule == REGRESSION:
            fits = [facts["names"][name]["r_squared"] for name in names]
            more += f"; R2 {min(fits):.2f} to {max(fits):.2f}, the rest of their own draws stays"
        told.append(f"{len(names)} {rule}: {named}{more}")
    return [*found, f"Names follow it: {'; '.join(told)}."]


def _told(name: str, of: dict[str, Any]) -> str:
    if not of["exposures"] or list(of["exposures"].items()) == [(name, 1.0)]:
        return name
    most = sorted(of["exposures"].items(), key=lambda one: -abs(one[1]))[:2]
    other = " ..." if len(of["exposures"]) > len(most) else ""
    return f"{name} = {' + '.join(f'{beta:.3g} {asset}' for asset, beta in most)}{other}".replace("+ -", "- ")
