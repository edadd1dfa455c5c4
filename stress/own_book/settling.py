"""Assumptions written down: into the report, unless the user has put a value of his own in the place of one."""

from __future__ import annotations

from pathlib import Path

from stress.own_book.data_report import LEFT_OUT, Assumption, DataReport, shown
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.assumed import read_assumed
from stress.scenarios.read.files import InputFiles
from stress.scenarios.read.units import UnitError, fraction, money


class Settled:
    """Called with an assumption, gives the value that counts.

    Args:
        path: file of values in place of assumptions, as `assumed.csv` of a folder; None: there is none.
        report: takes the assumptions.

    Raises:
        ScenarioError: a file that cannot be read.
    """

    def __init__(self, path: str | Path | None, report: DataReport) -> None:
        self.report, self.file = report, "" if path is None else Path(path).name
        rows = [] if path is None else read_assumed(str(path), InputFiles(self.file))
        self.edited = {row["key"]: row for row in rows}

    def __call__(self, told: Assumption) -> float | str:
        """The value, and a row of the report.

        Raises:
            ScenarioError: a text in place of a number.
        """
        row = self.edited.pop(told.key, None)
        if row is not None:
            value = row["value"] if isinstance(told.value, str) else self._number(row)
            if value != told.value:
                told = Assumption(
                    told.key, value, f"set by hand; by rule {shown(told.value)}", "A", row.get("source", "")
                )
        self.report.assumed.append(told)
        return told.value

    def number(self, told: Assumption) -> float:
        """The value of an assumption that is a number."""
        return float(self(told))

    def _number(self, row: dict[str, str]) -> float:
        try:
            return fraction(row["value"]) if row["value"].endswith("%") else money(row["value"])
        except UnitError as error:
            raise ScenarioError(
                error.problem, file=self.file, key=row["key"], value=row["value"], allowed=error.allowed
            ) from error

    def finish(self) -> None:
        """Name the rows of the file for which nothing is assumed."""
        for key in self.edited:
            self.report.add(
                LEFT_OUT, self.file, f"{key}: nothing is assumed there", rule="rows of --assumed without use"
            )
