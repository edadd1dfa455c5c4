"""What a shock model is: what becomes of correlated normals with the volatilities asked for."""

from __future__ import annotations

from typing import Generic, TypeVar

from jax import Array

Record = TypeVar("Record")


class ShockModel(Generic[Record]):
    """One model; registered in `kernels.shocks.registry` under its name, which is `shocks.model` in scenario files.

    `record` holds the model's own numbers, a NamedTuple at the top of its file, or nothing.
    """

    name: str
    random = True  # False: nothing is drawn
    common = False  # whether a normal that all assets share is drawn for each path and step

    def shaped(self, record: Record, z: Array, common: Array) -> Array:
        """The step's draw before its mean, (asset, path).

        Args:
            record: the model's numbers.
            z: (asset, path) correlated normals times the standard deviations asked for.
            common: (path,) the normal that all assets share; (0,) without one.
        """
        raise NotImplementedError
