"""A model on a grid of one or two of its inputs: all points of a tile at once, tiles shared among the devices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from stress.engine.devices import Devices
from stress.engine.tiles import over_devices
from stress.published.inputs import Inputs, as_bounded
from stress.published.model import Counts, Floats, Model
from stress.published.solve import arrays
from stress.scenarios.errors import ScenarioError, suggest

if TYPE_CHECKING:
    import xarray as xr
    from jax import Array

TILE = 512  # points whose balance sheets fit a core's cache
TILES_PER_DEVICE = 64
MOST_POINTS = 20_000_000
MOST_AXES = 2


@dataclass(frozen=True)
class Axis:
    """One input, or one entry of a list, and its values."""

    key: str  # as given: "shock", or "shock.0" for the first entry
    name: str
    entry: int | None
    values: Floats


def counted_points(points: int) -> str:
    """`1 point`, `1,000 points`."""
    return f"{points:,} point{'' if points == 1 else 's'}"


@dataclass(frozen=True)
class Grid:
    """Outputs on a grid."""

    axes: tuple[Axis, ...]
    outputs: dict[str, Floats]  # (axis of the grid ..., asset where there is one)
    seconds: float

    @property
    def points(self) -> int:
        """Number of points."""
        return int(np.prod([len(axis.values) for axis in self.axes]))


def parse_axis(model: Model, inputs: Inputs, text: str) -> Axis:
    """`key=low:high:count`, evenly spaced with both ends; `key.2` is the third entry of a list.

    Raises:
        ScenarioError: not of that form, an input that is no number, or a value that is not allowed.
    """
    key, equals, rest = text.partition("=")
    key, parts = key.strip(), rest.split(":")
    form = "KEY=LOW:HIGH:COUNT, as shock=0.05:0.25:100"
    if not equals or len(parts) != 3:
        raise ScenarioError("is no axis", file="--grid", key=key, value=text, allowed=form)
    name, dot, position = key.partition(".")
    items = {x.key: x for x in model.inputs if not x.count and len(x.dims) < 2}
    if name not in items:
        raise ScenarioError("has no grid", file="--grid", key=key, value=rest, allowed=suggest(name, items))
    item, entry = items[name], None
    if item.dims or dot:
        size = inputs.values[name].size if item.dims else 0
        if not position.isdecimal() or int(position) >= size:
            allowed = f"{name}.0 to {name}.{size - 1}" if size else name
            raise ScenarioError("is no number", file="--grid", key=key, value=rest, allowed=allowed)
        entry = int(position)
    try:
        low, high, count = float(parts[0]), float(parts[1]), int(parts[2])
    except ValueError as error:
        raise ScenarioError("is no axis", file="--grid", key=key, value=rest, allowed=form) from error
    if not 1 <= count <= MOST_POINTS:
        raise ScenarioError(
            "has no such count", file="--grid", key=key, value=count, allowed=f"1 to {MOST_POINTS:,} points"
        )
    ends = np.array([low, high])
    for end in ends:
        as_bounded(item, np.asarray(end), "--grid")
    return Axis(key, name, entry, np.linspace(low, high, count))


def check_axes(model: Model, inputs: Inputs, axes: tuple[Axis, ...]) -> None:
    """Refuse a grid that is too large, names an input twice, or has a corner where the inputs contradict each other.

    Raises:
        ScenarioError: it is.
    """
    keys = [axis.key for axis in axes]
    if len(axes) > MOST_AXES or len(set(keys)) < len(keys):
        raise ScenarioError("are no axes", file="--grid", key=", ".join(keys), allowed="one or two different inputs")
    points = int(np.prod([len(axis.values) for axis in axes]))
    if points > MOST_POINTS:
        raise ScenarioError("is too large", file="--grid", key="points", value=points, allowed=f"up to {MOST_POINTS:,}")
    for corner in range(2 ** len(axes)):
        values = {key: value.copy() for key, value in inputs.values.items()}
        for number, axis in enumerate(axes):
            end = axis.values[-1 if corner >> number & 1 else 0]
            values[axis.name][... if axis.entry is None else axis.entry] = end
        for key, value, problem, allowed in model.faults(values):
            raise ScenarioError(
                f"{problem} at a corner of the grid", file="--grid", key=key, value=value, allowed=allowed
            )


def run_grid(
    model: Model,
    inputs: Inputs,
    axes: tuple[Axis, ...],
    devices: Devices,
    tell: Callable[[int, int], None] | None = None,
) -> Grid:
    """Every point of the grid, in float64.

    Args:
        model: the model.
        inputs: values of everything that is no axis.
        axes: at most two.
        devices: where to compute.
        tell: called with the points done and all points.

    Raises:
        ScenarioError: see `check_axes`.
    """
    check_axes(model, inputs, axes)
    started = time.perf_counter()
    total = int(np.prod([len(axis.values) for axis in axes]))
    with jax.enable_x64(True):
        numbers, counts = arrays(model, inputs.values)
        program = over_devices(_tiles(model, counts, axes), devices.mesh, 1)
        block = TILE * min(TILES_PER_DEVICE, max(1, -(-total // (TILE * devices.count)))) * devices.count
        parts: list[tuple[int, Any]] = []
        outputs: dict[str, Floats] = {}

        def collect() -> None:
            first, result = parts.pop(0)
            for name, value in result.items():
                rows = np.moveaxis(np.asarray(value), 1, -1)  # (tile, point, asset where there is one)
                rows = rows.reshape(-1, *rows.shape[2:])[: total - first]
                if name not in outputs:
                    outputs[name] = np.empty((total, *rows.shape[1:]), rows.dtype)
                outputs[name][first : first + len(rows)] = rows
            if tell is not None:
                tell(min(first + block, total), total)

        for first, points in _blocks(axes, total, block):
            parts.append((first, program(numbers, points)))
            if len(parts) > 1:
                collect()
        while parts:
            collect()
    shape = tuple(len(axis.values) for axis in axes)
    shaped = {name: value.reshape(*shape, *value.shape[1:]) for name, value in outputs.items()}
    return Grid(axes, shaped, time.perf_counter() - started)


def _tiles(
    model: Model, counts: Counts, axes: tuple[Axis, ...]
) -> Callable[[dict[str, Array], Array], dict[str, Array]]:
    """(numbers, (tile, axis, point)) -> each output, (tile, ..., point)."""

    def one(numbers: dict[str, Array], points: Array) -> dict[str, Array]:
        here = {
            x.key: jnp.broadcast_to(numbers[x.key], points.shape[-1:])
            for x in model.inputs
            if not x.dims and not x.count
        }
        here = numbers | here
        for row, axis in enumerate(axes):
            if axis.entry is None:
                here[axis.name] = points[row]
            else:
                chosen = jnp.arange(numbers[axis.name].shape[0])[:, None] == axis.entry
                here[axis.name] = jnp.where(chosen, points[row], here[axis.name])
        return model.evaluate(here, counts, False)

    return lambda numbers, points: lax.map(lambda tile: one(numbers, tile), points)


def _blocks(axes: tuple[Axis, ...], total: int, block: int) -> Iterator[tuple[int, Floats]]:
    """First point and (tile, axis, point) values of each block; the last point fills the last block up."""
    shape = tuple(len(axis.values) for axis in axes)
    for first in range(0, total, block):
        where = np.unravel_index(np.minimum(np.arange(first, first + block), total - 1), shape)
        values = np.stack([axis.values[i] for axis, i in zip(axes, where, strict=True)])
        yield first, values.reshape(len(axes), -1, TILE).swapaxes(0, 1)


def to_dataset(model: Model, inputs: Inputs, grid: Grid) -> xr.Dataset:
    """The grid as a labelled dataset: a dimension for each key, and `asset`."""
    import xarray as xr

    meanings = {x.name: x.meaning for x in model.outputs}
    keys = [axis.key for axis in grid.axes]
    variables = {}
    for name, value in grid.outputs.items():
        dims = [*keys, *(["asset"] if value.ndim > len(keys) else [])]
        plain = value.astype(np.int8) if value.dtype == np.bool_ else value
        variables[name] = (dims, plain, {"long_name": meanings[name]})
    coordinates: dict[str, Any] = {axis.key: ([axis.key], axis.values) for axis in grid.axes}
    for axis in grid.axes:
        coordinates[axis.key] += ({"long_name": model.input(axis.name).meaning},)
    if any("asset" in entry[0] for entry in variables.values()):
        coordinates["asset"] = (["asset"], inputs.labels["asset"])
    attrs: dict[str, Any] = {"model": model.name, "source": model.source, "data_sha256": inputs.data_sha256}
    for item in model.inputs:
        if item.default is not None and item.key not in keys:  # the user's balance sheets stay in their file
            value = inputs.values[item.key]
            attrs[f"input_{item.key}"] = value.ravel().tolist() if value.ndim else float(value)
    return xr.Dataset(variables, coordinates, attrs)
