"""At a step an asset with loadings takes its own script, or what is fixed of the assets that it moves with."""

from __future__ import annotations

import numpy as np

from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Assets, Shocks
from stress.scenarios.schema.scenario import Scenario


def check_moved_once(scenario: Scenario, assets: Assets, shocks: Shocks) -> None:
    """Refuse a script on an asset whose loadings bring it a script, a replay or a condition at the same step.

    Conditions on such an asset are those of its whole move: `scenarios.conditions.build` holds them against scripts.
    """
    if scenario.shocks is None or not assets.tied:
        return
    fixed = {(entry.step, asset): "a script" for entry in scenario.shocks.script for asset in entry.moves}
    for condition in shocks.conditions:
        of_it = np.flatnonzero((condition.weights != 0).any(axis=0))
        fixed |= {(condition.step, assets.ids[i]): "a condition" for i in of_it}
    if shocks.replay is not None:
        moved = [asset for asset, drawn in zip(assets.ids, shocks.replay.draws, strict=True) if not drawn]
        fixed |= {(step, asset): "the replay" for step in shocks.replay.steps for asset in moved}
    for position, entry in enumerate(scenario.shocks.script):
        for asset, move in entry.moves.items():
            others = assets.tied.get(asset, ())
            other = next((other for other in others if (entry.step, other) in fixed), None)
            if other is not None:
                by = fixed[entry.step, other]
                raise ScenarioError(
                    f"moves {asset} at step {entry.step}, and {by} moves {other} there, which it moves with",
                    file=scenario.source,
                    key=f"shocks.script[{position}].moves.{asset}",
                    value=move,
                    allowed=f"a move of {asset} or of what it moves with ({', '.join(others)}), not both",
                )
