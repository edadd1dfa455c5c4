"""Tables of the detailed paths by more than step and fund: by trigger, by part of the loss, by fund and asset."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset import coordinates
from stress.results.dataset.components import every_trigger, rare
from stress.results.dataset.summary import file_order, row_order
from stress.results.dataset.units import described
from stress.results.statistics.simulation_output import SimulationOutput, Table
from stress.results.statistics.slice_means import widened_means

Floats = npt.NDArray[np.float64]
Variables = dict[str, tuple[tuple[str, ...], Floats]]
LARGEST_TABLE = 1 << 22  # numbers in a table by step, fund and asset
LOSS_PART = "loss_part"


def variables(output: SimulationOutput, tables: dict[str, Table]) -> Variables:
    """Tables with entities in file order, each with its error; those that are too large are left out."""
    assets = output.problem.assets
    order = {"fund": row_order(output), "asset": file_order(assets.ids, assets.file_order)}
    fixed, data = output.problem.shocks.model == "none", Variables()
    for name, table in tables.items():
        if table.mean.size > LARGEST_TABLE:
            continue
        error = np.zeros_like(table.error) if fixed else _error(output, name, table)
        for suffix, values in (("", table.mean), ("_se", error)):
            for axis, dim in enumerate(table.dims):
                if dim in order and values.shape[axis] == len(order[dim]):
                    values = np.take(values, order[dim], axis)
                elif dim == "fund":  # without the system
                    values = np.take(values, order[dim][:-1], axis)
            data[name + suffix] = (table.dims, values)
    return data


def _error(output: SimulationOutput, name: str, table: Table) -> Floats:
    """Errors of a table, widened for few paths; those over slices are already."""
    if "slice" in table.dims:
        return table.error
    paths = output.sample.parts["total"].shape[1] if name == LOSS_PART else output.timeline.paths
    square = table.mean**2 + table.error**2 * max(paths - 1, 1)
    return widened_means(table.mean, square, table.error, paths, rare(name))


def with_parts(output: SimulationOutput, data: Variables) -> Variables:
    """Variables with the parts of the loss in USD, too."""
    nav = output.group_nav[row_order(output)]
    for name in (LOSS_PART, f"{LOSS_PART}_se"):
        if name in data:
            dims, values = data[name]
            shape = [len(nav) if dim == "fund" else 1 for dim in dims]
            data[name.replace(LOSS_PART, f"{LOSS_PART}_usd")] = (dims, values * nav.reshape(shape))
    return data


TAIL_NAMES = {
    "slice": "worst detailed paths by the loss of the whole system",
    "price": "mean price at the end of the step, start = 1",
    "depth": "mean depth multiplier that the step's cascade met",
    "added_loss": "mean loss up to the step less that of the book held still, as a fraction of start NAV",
}


def labels(output: SimulationOutput, data: Variables) -> dict[str, tuple[str, list[str]]]:
    """Coordinates that only some results have."""
    dims = {dim for of, _ in data.values() for dim in of}
    found = {"trigger": list(every_trigger()), "part": list(output.sample.parts)}
    return {dim: (dim, values) for dim, values in found.items() if dim in dims}


def tail_timeline(output: SimulationOutput) -> xr.Dataset | None:
    """Means by step over the detailed paths that are worst for the system; None where there are none."""
    slices = output.timeline.slices
    if slices is None:
        return None
    data = with_system(variables(output, slices.tables))
    coords = {
        "slice": ("slice", list(slices.names)),
        "slice_paths": ("slice", list(slices.paths)),
        "step": ("step", list(range(1, output.problem.steps + 1))),
        **coordinates.of_funds(output, system=True),
        **coordinates.of_assets(output.problem),
        **labels(output, data),
    }
    dataset = xr.Dataset(data, coords)
    dataset.attrs["paths"] = output.timeline.paths
    return described(dataset, **TAIL_NAMES)


def with_system(data: Variables, name: str = "forced_flow_by_fund_usd", whole: str = "forced_flow_usd") -> Variables:
    """Variables with the flow of all funds as the row of the system in the flow by fund."""
    for suffix in ("", "_se"):
        if name + suffix in data:
            dims, values = data[name + suffix]
            axis = dims.index("fund")
            total = np.expand_dims(data[whole + suffix][1], axis)
            data[name + suffix] = (dims, np.concatenate([values, total], axis))
    return data
