"""The published models by name. Importing this imports JAX: set it up first (`stress.engine.devices.set_up`)."""

from __future__ import annotations

from stress.published import breuer, cont_schaanning, glt, liquidity_spiral, option_books, oxford
from stress.published.model import Model
from stress.scenarios.errors import ScenarioError, suggest

MODELS: dict[str, Model] = {
    module.MODEL.name: module.MODEL for module in (oxford, cont_schaanning, glt, breuer, liquidity_spiral, option_books)
}


def find_model(name: str) -> Model:
    """The model of that name.

    Raises:
        ScenarioError: there is none.
    """
    if name not in MODELS:
        raise ScenarioError("is no model", file="--model", key="model", value=name, allowed=suggest(name, MODELS))
    return MODELS[name]
