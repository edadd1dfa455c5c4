"""The groups of a sensitivity analysis: `sensitivity`, `ranges`, `tornado`, `points` and `total`, `morris`, `sobol`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.answers.sensitivity.figures import VARIABLES, Measured
from stress.results.answers.sensitivity.screening import elementary_effects, indices
from stress.results.answers.sensitivity.total import ANY, POSSIBLE, total
from stress.results.answers.world import BY_LEVEL
from stress.results.dataset.units import description

Floats = npt.NDArray[np.float64]
SYSTEM = "system"
PARTS: dict[
    str, dict[str, tuple[str, str | None]]
] = {  # suffix -> what it says, and its unit where that is not the figure's
    "sensitivity": {
        "base": ("as the scenario stands", None),
        "base_se": ("standard error as the scenario stands", None),
        "base_ci_low": ("low end of the 95 % sampling interval as the scenario stands", None),
        "base_ci_high": ("high end of the 95 % sampling interval as the scenario stands", None),
        "slope": ("derivative by the factor on the parameter", None),
        "slope_se": ("standard error of the derivative by the factor", None),
        "elasticity": ("relative change for a relative change of the parameter", "1"),
        "elasticity_se": ("standard error of the elasticity", "1"),
    },
    "tornado": {
        "low": ("at the low end of the range", None),
        "low_se": ("standard error at the low end", None),
        "high": ("at the high end of the range", None),
        "high_se": ("standard error at the high end", None),
        "low_change": ("at the low end less as it stands", None),
        "low_change_se": ("standard error of the change at the low end", None),
        "high_change": ("at the high end less as it stands", None),
        "high_change_se": ("standard error of the change at the high end", None),
        "swing": ("largest less smallest of both ends and as it stands", None),
    },
    "points": {
        "point": ("at a point of the ranges", None),
        "point_se": ("standard error at a point", None),
        "point_ci_low": ("low end of the 95 % sampling interval at a point", None),
        "point_ci_high": ("high end of the 95 % sampling interval at a point", None),
    },
    "total": {
        "total_low": ("low end of the 95 % interval over ranges and sampling", None),
        "total_high": ("high end of the 95 % interval over ranges and sampling", None),
        "total_low_se": ("standard error of the low end, by the number of points", None),
        "total_high_se": ("standard error of the high end, by the number of points", None),
        "total_se": ("standard deviation over ranges and sampling", None),
        "parameter_sd": ("standard deviation over the ranges", None),
        "sampling_se": ("sampling error over the ranges, root of the mean square", None),
    },
    "morris": {
        "mu_star": ("mean size of the effect of the whole range", None),
        "mu_star_se": ("standard error of the mean size of the effect", None),
        "mu": ("mean effect of the whole range", None),
        "sigma": ("standard deviation of the effect: interaction and curvature", None),
        "effects": ("number of effects that are known", "1"),
    },
    "sobol": {
        "first": ("share of the variance that is the parameter's alone", "1"),
        "first_se": ("standard error of the first-order index", "1"),
        "whole": ("share of the variance with all its interactions", "1"),
        "whole_se": ("standard error of the total index", "1"),
    },
}


@dataclass
class Found:
    """What was worked out, figures by name as `Measured`.

    Attributes:
        funds: in the order of the rows, without the system.
        levels: of VaR and ES, decimal texts.
        parameters: for each its name, title, keys, base, low, high, law, grade, source, sides.
        base: (value, se, low, high).
        slopes: by parameter (slope, se, elasticity, se).
        tornado: by parameter with a range the numbers of PARTS.
        reached: by parameter with a range the factors at its ends, nearer than asked where it cannot start.
        points: at the points of the hypercube (value, se, low, high).
        shares, factors: (point, parameter) of them.
        infeasible: why each point that cannot start cannot, in order.
        trajectories: values by figure (trajectory, step, row[, level]); their shares and order.
        matrices: values by figure (matrix, row of it, row[, level]).
    """

    funds: Sequence[str]
    levels: Sequence[str]
    parameters: list[dict[str, Any]]
    base: Measured
    slopes: list[Measured]
    tornado: dict[str, Measured] = field(default_factory=dict)
    reached: dict[str, tuple[float, float]] = field(default_factory=dict)
    points: list[Measured] = field(default_factory=list)
    factors: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    trajectories: tuple[Mapping[str, Floats], Floats, npt.NDArray[np.int64]] | None = None
    matrices: Mapping[str, Floats] | None = None
    ranged: list[str] = field(default_factory=list)


def groups_of(found: Found) -> dict[str, xr.Dataset]:
    """Every group, by name."""
    names = [str(one["name"]) for one in found.parameters]
    slopes = {name: np.stack([one[name] for one in found.slopes], axis=1) for name in VARIABLES}
    base = _group(found, "sensitivity", found.base, ("base", "base_se", "base_ci_low", "base_ci_high"), None)
    derived = _group(
        found, "sensitivity", slopes, ("slope", "slope_se", "elasticity", "elasticity_se"), ("parameter", names)
    )
    tables = {"sensitivity": base.merge(derived), "ranges": _ranges(found)}
    if found.tornado:
        ends = {name: np.stack([found.tornado[p][name] for p in found.ranged], axis=1) for name in VARIABLES}
        tables["tornado"] = _group(found, "tornado", ends, tuple(PARTS["tornado"]), ("parameter", found.ranged))
    if found.points:
        tables |= _total(found)
    if found.trajectories is not None:
        values, shares, order = found.trajectories
        effects = {
            name: _each(table, lambda one: elementary_effects(one, shares, order)) for name, table in values.items()
        }
        tables["morris"] = _group(found, "morris", effects, tuple(PARTS["morris"]), ("parameter", found.ranged))
    if found.matrices is not None:
        parts = {name: _each(table, indices) for name, table in found.matrices.items()}
        tables["sobol"] = _group(found, "sobol", parts, tuple(PARTS["sobol"]), ("parameter", found.ranged))
    return tables


def _each(values: Floats, function: Any) -> Floats:
    """(part, parameter, row[, level]) of a function of (a, b) tables, one for each row and level."""
    rest = values.shape[2:]
    cells = [function(values[(slice(None), slice(None), *at)]) for at in np.ndindex(rest)]
    table = np.array(cells).reshape(*rest, *cells[0].shape)
    return np.moveaxis(table, (-1, -2), (0, 1))


def _total(found: Found) -> dict[str, xr.Dataset]:
    values = {name: np.stack([one[name] for one in found.points], axis=1) for name in VARIABLES}
    numbers = list(range(len(found.points)))
    points = _group(found, "points", values, tuple(PARTS["points"]), ("point", numbers))
    points["factor"] = (
        ("point", "parameter"),
        found.factors,
        {"units": "1", "long_name": "factor on the parameter at a point"},
    )
    points = points.assign_coords(parameter=_labels("parameter", found.ranged))
    totals = {}
    for name, table in values.items():
        possible, cells = POSSIBLE.get(name, ANY), []
        for at in np.ndindex(table.shape[2:]):
            value, error, low, high = table[(slice(None), slice(None), *at)]
            cells.append(total(value, error, low, high, possible))
        totals[name] = np.moveaxis(np.array(cells).reshape(*table.shape[2:], -1), -1, 0)
    return {"points": points, "total": _group(found, "total", totals, tuple(PARTS["total"]), None)}


def _group(
    found: Found, group: str, tables: Mapping[str, Floats], parts: Sequence[str], along: tuple[str, list[Any]] | None
) -> xr.Dataset:
    """NAME_PART of every figure, `tables` having the parts first, then `along`, row and level."""
    data = {}
    for name, table in tables.items():
        units, long_name = description(name)
        dims = (*(() if along is None else (along[0],)), "fund", *(("level",) if name in BY_LEVEL else ()))
        for place, part in enumerate(parts):
            text, own = PARTS[group][part]
            data[f"{name}_{part}"] = (dims, table[place], {"units": own or units, "long_name": f"{long_name}: {text}"})
    coords: dict[str, Any] = {
        "fund": _labels("fund", [*found.funds, SYSTEM]),
        "level": ("level", [float(x) for x in found.levels], {"units": "1", "long_name": "level of VaR and ES"}),
    }
    if along is not None:
        coords[along[0]] = _labels(*along)
    return xr.Dataset(data, coords)


def _labels(dim: str, values: Sequence[Any]) -> tuple[str, list[Any], dict[str, str]]:
    texts = {"parameter": "what varies", "point": "point of the Latin hypercube"}
    units, long_name = ("1", texts[dim]) if dim in texts else description(dim)
    return dim, list(values), {"units": units, "long_name": long_name}


def _ranges(found: Found) -> xr.Dataset:
    """What varies, how far, and by whose word."""
    texts = {
        "title": "what varies, for people",
        "law": "law within the range; empty: no range is known",
        "grade": "F: found in a source, C: computed, R: judgement, own: given in the scenario",
        "source": "of the range",
        "sides": "both, below or above: the sides that the derivative is of; none: neither can start",
    }
    numbers = {
        "keys": "how many numbers move together",
        "base": "what stands there, of a single number in base units",
        "low": "factor at the low end",
        "high": "factor at the high end",
        "low_reached": "factor at the low end that was simulated: the nearest at which the scenario can start",
        "high_reached": "factor at the high end that was simulated: the nearest at which the scenario can start",
    }
    for one in found.parameters:
        one["low_reached"], one["high_reached"] = found.reached.get(str(one["name"]), (np.nan, np.nan))
    data: dict[str, Any] = {
        name: ("parameter", [str(one[name]) for one in found.parameters], {"units": "1", "long_name": text})
        for name, text in texts.items()
    }
    data |= {
        name: ("parameter", [float(one[name]) for one in found.parameters], {"units": "1", "long_name": text})
        for name, text in numbers.items()
    }
    names = [str(one["name"]) for one in found.parameters]
    return xr.Dataset(data, {"parameter": _labels("parameter", names)})
