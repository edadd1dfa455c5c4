"""`[correlation]`: how the normals of the draw, or factors, move together."""

from __future__ import annotations

from pydantic import Field, StrictBool, model_validator

from stress.scenarios.read.fields import Fraction, Matrix, Rows, Share, Table, refuse

SOURCES = ("matrix", "constant", "factor")


class Blend(Table):
    """A second matrix, mixed in with `weight`."""

    matrix: Matrix
    weight: Share = Field(ge=0, le=1)


class Correlation(Table):
    """Correlation of the draw: a matrix (labelled CSV, table of tables, rows in file order), a constant, or factors."""

    matrix: Matrix | None = None
    constant: Fraction | None = Field(default=None, ge=-1, le=1)
    factor: Rows | None = Field(
        default=None,
        description="a labelled CSV, an asset a row and a factor a column, or a table of tables: correlations with "
        "factors that are independent; what their squares lack of 1 is the asset's own",
    )
    blend: Blend | None = None
    repair: StrictBool = Field(
        default=False, description="replace an indefinite matrix by the nearest correlation matrix"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Correlation:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            found = f"{' and '.join(given)} are given" if given else "neither matrix, constant nor factor"
            raise refuse(found, f"exactly one of: {', '.join(SOURCES)}", given[0] if given else "matrix")
        return self
