"""The shock models by name. A model is a file of this folder with `TABLE`, and a word here."""

from __future__ import annotations

from importlib import import_module

from stress.scenarios.shocks.protocol import ShockTable

NAMES = (
    *("none", "gaussian", "student_t", "garch", "regime", "jump"),
    *("factor", "bootstrap", "filtered_historical"),
)
PLAIN = {"none": ShockTable(), "gaussian": ShockTable(), "student_t": ShockTable(student_t=True)}  # without a table
TABLES: dict[str, ShockTable] = {
    name: PLAIN.get(name) or import_module(f"stress.scenarios.shocks.{name}").TABLE for name in NAMES
}
