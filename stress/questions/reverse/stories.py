"""The stories of shocks that were found: their paths recorded round by round, as a replay does."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from stress.engine.devices import Devices
from stress.errors import InvariantFailed
from stress.options import RunOptions
from stress.questions.limit_grammar import SYSTEM
from stress.questions.recorder import Recorder
from stress.questions.replay import largest_gap
from stress.questions.reverse.event import Event
from stress.results.answers.reverse.found import Shock
from stress.results.dataset.tree import spec_digest
from stress.results.story.tree import to_story
from stress.scenarios.problem import Problem


def told(
    problem: Problem,
    options: RunOptions,
    devices: Devices,
    event: Event,
    shocks: Sequence[Shock],
    says: Callable[[str], None],
) -> tuple[xr.DataTree, ...]:
    """The story of each shock, see `stress.replay`.

    Raises:
        InvariantFailed: a recording differs from the path itself.
    """
    if not shocks:
        return ()
    says("telling the story")
    group = _members(problem, event.who, options.members)
    recorder = Recorder(problem, options, devices)
    stories = []
    for number, shock in enumerate(shocks, 1):
        draws = np.log1p(shock.moves) - np.log1p(problem.shocks.script)
        recorded = recorder.through(draws)
        gap, limit = largest_gap(recorded, options.precision)
        if not gap <= limit:
            raise InvariantFailed(
                f"the recording of shock {number} differs from its path by {gap:.3g}, allowed: {limit:g}"
            )
        by_fund = event.who if event.who != SYSTEM and event.who in recorded.groups else ""
        attrs = {
            "path": 0,
            "rank": 0,
            "ranked_by": by_fund,
            "stands_for": 0,
            "shock": f"shock {number} for {event.text}",
            "directory": "",
            "paths": options.paths,
            "seed": options.seed,
            "precision": options.precision,
            "device_kind": devices.kind,
            "spec_sha256": spec_digest(problem.canonical),
            "figures_compared": 0,
            "recording_gap": gap,
            "recording_gap_allowed": limit,
            **({"group": event.who, "group_members": json.dumps(group)} if group else {}),
        }
        stories.append(to_story(recorded, attrs))
    return tuple(stories)


def _members(problem: Problem, who: str, members: bool) -> list[str]:
    """The funds of a group, as a story has them; none of what is no group."""
    types = problem.fund_groups.get(who, ())
    if not members:
        return list(types)
    ids, type_of = problem.funds.ids, problem.funds.type_of
    return [name for name, at in zip(ids, type_of, strict=True) if problem.funds.types[at] in types]
