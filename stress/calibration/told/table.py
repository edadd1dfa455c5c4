"""What was fitted, as a person reads it: a few sentences, a table by name, one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stress.calibration.calibration import Calibration
from stress.calibration.garch import PARAMETERS
from stress.calibration.told.toml_part import provenance
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    decimals,
    fixed,
    named,
    plain_table,
    with_error,
)

if TYPE_CHECKING:
    from rich.table import Table

MOST_ROWS = 40
SIGNIFICANT = 0.01  # of the residual tests that are counted


def sentences(found: Calibration) -> list[str]:
    """What holds for all names together."""
    persistence = found.garch.persistence
    lines = [
        f"Student-t of returns over {found.vol} volatility: dof {_pair(found.dof.dof, found.dof.error)}; of GARCH "
        f"residuals: {_pair(found.dof_garch.dof, found.dof_garch.error)}.",
        *(f"Degrees of freedom of {kind}: {_pair(one.dof, one.error)}." for kind, one in found.dof_by_class.items()),
        f"GARCH persistence: median {np.median(persistence):.4f}, {persistence.min():.4f} to {persistence.max():.4f}.",
        f"Correlation: {found.choices.correlation}, shrinkage {found.correlation.shrinkage:.3f}.",
        f"Block length (Politis-White, sizes of returns): median {found.mean_block:.0f} days.",
    ]
    if found.regimes is not None:
        one = found.regimes
        lines.append(
            f"Regimes: calm stays with {_pair(one.stay_calm, one.errors[0])} a day, crisis with "
            f"{_pair(one.stay_crisis, one.errors[1])}; crisis days are {np.median(one.crisis_scale):.2f} times as "
            f"volatile (median), {one.crisis_share:.0%} of all; tomorrow is one with probability {one.crisis_now:.2f}."
        )
    if found.factors is not None:
        count = len(found.factors.names)
        lines.append(f"Factors: {count}, which explain {found.factors.explained:.0%} of the names' variance.")
    if found.jumps.common_rate:
        lines.append(f"Jumps of all names together: {found.jumps.common_rate:.1f} a year.")
    left = found.tests["arch_lm_p"] < SIGNIFICANT
    counts = {kind: int(left.sel(residuals=kind).sum()) for kind in left["residuals"].values}
    lines.append(
        f"ARCH left at {SIGNIFICANT:.0%} (ARCH-LM): "
        + ", ".join(f"{kind} {count} of {len(found.history.names)}" for kind, count in counts.items())
        + "."
    )
    return [*lines, *(f"Note: {note}." for note in found.notes)]


def table(found: Calibration) -> Table:
    """A row a name, at most `MOST_ROWS` of them."""
    history = found.history
    title = f"{history.file}: {len(history.names)} names, {len(history.days):,} daily returns, "
    shown = plain_table(title + f"{history.days[0]} to {history.days[-1]}", gap=2)
    add_label_column(shown, "name")
    add_number_columns(shown, "vol %\newma", "\ngarch", "\nsample", "alpha", "gamma", "beta", "persistence", "dof")
    add_number_columns(shown, "tail\nindex", "ARCH-LM p\nraw", "\ngarch", "block\ndays")
    garch, persistence = found.garch, found.garch.persistence
    for n, name in enumerate(history.names[:MOST_ROWS]):
        tests = found.tests.sel(asset=name)
        shown.add_row(
            named(name),
            *(f"{100 * found.vols[key][n]:.1f}" for key in ("ewma", "garch", "sample")),
            *(f"{garch.values[key][n]:.3f}" for key in ("alpha", "gamma", "beta")),
            _pair(persistence[n], garch.persistence_error[n]),
            _pair(garch.values["dof"][n], garch.errors["dof"][n]),
            _pair(float(tests["tail_index"].sel(residuals="raw")), float(tests["tail_index_se"].sel(residuals="raw"))),
            *(f"{float(tests['arch_lm_p'].sel(residuals=kind)):.3f}" for kind in ("raw", "garch")),
            f"{found.blocks[n]:.0f}",
        )
    if len(history.names) > MOST_ROWS:
        shown.caption = f"{len(history.names) - MOST_ROWS} more names in fit.csv and volatilities.csv"
    return shown


def document(found: Calibration) -> dict[str, Any]:
    """All of it for a program."""
    names, garch = found.history.names, found.garch

    def by(values: Any) -> dict[str, float | None]:
        return {name: _number(x) for name, x in zip(names, values, strict=True)}

    return {
        "provenance": provenance(found),
        "dof": {"value": found.dof.dof, "se": _number(found.dof.error)},
        "dof_garch": {"value": found.dof_garch.dof, "se": _number(found.dof_garch.error)},
        "dof_by_class": {
            kind: {"value": one.dof, "se": _number(one.error)} for kind, one in found.dof_by_class.items()
        },
        "vol": {key: by(values) for key, values in found.vols.items()},
        "garch": {key: {"value": by(garch.values[key]), "se": by(garch.errors[key])} for key in PARAMETERS}
        | {"persistence": {"value": by(garch.persistence), "se": by(garch.persistence_error)}},
        "regime": None
        if found.regimes is None
        else {
            "stay_calm": {"value": found.regimes.stay_calm, "se": _number(found.regimes.errors[0])},
            "stay_crisis": {"value": found.regimes.stay_crisis, "se": _number(found.regimes.errors[1])},
            "crisis_scale": by(found.regimes.crisis_scale),
            "crisis_tomorrow": found.regimes.crisis_now,
        },
        "block_days": by(found.blocks),
        "factors": None if found.factors is None else list(found.factors.names),
        "tests": {
            kind: {key: by(found.tests[key].sel(residuals=kind).values) for key in found.tests.data_vars}
            for kind in map(str, found.tests["residuals"].values)
        },
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _pair(value: float, error: float) -> str:
    return with_error(value, error, decimals(value, error, 4)) if np.isfinite(error) else fixed(value, 2)
