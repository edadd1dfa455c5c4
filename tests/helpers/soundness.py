"""Whether a problem has sound numbers, and what goes wrong when it is run."""

from __future__ import annotations

from typing import Any

import numpy as np

from scenario_example import parts_of
from stress.scenarios.problem import Problem

NO_LIMIT = {  # inf means that there is none
    *("leverage_limit.limit", "leverage_limit.target", "leverage_target.target", "funds.hike_level"),
    *("vol_target.ceiling", "stop_loss.drawdown", "overlay.loss"),
    *("cascade.max_participation", "impact.half_life", "shocks.dof"),
}


def unsound(record: Any, name: str = "") -> list[str]:
    """Names of the numbers of a problem that are NaN, or infinite where no limit is meant."""
    parts = record if name.rpartition(".")[2] in ("triggers", "outside") else parts_of(record)
    if parts is not None:
        own = name.rpartition(".")[2]
        return [x for key, part in parts.items() for x in unsound(part, f"{own}.{key}")]
    if isinstance(record, float) or (isinstance(record, np.ndarray) and record.dtype.kind == "f"):
        numbers = np.asarray(record)
        bad = np.isnan(numbers) | (numbers == -np.inf) | (np.isinf(numbers) & (name not in NO_LIMIT))
        return [name] if bad.any() else []
    return []


def simulated(sound: list[tuple[str, Problem]], broken: bool = False) -> list[str]:
    """What went wrong in tiny runs of problems; a broken invariant is wrong if `broken`, too little memory never."""
    import stress
    from stress.errors import InvariantFailed, NotEnoughResources

    wrong = []
    for what, problem in sound:
        try:
            tree = stress.run(problem, paths=64)
        except NotEnoughResources:
            continue
        except InvariantFailed as error:
            wrong += [f"{what}\n    {error}"] if broken else []
            continue
        except Exception as error:
            wrong.append(f"{what}\n    {type(error).__name__}: {str(error)[:300]}")
            continue
        summary = tree["summary"].to_dataset()
        names = ("mean_loss", "system_mean_loss", "expected_called_usd", "expected_forced_sales_usd")
        bad = [name for name in names if not np.isfinite(summary[name].values).all()]
        wrong += [f"{what}\n    {name} is not finite" for name in bad]
    return wrong
