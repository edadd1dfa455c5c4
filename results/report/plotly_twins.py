"""Twins of the pictures for plotly, as JSON: the same numbers, with values under the pointer."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from stress.results.report.numbers import called

Spec = dict[str, Any]
TONES = ("#12344d", "#a4391d", "#3f7f93", "#cf8a3b", "#7a9a55", "#8d84ab")
DASHES = ("solid", "dash", "dashdot", "dot", "longdash", "longdashdot")
DIVERGING = [[0.0, "#7f3b08"], [0.5, "#f7f7f7"], [1.0, "#2d004b"]]
BELOW = {"orientation": "h", "y": -0.25, "x": 0}


def histogram(edges: Sequence[float], series: Mapping[str, Sequence[float]], marks: Mapping[str, float]) -> Spec:
    """Shares of paths (%) between edges as steps, the first series filled; `marks` are vertical lines."""
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    data: list[Spec] = []
    for number, (name, shares) in enumerate(series.items()):
        line = {"shape": "hvh", "color": "#999999" if not number else "#000000", "width": 1.5}
        data.append(
            _line(name, middles, shares, line) | ({} if number else {"fill": "tozeroy", "fillcolor": "#dcdcdc"})
        )
    lines = [
        {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": {"dash": dash, "width": 1.5}}
        for at, dash in zip(marks.values(), ("dot", "dash"), strict=False)
    ]
    notes = [
        {"x": at, "yref": "paper", "y": 1, "yanchor": "bottom", "text": _text(name), "showarrow": False}
        for name, at in marks.items()
    ]
    layout = _layout("loss, % of start NAV", "% of paths")
    return {"data": data, "layout": layout | {"shapes": lines, "annotations": notes[-1:]}}


def fan(values: xr.DataArray, unit: str) -> Spec:
    """Quantiles (step, quantile) as lines, the median strongest; infinite ones are left out."""
    data = []
    for quantile in values["quantile"].values:
        middle = abs(float(quantile) - 0.5) < 1e-9
        line = {"color": "#000000" if middle else "#767676", "width": 2 if middle else 1}
        data.append(_line(f"{100 * float(quantile):g} %", _steps(values), values.sel(quantile=quantile).values, line))
    return {"data": data, "layout": _layout("step", unit)}


def lines(values: xr.DataArray, scale: float, unit: str) -> Spec:
    """One line for each fund or asset by step."""
    across = str(next(dim for dim in values.dims if dim != "step"))
    data = []
    for number, name in enumerate(values[across].values):
        line = {"color": TONES[number % len(TONES)], "dash": DASHES[number // len(TONES) % len(DASHES)]}
        data.append(_line(called(str(name)), _steps(values), scale * values.sel({across: name}).values, line))
    return {"data": data, "layout": _layout("step", unit)}


def path(x: Sequence[float], y: Sequence[float], below: str, beside: str) -> Spec:
    """One line over a logarithmic axis."""
    layout = _layout(below, beside)
    layout["xaxis"]["type"] = "log"
    return {"data": [_line(beside, x, y, {"color": TONES[0]}) | {"mode": "lines+markers"}], "layout": layout}


def line_with_band(x: Sequence[float], y: Any, errors: Any, below: str, beside: str) -> Spec:
    """One line with twice its standard error."""
    spread = [2 * error if math.isfinite(error) else 0.0 for error in map(float, errors)]
    trace = _line(beside, x, y, {"color": TONES[0]}) | {
        "mode": "lines+markers",
        "error_y": {"type": "data", "array": spread, "thickness": 1},
    }
    return {"data": [trace], "layout": _layout(below, beside)}


def stack(values: xr.DataArray, scale: float, unit: str) -> Spec:
    """Bars of each fund by step, one on the other."""
    data = [
        {
            "type": "bar",
            "name": _text(str(fund)),
            "x": _steps(values),
            "y": _numbers(scale * values.sel(fund=fund).values),
            "marker": {"color": TONES[number % len(TONES)], "pattern": {"shape": ("", "/", ".", "x")[number // 6 % 4]}},
        }
        for number, fund in enumerate(values["fund"].values)
    ]
    return {"data": data, "layout": _layout("step", unit) | {"barmode": "stack"}}


def bars(names: Sequence[str], values: Sequence[float], errors: Sequence[float], unit: str) -> Spec:
    """A bar for each name with twice its standard error, the first on top."""
    spread = [2 * error if math.isfinite(error) else 0.0 for error in errors]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [_text(called(name)) for name in names],
        "x": _numbers(values),
        "error_x": {"type": "data", "array": spread, "thickness": 1},
        "marker": {"color": TONES[0]},
    }
    layout = _layout(unit, "")
    layout["yaxis"] |= {"autorange": "reversed", "automargin": True, "type": "category"}
    return {"data": [trace], "layout": layout}


def waterfall(parts: Mapping[str, float], total: str, unit: str) -> Spec:
    """Parts one after the other, and their sum."""
    trace = {
        "type": "waterfall",
        "orientation": "h",
        "y": [_text(name) for name in parts],
        "x": _numbers(list(parts.values())),
        "measure": ["total" if name == total else "relative" for name in parts],
        "increasing": {"marker": {"color": "#8fbcdb"}},
        "decreasing": {"marker": {"color": "#a4391d"}},
        "totals": {"marker": {"color": "#000000"}},
    }
    layout = _layout(unit, "")
    layout["yaxis"] |= {"autorange": "reversed", "automargin": True, "type": "category"}
    return {"data": [trace], "layout": layout}


def heat(values: xr.DataArray, scale: float, unit: str) -> Spec:
    """A map of the two dimensions of `values`, the first going down; white is 0."""
    down, across = map(str, values.dims)
    numbers = scale * values.values
    largest = float(np.abs(numbers).max(where=np.isfinite(numbers), initial=0.0)) or 1.0
    trace = {
        "type": "heatmap",
        "y": [_text(str(name)) for name in values[down].values],
        "x": [_text(str(name)) for name in values[across].values],
        "z": [_numbers(row) for row in numbers],
        "zmin": -largest,
        "zmax": largest,
        "colorscale": DIVERGING,
        "colorbar": {"title": {"text": _text(unit), "side": "right"}, "thickness": 12},
    }
    layout = _layout("", "")
    for axis in ("xaxis", "yaxis"):
        layout[axis] |= {"type": "category", "automargin": True}
    layout["yaxis"]["autorange"] = "reversed"
    return {"data": [trace], "layout": layout | {"height": max(360, 18 * len(trace["y"]) + 120)}}  # type: ignore[arg-type]


def as_json(spec: Spec) -> str:
    """A spec as text; the template escapes it."""
    return json.dumps(spec, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _line(name: str, x: Sequence[float], y: Any, line: Spec) -> Spec:
    return {"type": "scatter", "mode": "lines", "name": _text(name), "x": list(x), "y": _numbers(y), "line": line}


def _layout(below: str, beside: str) -> Spec:
    return {
        "xaxis": {"title": {"text": _text(below)}, "automargin": True},
        "yaxis": {"title": {"text": _text(beside)}, "automargin": True},
        "margin": {"l": 50, "r": 10, "t": 30, "b": 40},
        "legend": BELOW,
        "height": 360,
        "font": {"color": "#1a1a1a", "size": 12},
    }


def _steps(values: xr.DataArray) -> list[float]:
    return [float(step) for step in values["step"].values]


def _numbers(values: Any) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _text(text: str) -> str:
    """A name as plotly shows it: it takes tags, so there are none."""
    return html.escape(text, quote=False)
