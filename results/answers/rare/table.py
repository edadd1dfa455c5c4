"""An answer about rare losses in a terminal, and as JSON."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import xarray as xr

from stress.results.answers.horizon import over_horizon
from stress.results.answers.rare.curve import rows
from stress.results.answers.rare.dataset import GROUP, SUFFIXES, WEIGHTS
from stress.results.answers.rare.event import event_of
from stress.results.answers.rare.words import NAMES, answer_text, chances, gain_of, verdict_of, weights_of
from stress.results.statistics.plain_check import PLAIN
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    decimals,
    error_text,
    fixed,
    percent,
    plain_table,
    printable,
)

if TYPE_CHECKING:
    from rich.table import Table

ALONE = "Other figures of the same paths have errors of their own: the paths serve the question alone."


def shown(tree: xr.DataTree) -> list[Any]:
    """The answer, what else its paths say, and whether to believe it."""
    from rich.text import Text

    asked = printable(f"{tree.attrs['name']}, {over_horizon(tree)}: {tree.attrs['asked']}")
    method, paths = NAMES.get(str(tree.attrs["method"])), int(tree.attrs["paths"])
    by = f"by {paths:,} plain paths" if method is None else f"by {method}, {paths:,} paths"
    head = [Text(asked, "bold"), Text(f"{answer_text(tree)} {by}.")]
    head += [Text(printable(line)) for line in [event_of(tree)] if line]
    notes = [
        verdict_of(tree),
        gain_of(tree),
        weights_of(tree),
        *([] if tree.attrs["method"] == PLAIN else [ALONE]),
    ]
    return [*head, _levels(tree), _curve(tree), *(Text(note) for note in notes if note)]


def _levels(tree: xr.DataTree) -> Table:
    table = plain_table(f"{_whose(tree)}: losses, % of start NAV", gap=2)
    add_label_column(table, "level")
    add_number_columns(table, "VaR", "", "ES", "")
    data = tree[GROUP].to_dataset()
    for level in map(float, data["level"].values):
        row = data.sel(level=level)
        cells = []
        for name in ("var", "es"):
            value, se = 100 * float(row[name]), 100 * float(row[f"{name}_se"])
            places = decimals(value, se, 3)
            cells += [fixed(value, places), error_text(se, places)]
        table.add_row(percent(level), *cells)
    return table


def _curve(tree: xr.DataTree) -> Table:
    table = plain_table(f"{_whose(tree)}: probability of a larger loss", gap=2)
    add_label_column(table, "loss, % of start NAV")
    add_number_columns(table, "probability", "", "95 % interval")
    data = tree[GROUP].to_dataset()
    for at in rows(data["loss"].values):
        row = data.isel(loss=at)
        table.add_row(f"{100 * float(row['loss']):.4g}", *_chances(row, "prob_loss_over"))
    table.add_section()
    label = "default of any fund" if tree.attrs["who"] == "system" else "default"
    table.add_row(label, *_chances(data, "prob_default"))
    return table


def _chances(row: xr.Dataset, name: str) -> tuple[str, str, str]:
    value, se, low, high = (float(row[f"{name}{suffix}"]) for suffix in SUFFIXES)
    return chances(value, se, low, high)


def _whose(tree: xr.DataTree) -> str:
    return "Whole system" if tree.attrs["who"] == "system" else str(tree.attrs["who"])


def document(tree: xr.DataTree) -> dict[str, Any]:
    """All numbers; what is not finite is None."""
    data, health = tree[GROUP].to_dataset(), tree[WEIGHTS].to_dataset()
    levels = {
        f"{level:g}": {name: _estimate(data.sel(level=level), name) for name in ("var", "es")}
        for level in map(float, data["level"].values)
    }
    curve = [
        {"loss": float(loss), **_estimate(data.isel(loss=at), "prob_loss_over")}
        for at, loss in enumerate(data["loss"].values)
    ]
    components = {
        str(name): {x: float(health[x][at]) for x in ("share", "paths", "events", "weight")}
        for at, name in enumerate(health["component"].values)
    }
    return {
        "question": "rare",
        "scenario": str(tree.attrs["name"]),
        "paths": int(tree.attrs["paths"]),
        "seed": int(tree.attrs["seed"]),
        "asked": str(tree.attrs["asked"]),
        "method": str(tree.attrs["method"]),
        "why_plain": str(tree.attrs["why_plain"]),
        "plain_check": str(tree.attrs["plain_check"]),
        "answer": _estimate(data, "answer"),
        "levels": levels,
        "prob_default": _estimate(data, "prob_default"),
        "prob_loss_over": curve,
        "expected": {x: tree.attrs.get(x) for x in ("gain", "variance_ratio", "cost_ratio")},
        "weights": {str(x): _number(health[x]) for x in health.data_vars if not health[x].dims} | {"of": components},
        "tilt_sha256": json.loads(tree.attrs["tilt"])["sha256"] if "tilt" in tree.attrs else None,
        "screen": json.loads(tree.attrs["screen"]) if "screen" in tree.attrs else None,
    }


def _estimate(row: xr.Dataset, name: str) -> dict[str, float | None]:
    return {key: _number(row[name + x]) for key, x in zip(("value", "se", "ci_low", "ci_high"), SUFFIXES, strict=True)}


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(float(value)) else None
