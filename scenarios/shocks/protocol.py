"""What a shock model is on the side of the file: its table `[shocks.NAME]`, and what that comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from stress.scenarios.conditions.days import Kernel
from stress.scenarios.conditions.law import Part
from stress.scenarios.conditions.record import Condition
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Assets, Floats, Shocks
from stress.scenarios.read.fields import Table
from stress.scenarios.schema.correlation import Correlation


class Given(Protocol):
    """What a model's numbers are worked out from, see `scenarios.build.model_inputs`; keys are those of its table."""

    assets: Assets
    steps_per_day: int
    correlation: Floats  # (asset, asset) of `[correlation]`

    def by_asset(self, value: float | Mapping[str, float], key: str) -> Floats:
        """One number, or a table by asset id or class, as (asset,)."""

    def matrix(self, table: Correlation | None, key: str, names: Sequence[str], order: Sequence[str]) -> Floats:
        """A correlation matrix of `names`, whose rows without labels are in another `order`; repaired if it says so."""

    def rows(self, source: Any, key: str) -> dict[str, dict[str, float]]:
        """Numbers by row and column, of a labelled CSV file or a table of tables."""

    def returns(self, source: Any, kind: str, key: str) -> Floats:
        """A history of daily log returns, (asset, day)."""

    def refused(self, problem: str, key: str, value: object, allowed: str) -> ScenarioError:
        """An error that names the file and the whole key."""


class ShockTable:
    """One model; registered in `scenarios.shocks.registry` under its name, which is `shocks.model` in files.

    Attributes:
        keys: of its table; None: it has none.
        required: those without which it cannot be.
        daily: its numbers are of days, so that a step has to be one.
        correlated: whether it reads `[correlation]`.
    """

    keys: type[Table] | None = None
    required: tuple[str, ...] = ()
    daily = False
    correlated = True

    def __init__(self, student_t: bool = False) -> None:
        self._student_t = student_t

    def fat(self, table: Any) -> bool:
        """Whether it draws from Student-t, and so reads `shocks.dof`."""
        return self._student_t or getattr(table, "innovations", "") == "student_t"

    def parameters(self, table: Any, given: Given) -> Any:
        """The record in `Problem.shocks.parameters`.

        Raises:
            ScenarioError: numbers that do not go together.
        """
        return None

    def correlation(self, parameters: Any, given: Given) -> Floats:
        """Correlation of the draw, (asset, asset), where its innovations are gaussian or have one chi-square."""
        return given.correlation

    def document(self, table: Any, parameters: Any, given: Given) -> dict[str, Any]:
        """Keys of the table whose values are files, in full."""
        return {}

    def without_law(self, shocks: Shocks, condition: Condition) -> tuple[str, object, str] | None:
        """Why the model has no law given a condition: the problem, the value and what is allowed; None: it has."""
        return None

    def parts(
        self, shocks: Shocks, deviation: Floats, mean: Floats, steps_per_day: int, condition: Condition
    ) -> list[Part]:
        """The law of the draw of a condition's step; by default one part with `shocks.correlation`.

        Args:
            shocks: of the problem.
            deviation: of the draw of a step, (asset,).
            mean: log return, (asset,).
            steps_per_day: steps in a day.
            condition: whose rows the parts' covariances are with.
        """
        return [Part(1.0, mean, deviation**2, across(shocks.correlation, deviation, condition.rows), shocks.dof)]

    def picked_days(self, shocks: Shocks, deviation: Floats, mean: Floats, condition: Condition) -> Kernel | None:
        """Which days of its history a model draws given a condition; None: it draws none."""
        return None


def across(correlation: Floats, deviation: Floats, rows: Floats) -> Floats:
    """Covariance of every asset with rows of weights (row, asset): (asset, row)."""
    found: Floats = deviation[:, None] * (correlation @ (rows * deviation).T)
    return found


def correlation_of(covariance: Floats) -> Floats:
    """Correlation of a covariance (asset, asset); 1 on the diagonal, also of what does not move."""
    deviation = np.sqrt(np.diag(covariance))
    inverse = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    matrix: Floats = covariance * np.outer(inverse, inverse)
    np.fill_diagonal(matrix, 1.0)
    return matrix
