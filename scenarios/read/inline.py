"""`assets = "assets.csv"` and `funds = "funds.csv"`: rows of a file put in place of its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from stress.scenarios.csv.table import Form
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.read.files import InputFiles

_FORMS = {
    "assets": Form(
        ("id", "name", "asset_class", "region", "sector", "vol", "shock_vol", "impact_vol", "in_net", "adv", "margin"),
        ("id", "name", "asset_class", "region", "sector", "in_net"),
        ("loadings.",),
    ),
    "funds": Form(
        ("id", "strategy", "region", "nav", "gross", "net", "positions", "count", "leverage_spread"),
        ("id", "strategy", "region", "positions"),
        ("positions.", "prime_brokers.", "margin.", "triggers."),
    ),
}
_WHOLE = {"count", "grace_steps", "lockup_steps", "cure_steps"}
_DIGITS = re.compile(r"[0-9]{1,18}")
_TRUTH = {"true": True, "false": False}
MOST_ROWS = 2_000
INLINED = tuple(_FORMS)


def inline_table(document: dict[str, Any], key: str, files: InputFiles) -> None:
    """Replace the file name under `key` ("assets" or "funds") by the file's rows; an empty cell leaves its key out.

    A column `prime_brokers.pb_a` of a fund file is the key `pb_a` of its table `prime_brokers`; likewise `positions.`,
    `margin.` and `triggers.`, and `loadings.` of an asset file. Anything else that is no key of the format is an error.

    Raises:
        ScenarioError: unreadable file, unknown or missing columns.
    """
    path = document.get(key)
    if not isinstance(path, str) or key not in _FORMS:
        return
    form = _FORMS[key]
    rows = files.rows(path, key, form)
    file = Path(path).name
    if len(rows) > MOST_ROWS:
        raise ScenarioError(f"has {len(rows):,} rows", file=file, key=key, value=path, allowed=f"{MOST_ROWS:,} at most")
    for column in rows[0]:
        if column not in form.columns and not (form.prefixes and column.startswith(form.prefixes)):
            raise ScenarioError(
                "unknown column", file=file, key=f"{key}.{column}", allowed=suggest(column, form.columns)
            )
    if "id" not in rows[0]:
        raise ScenarioError("has no column id", file=file, key=f"{key}.id", allowed="a column id")
    document[key] = [_entry(row) for row in rows]
    files.tables[key] = file


def _entry(row: dict[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for column, cell in row.items():
        if not cell:
            continue
        table, dot, name = column.partition(".")
        value: object = int(cell) if (name or column) in _WHOLE and _DIGITS.fullmatch(cell) else cell
        value = _TRUTH.get(cell.lower(), cell) if (name or column) == "two_way" else value
        if dot and not isinstance(entry.get(table, {}), str):
            entry.setdefault(table, {})[name] = value
        else:
            entry[column] = value
    return entry
