"""`assumed = "assumed.csv"`: values that nobody has given, each with the rule and the grade by which it was assumed.

They fill keys that the scenario leaves out, before `--set` changes anything, so that all that was assumed can be read
and edited in one place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stress.scenarios.csv.table import Form
from stress.scenarios.errors import ScenarioError
from stress.scenarios.guessed import nav_keys, with_guesses
from stress.scenarios.read.files import InputFiles
from stress.scenarios.read.inline import INLINED, inline_table
from stress.scenarios.read.overrides import apply_override

COLUMNS = ("key", "value", "rule", "grade", "source")
_FORM = Form(COLUMNS, ("key", "rule", "grade", "source"))


def read_assumed(path: str, files: InputFiles) -> list[dict[str, str]]:
    """Rows of a file of assumptions, each with a key and a value.

    Raises:
        ScenarioError: other columns, or a row without a key or a value.
    """
    file, rows = Path(path).name, files.rows(path, "assumed", _FORM)
    if set(rows[0]) - set(COLUMNS) or not {"key", "value"} <= set(rows[0]):
        raise ScenarioError(
            "has other columns", file=file, key="assumed", value=list(rows[0]), allowed=", ".join(COLUMNS)
        )
    for count, row in enumerate(rows, start=1):
        for column in ("key", "value"):
            if not row[column]:
                raise ScenarioError(
                    f"row {count} has no {column}", file=file, key=row["key"] or "assumed", allowed=f"a {column}"
                )
    return rows


def fill_assumed(document: dict[str, Any], files: InputFiles) -> None:
    """Put the values of the file in the places that are empty; the key `assumed` is gone then.

    Raises:
        ScenarioError: a faulty file, a key that leads nowhere, or one that the scenario sets itself.
    """
    path = document.pop("assumed", None)
    if path is None:
        return
    if not isinstance(path, str):
        raise ScenarioError(
            "is no file name", file=files.scenario_file, key="assumed", value=path, allowed='text: "assumed.csv"'
        )
    for key in INLINED:
        inline_table(document, key, files)
    file, rows = Path(path).name, read_assumed(path, files)
    for row in rows:
        try:
            change = apply_override(document, f"{row['key']}={row['value']}", files)
        except ScenarioError as error:
            raise ScenarioError(
                error.problem, file=file, key=error.key, value=error.value, allowed=error.allowed
            ) from error
        if change.replaced is not None:
            raise ScenarioError(
                "is set elsewhere, too",
                file=file,
                key=row["key"],
                value=row["value"],
                allowed=f"one place: delete this row, or the value {change.replaced!r} that the scenario has",
            )
    sources = document.get("sources", [])
    if isinstance(sources, list) and nav_keys(rows):
        document["sources"] = with_guesses(sources, nav_keys(rows))
