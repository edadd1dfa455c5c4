"""Models, results and grids as JSON documents and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stress.published.grid import Grid, counted_points
from stress.published.inputs import Inputs
from stress.published.model import Model, Output
from stress.published.solve import Compared

if TYPE_CHECKING:
    from rich.table import Table

Outputs = Mapping[str, npt.NDArray[Any]]


def model_document(model: Model) -> dict[str, Any]:
    """What a model is: its source, its inputs with defaults and bounds, its outputs."""
    return {
        "model": model.name,
        "title": model.title,
        "source": model.source,
        "inputs": [
            {"key": x.key, "meaning": x.meaning, "default": _plain(x.default), "allowed": x.allowed}
            for x in model.inputs
        ],
        "outputs": [{"name": x.name, "meaning": x.meaning, "dims": list(x.dims)} for x in model.outputs],
    }


def result_document(model: Model, inputs: Inputs, outputs: Outputs, compared: Sequence[Compared]) -> dict[str, Any]:
    """One setting: inputs, outputs by name, and the comparison; numbers that are not finite are null."""
    return {
        **_head(model, inputs),
        "labels": inputs.labels,
        "outputs": {name: _plain(value) for name, value in outputs.items()},
        "compared": [
            {
                "output": x.name,
                "expected": x.expected,
                "ours": _plain(np.asarray(x.ours)),
                "difference": _plain(np.asarray(x.difference)),
                "tolerance": x.tolerance,
                "agrees": x.agrees,
            }
            for x in compared
        ],
        "agrees": all(x.agrees for x in compared) if compared else None,
        "notes": model.notes(outputs),
    }


def grid_document(model: Model, inputs: Inputs, grid: Grid, out: str | None) -> dict[str, Any]:
    """A grid in short: each output's smallest, mean and largest value, and where the extremes are."""
    return {
        **_head(model, inputs, [axis.name for axis in grid.axes]),
        "grid": [{"key": x.key, "low": x.values[0], "high": x.values[-1], "count": len(x.values)} for x in grid.axes],
        "points": grid.points,
        "seconds": grid.seconds,
        "outputs": {name: _extremes(grid, value) for name, value in _by_label(inputs, grid)},
        "file": out,
    }


def models_table(models: Sequence[Model]) -> list[Table]:
    """A table of the models, and one of each model's inputs."""
    from rich.table import Table

    names = Table(title="published models", title_justify="left")
    for heading in ("model", "what it is", "source"):
        names.add_column(heading)
    tables = [names]
    for model in models:
        names.add_row(model.name, model.title, model.source)
        table = Table(title=f"inputs of {model.name}", title_justify="left")
        for heading in ("key", "meaning", "default", "allowed"):
            table.add_column(heading)
        for x in model.inputs:
            table.add_row(x.key, x.meaning, "none: --data" if x.default is None else _short(x.default), x.allowed)
        tables.append(table)
    return tables


def result_tables(model: Model, inputs: Inputs, outputs: Outputs) -> list[Table]:
    """Outputs that are one number, then those by bank or by asset, then those by round or step."""
    from rich.table import Table

    numbers = Table(title=f"{model.name}: {model.title}", title_justify="left")
    numbers.add_column("output")
    numbers.add_column("value", justify="right")
    numbers.add_column("meaning")
    tables = [numbers]
    for x in model.outputs:
        if not x.dims:
            numbers.add_row(x.name, _number(outputs[x.name]), x.meaning)
    for axis in ("asset", "bank"):
        chosen = [x for x in model.outputs if x.dims == (axis,)]
        if chosen:
            table = _columns(axis, inputs.labels[axis], [x.name for x in chosen])
            for i, label in enumerate(inputs.labels[axis]):
                table.add_row(label, *(_number(outputs[x.name][i]) for x in chosen))
            tables.append(table)
    tables += [_in_time(x, inputs, outputs[x.name]) for x in model.outputs if x.dims[:1] in (("round",), ("step",))]
    return tables


def compared_table(compared: Sequence[Compared]) -> Table:
    """Expected and computed outputs."""
    from rich.table import Table

    table = Table(title="next to what is published, or to the closed form", title_justify="left")
    table.add_column("output")
    for heading in ("expected", "ours", "largest difference", "tolerance"):
        table.add_column(heading, justify="right")
    table.add_column("agrees")
    for x in compared:
        cells = (_short(x.expected), _short(x.ours), f"{x.difference:.2g}", f"{x.tolerance:.2g}")
        table.add_row(x.name, *cells, "yes" if x.agrees else "NO")
    return table


def grid_table(model: Model, inputs: Inputs, grid: Grid) -> Table:
    """The extremes of every output and where they are."""
    from rich.table import Table

    keys = " x ".join(f"{x.key} {x.values[0]:g}..{x.values[-1]:g} ({len(x.values)})" for x in grid.axes)
    table = Table(title=f"{model.name} on {counted_points(grid.points)}: {keys}", title_justify="left")
    table.add_column("output")
    for heading in ("smallest", "at", "mean", "largest", "at"):
        table.add_column(heading, justify="right")
    for name, value in _by_label(inputs, grid):
        found = _extremes(grid, value)
        at = [", ".join(f"{v:.6g}" for v in found[which].values()) for which in ("at_smallest", "at_largest")]
        table.add_row(name, _number(found["smallest"]), at[0], _number(found["mean"]), _number(found["largest"]), at[1])
    return table


def _head(model: Model, inputs: Inputs, without: Sequence[str] = ()) -> dict[str, Any]:
    kept = [x for x in model.inputs if x.default is not None and x.key not in without]
    return {
        "model": model.name,
        "source": model.source,
        "inputs": {x.key: _plain(inputs.values[x.key]) for x in kept},
        "data": {"file": inputs.data_file, "sha256": inputs.data_sha256} if inputs.data_file else None,
    }


def _by_label(inputs: Inputs, grid: Grid) -> list[tuple[str, npt.NDArray[Any]]]:
    found = []
    for name, value in grid.outputs.items():
        if value.ndim == len(grid.axes):
            found.append((name, value))
        else:
            found += [(f"{name}[{label}]", value[..., i]) for i, label in enumerate(inputs.labels["asset"])]
    return found


def _extremes(grid: Grid, value: npt.NDArray[Any]) -> dict[str, Any]:
    numbers = value.astype(np.float64)

    def at(index: np.intp) -> dict[str, float]:
        where = np.unravel_index(index, numbers.shape)
        return {axis.key: float(axis.values[i]) for axis, i in zip(grid.axes, where, strict=True)}

    low, high = numbers.argmin(), numbers.argmax()
    return {
        "smallest": float(numbers.flat[low]),
        "at_smallest": at(low),
        "mean": float(numbers.mean()),
        "largest": float(numbers.flat[high]),
        "at_largest": at(high),
    }


def _columns(first: str, labels: Sequence[str], names: Sequence[str]) -> Table:
    from rich.table import Table

    table = Table(title=f"by {first}", title_justify="left")
    table.add_column(first)
    for name in names:
        table.add_column(name, justify="right")
    return table


def _in_time(output: Output, inputs: Inputs, value: npt.NDArray[Any]) -> Table:
    axis = output.dims[0]
    names = [output.name] if value.ndim == 1 else inputs.labels[output.dims[1]]
    table = _columns(axis, [], names)
    table.title = f"{output.name}: {output.meaning}"
    for i, row in enumerate(value):
        number = i if axis == "step" else i + 1  # step 0 is the start
        table.add_row(str(number), *(_number(x) for x in np.atleast_1d(row)))
    return table


def _number(value: Any) -> str:
    plain = np.asarray(value).item()
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return f"{plain:.12g}"


def _short(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        text = "[" + ", ".join(_short(x) for x in value) + "]"
        return text if len(text) <= 48 else text[:44] + " ..."
    return f"{value:.12g}"


def _plain(value: Any) -> Any:
    """Numbers and lists that JSON can hold."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(x) for x in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
