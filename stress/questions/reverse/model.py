"""Which scenarios can be asked: those whose draw is made of normals."""

from __future__ import annotations

from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem

OF_NORMALS = ("gaussian", "student_t", "factor", "garch")  # models whose draw is a smooth function of normals


def check_model(problem: Problem) -> None:
    """Refuse models whose draw is not a smooth function of normals, and scenarios that draw nothing.

    Raises:
        ScenarioError: it is not.
    """
    model = problem.shocks.model
    if model in OF_NORMALS:
        return
    why = (
        "draws nothing, so that no shock is more plausible than another"
        if model == "none"
        else "draws from more than normals (days, states or jumps), among which no shock is the most plausible"
    )
    raise ScenarioError(why, file=problem.name, key="shocks.model", value=model, allowed=", ".join(OF_NORMALS))
