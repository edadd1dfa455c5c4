"""`[correlation]`: how the normals of the draw, or factors, move together."""

from __future__ import annotations

from pydantic import Field, StrictBool, model_validator

from stress.scenarios.read.fields import Fraction, Matrix, Share, Table, refuse


class Blend(Table):
    """A second matrix, mixed in with `weight`."""

    matrix: Matrix
    weight: Share = Field(ge=0, le=1)


class Correlation(Table):
    """Correlation of the draw: a matrix (labelled CSV, table of tables, or rows in file order) or one constant."""

    matrix: Matrix | None = None
    constant: Fraction | None = Field(default=None, ge=-1, le=1)
    blend: Blend | None = None
    repair: StrictBool = Field(
        default=False, description="replace an indefinite matrix by the nearest correlation matrix"
    )

    @classmethod
    def later_keys(cls) -> frozenset[str]:
        """Keys of the format that this version lacks."""
        return frozenset({"factor"})

    @model_validator(mode="after")
    def _one_source(self) -> Correlation:
        if (self.matrix is None) == (self.constant is None):
            found = "both matrix and constant are given" if self.matrix is not None else "neither matrix nor constant"
            raise refuse(found, "exactly one of: matrix, constant", "matrix")
        return self
