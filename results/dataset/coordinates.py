"""What funds and assets are, as coordinates beside their names: strategy, asset class, region."""

from __future__ import annotations

from collections.abc import Iterable

from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.problem import Problem

Labels = dict[str, tuple[str, list[str]]]


def of_assets(problem: Problem) -> Labels:
    """`asset` in file order, with `asset_name`, `asset_class`, `asset_region`; `asset_sector` where any is named."""
    assets = problem.assets
    known = {"asset_name": assets.names, "asset_class": assets.asset_class, "asset_region": assets.region}
    if any(assets.sector):
        known["asset_sector"] = assets.sector
    by_id = {name: dict(zip(assets.ids, values, strict=True)) for name, values in known.items()}
    labels = {name: ("asset", [values[asset] for asset in assets.file_order]) for name, values in by_id.items()}
    return {"asset": ("asset", list(assets.file_order)), **labels}


def of_types(problem: Problem, types: Iterable[str], dim: str) -> Labels:
    """`strategy` and `fund_region` of fund types, along `dim`."""
    funds, wanted = problem.funds, list(types)
    known = {"strategy": funds.strategy, "fund_region": funds.region}
    by_id = {name: dict(zip(funds.types, values, strict=True)) for name, values in known.items()}
    return {name: (dim, [values[kind] for kind in wanted]) for name, values in by_id.items()}


def of_funds(output: SimulationOutput, system: bool) -> Labels:
    """`fund` in file order, with `strategy` and `fund_region`; a member of a type has those of the type.

    With `system` the last one is "system", whose strategy and region are empty.
    """
    funds, names = output.problem.funds, list(output.groups_file_order)
    type_of = {member: funds.types[kind] for member, kind in zip(funds.ids, funds.type_of, strict=True)}
    labels = of_types(output.problem, (name if name in funds.types else type_of[name] for name in names), "fund")
    if not system:
        return {"fund": ("fund", names), **labels}
    whole = {name: (dim, [*values, ""]) for name, (dim, values) in labels.items()}
    return {"fund": ("fund", [*names, "system"]), **whole}
