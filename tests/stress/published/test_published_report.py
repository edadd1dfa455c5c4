"""Tables of published models hold each number under its name, and say where the ends of a grid are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from published_reference import write_banks
from shown_numbers import rows
from stress.engine.devices import set_up
from stress.published.grid import parse_axis, run_grid
from stress.published.inputs import read_inputs
from stress.published.registry import MODELS
from stress.published.report import grid_document, grid_table, result_tables
from stress.published.solve import solve

FIRST = {"step": 0, "round": 1}  # step 0 is the start, round 1 the first one


def found(text: str) -> float:
    return {"yes": 1.0, "no": 0.0}[text] if text in ("yes", "no") else float(text)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "option-books" else name for name in MODELS]
)
def test_each_number_of_a_result_stands_under_its_name(name: str, tmp_path: Path) -> None:
    model = MODELS[name]
    inputs = read_inputs(model, write_banks(tmp_path / "banks.csv") if name == "oxford" else None)
    outputs = solve(model, inputs)
    told: dict[str, dict[tuple[str, ...], str]] = {}
    for table in result_tables(model, inputs, outputs):
        axis, *heads = [str(column.header) for column in table.columns]
        for label, cells in rows(table).items():
            if axis == "output":
                told[label] = {(): cells[0]}
                continue
            for head, cell in zip(heads, cells, strict=True):
                in_time = axis in FIRST
                output = str(table.title).partition(":")[0] if in_time else head
                told.setdefault(output, {})[(label, head) if in_time else (label,)] = cell
    assert set(told) == {x.name for x in model.outputs}
    for x in model.outputs:
        values = np.asarray(outputs[x.name])
        labels: list[list[str]] = [
            [str(i + FIRST[axis]) for i in range(size)] if axis in FIRST else list(inputs.labels[axis])
            for axis, size in zip(x.dims, values.shape, strict=True)
        ]
        if x.dims[:1] in (("step",), ("round",)) and values.ndim == 1:
            labels, values = [*labels, [x.name]], values[:, None]
        expected: dict[Any, float] = {
            tuple(of[i] for of, i in zip(labels, at, strict=True)): float(values[at]) for at in np.ndindex(values.shape)
        }
        assert {at: found(cell) for at, cell in told[x.name].items()} == pytest.approx(expected, rel=1e-11), x.name


def test_a_grid_says_its_ends_and_where_they_are() -> None:
    model = MODELS["liquidity-spiral"]
    inputs = read_inputs(model)
    key = next(x.key for x in model.inputs if x.default is not None and not x.dims and not x.count)
    default = float(inputs.values[key])
    axis = parse_axis(model, inputs, f"{key}={0.9 * default}:{default}:5")
    grid = run_grid(model, inputs, (axis,), set_up("cpu", 2), lambda *_: None)
    document, table = grid_document(model, inputs, grid, None), rows(grid_table(model, inputs, grid))
    for name, values in grid.outputs.items():
        numbers = np.asarray(values, np.float64)
        low, high = int(numbers.argmin()), int(numbers.argmax())
        entry = document["outputs"][name]
        assert entry == {
            "smallest": numbers[low],
            "at_smallest": {key: axis.values[low]},
            "mean": pytest.approx(numbers.mean()),
            "largest": numbers[high],
            "at_largest": {key: axis.values[high]},
        }
        ends = [numbers[low], axis.values[low], numbers.mean(), numbers[high], axis.values[high]]
        assert [float(cell) for cell in table[name]] == pytest.approx(ends, rel=1e-5)
    assert any(np.ptp(np.asarray(values, np.float64)) > 0 for values in grid.outputs.values())
