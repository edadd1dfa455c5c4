"""What a scenario leaves out: a number that is small because a mechanism is off should not pass for safety."""

from __future__ import annotations

from collections.abc import Sequence

from stress.scenarios.outside.registry import TABLES as OUTSIDE
from stress.scenarios.problem import Problem

OF_MARGIN = {"margin_call", "close_out"}  # triggers that come with a requirement, not with `[triggers]`


def switched_off(problem: Problem) -> tuple[str, ...]:
    """Tables of the scenario file that do nothing, and the fund types without a requirement: "margin of trend"."""
    funds, depth = problem.funds, problem.liquidity
    off = {
        "margin": not funds.has_margin.any(),
        "triggers": not set(problem.triggers) - OF_MARGIN,
        "impact": problem.impact.law == "none",
        "liquidity": depth.evaporation == 0 and depth.flow_sensitivity == 0,
        **{name: name not in problem.outside for name in OUTSIDE},
        "all feedback (no calls, triggers or impact)": not problem.cascade.feedback,
    }
    free = dict.fromkeys(funds.types[t] for t, bound in zip(funds.type_of, funds.has_margin, strict=True) if not bound)
    alone = [f"margin of {name}" for name in problem.funds.types_file_order if name in free and not off["margin"]]
    return (*(name for name, is_off in off.items() if is_off), *alone)


def off_sentence(off: Sequence[str]) -> str:
    """The same as one line; "" where nothing is off."""
    return f"Switched off: {', '.join(off)}." if off else ""
