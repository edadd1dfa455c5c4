"""One model at one setting of its inputs, in float64, and how it compares with what has been published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from stress.published.inputs import Inputs
from stress.published.model import Floats, Model, Values

if TYPE_CHECKING:
    from jax import Array

STANDARD_ERRORS = 5.0


@dataclass(frozen=True)
class Compared:
    """One output next to what it should be."""

    name: str
    expected: Any
    ours: Any
    difference: float  # largest, absolute
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance; a number that is none is not."""
        return self.difference <= self.tolerance


def arrays(model: Model, values: Values) -> tuple[dict[str, Array], dict[str, int]]:
    """The inputs for the kernels: numbers (1,), vectors (entity, 1), tables as they are; and the compiled ones."""
    numbers: dict[str, Array] = {}
    counts: dict[str, int] = {}
    for item in model.inputs:
        value = values[item.key]
        if item.count:
            counts[item.key] = int(value)
        else:
            numbers[item.key] = jnp.asarray(value if value.ndim == 2 else value[..., None], jnp.float64)
    return numbers, counts


def solve(model: Model, inputs: Inputs) -> dict[str, npt.NDArray[Any]]:
    """Every output at one setting, rounds in which nothing was sold any more left out.

    Returns:
        Arrays by the axes that `Model.outputs` names.
    """
    with jax.enable_x64(True):
        numbers, counts = arrays(model, inputs.values)
        found = jax.jit(lambda numbers: model.evaluate(numbers, counts, True))(numbers)
        outputs = {name: np.asarray(value)[..., 0] for name, value in found.items()}
    rounds = int(outputs.get("rounds", outputs.get("rounds_with_sales", np.zeros(()))))
    return {x.name: outputs[x.name][:rounds] if x.dims[:1] == ("round",) else outputs[x.name] for x in model.outputs}


def fingerprint(model: Model, values: Values) -> str:
    """SHA-256 of the inputs that have no default, as float64 in the order of the model."""
    digest = hashlib.sha256()
    for item in model.inputs:
        if item.default is None:
            digest.update(np.ascontiguousarray(values[item.key], dtype="<f8").tobytes())
    return digest.hexdigest()


def compare(model: Model, inputs: Inputs, outputs: Mapping[str, npt.NDArray[Any]]) -> list[Compared]:
    """The outputs next to the published ones where the inputs are the published ones, and next to a closed form where
    there is one; empty where there is neither."""
    found = []
    for case in model.cases:
        if not _same(model, inputs.values, case.inputs) or (
            case.data_sha256 and case.data_sha256 != fingerprint(model, inputs.values)
        ):
            continue
        for expected in case.outputs:
            values, ours = expected.values(), np.asarray(outputs[expected.name], np.float64)
            part = ours[: len(values)] if values.ndim else ours
            found.append(_compared(expected.name, values, part, expected.tolerance()))
    if model.formula is not None:
        for name, values in model.formula(inputs.values).items():
            own = model.formula_within * max(1.0, float(np.abs(values).max()))
            found.append(_compared(name, values, outputs[name], own + _of_chance(model, outputs, name)))
    return found


def _of_chance(model: Model, outputs: Mapping[str, npt.NDArray[Any]], name: str) -> float:
    """Standard errors that a simulated output may be off; 0 of one that is not."""
    return STANDARD_ERRORS * float(outputs[model.errors[name]]) if name in model.errors else 0.0


def _same(model: Model, values: Values, changed: Mapping[str, Any]) -> bool:
    for item in model.inputs:
        wanted = changed.get(item.key, item.default)
        if wanted is not None and not np.array_equal(values[item.key], np.array(wanted, dtype=np.float64)):
            return False
    return True


def _compared(name: str, expected: Floats, ours: Floats, tolerance: float) -> Compared:
    alike = expected.shape == ours.shape
    difference = float(np.abs(expected - ours).max()) if alike else float("inf")
    return Compared(name, expected.tolist(), ours.tolist(), difference, tolerance)
