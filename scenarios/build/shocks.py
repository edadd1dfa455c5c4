"""The shocks of a `Problem`: the draw, by whatever model, and the script on top."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from stress.scenarios.build.correlation import resolve_correlation
from stress.scenarios.build.market import unknown_asset
from stress.scenarios.build.model_inputs import ModelInputs
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.loadings.own_draws import whole_correlation
from stress.scenarios.problem import Assets, Floats, Shocks
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.shocks.classes import mixed_tails
from stress.scenarios.shocks.factor_loadings import FactorLoadings
from stress.scenarios.shocks.loadings import read_loadings
from stress.scenarios.shocks.registry import TABLES

_FEW_DEGREES_OF_FREEDOM = 3.0
_DRAWN_BY_FACTORS = ("gaussian", "student_t")


def build_shocks(scenario: Scenario, assets: Assets) -> tuple[Shocks, dict[str, Any]]:
    """The draw and the script, and the table of the model in full; without a table nothing moves.

    Raises:
        ScenarioError: an unknown asset, a step beyond the horizon, an asset scripted twice in a step, a bad matrix,
            numbers of the model that do not go together.
    """
    correlation, distance = resolve_correlation(
        scenario.correlation, assets.ids, assets.file_order, scenario.files, tied=assets.tied
    )
    table = scenario.shocks
    model = table.model if table is not None else "none"
    check_model(scenario)
    inputs = ModelInputs(scenario, assets, correlation)
    dof, by_class = degrees_of_freedom(scenario, assets)
    parameters = TABLES[model].parameters(table.own_table(), inputs) if table is not None else None
    of_draws = mixed_tails(TABLES[model].correlation(parameters, inputs), assets, by_class)
    whole = whole_correlation(assets, of_draws)
    martingale = table is not None and table.drift == "martingale"
    if martingale and model != "gaussian":
        warnings.warn(
            f'{scenario.source}: shocks.drift = "martingale" is minus half the variance: mean prices stay where they '
            f"are exactly under gaussian, only nearly so under {model}",
            ScenarioWarning,
            stacklevel=3,
        )
    drift = table.drift if table is not None and not isinstance(table.drift, str) else 0.0
    shocks = Shocks(
        model=model,
        dof=dof,
        scale=table.scale if table is not None else 1.0,
        drift=drift,
        martingale=martingale,
        max_move=table.max_move if table is not None else 1.0,
        correlation=correlation,
        repair_distance=float(np.hypot.reduce([distance, *inputs.repaired])),
        script=_script(scenario, assets),
        class_dof=by_class,
        parameters=parameters,
        of_draws=None if of_draws is correlation else of_draws,
        of_moves=None if whole is of_draws else whole,
        factors=_factors(scenario, assets),
    )
    return shocks, model_document(scenario, inputs, parameters)


def _factors(scenario: Scenario, assets: Assets) -> FactorLoadings | None:
    """Those that the draw is made of; a matrix that is blended or of a model with numbers of its own is drawn whole."""
    table, shocks = scenario.correlation, scenario.shocks
    if table is None or table.factor is None or table.blend is not None:
        return None
    if shocks is None or shocks.model not in _DRAWN_BY_FACTORS:
        return None
    return read_loadings(table.factor, "correlation.factor", assets.ids, scenario.files)


def _script(scenario: Scenario, assets: Assets) -> Floats:
    script = np.zeros((scenario.horizon.steps, len(assets.ids)))
    seen: set[tuple[int, str]] = set()
    for position, entry in enumerate(scenario.shocks.script if scenario.shocks is not None else []):
        key = f"shocks.script[{position}]"
        if entry.step > scenario.horizon.steps:
            raise ScenarioError(
                "lies outside the horizon",
                file=scenario.source,
                key=f"{key}.step",
                value=entry.step,
                allowed=f"1 to {scenario.horizon.steps} (horizon.steps)",
            )
        for asset, move in entry.moves.items():
            if asset not in assets.ids:
                raise unknown_asset(scenario, f"{key}.moves.{asset}", asset, move, assets)
            if (entry.step, asset) in seen:
                raise ScenarioError(
                    f"is scripted twice at step {entry.step}",
                    file=scenario.source,
                    key=f"{key}.moves.{asset}",
                    value=move,
                    allowed="one move for each asset and step",
                )
            seen.add((entry.step, asset))
            script[entry.step - 1, assets.ids.index(asset)] = move
    return script


def degrees_of_freedom(scenario: Scenario, assets: Assets) -> tuple[float, dict[str, float]]:
    """Degrees of freedom of the draw, inf where it is not Student-t, and those by class where they are given so.

    Of several the smallest stands for all.

    Raises:
        ScenarioError: none for the class of an asset.
    """
    table = scenario.shocks
    if table is None or not TABLES[table.model].fat(table.own_table()):
        return math.inf, {}
    if not isinstance(table.dof, dict):
        every = {"": table.dof}
    else:
        given: dict[str, float] = {str(name): dof for name, dof in table.dof.items()}
        classes = sorted(set(assets.asset_class))
        if missing := [name for name in classes if name not in given]:
            allowed = "a number for the class of every asset, or one for all"
            raise ScenarioError("is missing", file=scenario.source, key=f"shocks.dof.{missing[0]}", allowed=allowed)
        every = {name: given[name] for name in classes}
    for name, dof in every.items():
        if dof < _FEW_DEGREES_OF_FREEDOM:
            key = f"shocks.dof.{name}".rstrip(".")
            told = f"{scenario.source}: {key} = {dof}: below 3 the volatility is set by a handful of extreme draws"
            warnings.warn(told, ScenarioWarning, stacklevel=4)
    return min(every.values()), every if isinstance(table.dof, dict) else {}


def check_model(scenario: Scenario) -> None:
    """Refuse days that are not whole steps, and say which tables the model does not read.

    Raises:
        ScenarioError: several steps a day of a model whose numbers are of days.
    """
    table, steps = scenario.shocks, scenario.horizon.steps_per_day
    if table is None:
        return
    model = TABLES[table.model]
    if model.daily and steps > 1:
        raise ScenarioError(
            f"is {steps}, and numbers of the model {table.model} are of daily returns",
            file=scenario.source,
            key="horizon.steps_per_day",
            value=steps,
            allowed="1; or a model without memory of days: gaussian, student_t, regime, jump, factor",
        )
    others = [f"shocks.{name}" for name, other in TABLES.items() if other.keys and name != table.model]
    unread = [key for key in others if getattr(table, key.partition(".")[2]) is not None]
    if not model.correlated and scenario.correlation is not None:
        unread.append("correlation")
    if unread:
        told = f"{scenario.source}: not read by the model {table.model}: {', '.join(unread)}"
        warnings.warn(told, ScenarioWarning, stacklevel=3)


def model_document(scenario: Scenario, inputs: ModelInputs, parameters: Any) -> dict[str, Any]:
    """The table of the model with its files in full, under its name; nothing of a model without one."""
    if scenario.shocks is None or (table := scenario.shocks.own_table()) is None:
        return {}
    plain = table.model_dump(mode="json", by_alias=True, exclude_none=True)
    whole = plain | TABLES[scenario.shocks.model].document(table, parameters, inputs)
    return {scenario.shocks.model: {key: value for key, value in whole.items() if value is not None}}
