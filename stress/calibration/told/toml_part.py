"""The part of a scenario file that says what was fitted: `[correlation]`, `[shocks]` and a table of each model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version

import numpy as np
import numpy.typing as npt

from stress.calibration.calibration import GARCH_DRAWN, Calibration
from stress.calibration.factors import MOST_DENSE
from stress.scenarios.problem import TRADING_DAYS
from stress.scenarios.read.returns import FILE as RETURNS

Floats = npt.NDArray[np.float64]
CORRELATION, CRISIS, LOADINGS = "correlation.csv", "correlation_crisis.csv", "loadings.csv"
GARCH = ("alpha", "gamma", "beta")
GARCH_FILE = "garch.csv"  # of more than `MOST_DENSE` names


def toml_part(found: Calibration) -> str:
    """Text in TOML; the CSV files that it names are those of `stress.calibration.told.files`."""
    blocks = [_comment(found)]
    if len(found.history.names) <= MOST_DENSE:
        blocks.append(f'[correlation]\nmatrix = "{CORRELATION}"')
    tables: list[tuple[str, Mapping[str, object]]] = [
        ("shocks", {"model": found.model, "dof": _dof(found)}),
        ("shocks.garch", _garch(found, start=True)),
        *_regime(found),
        *_jumps(found),
    ]
    if found.factors is not None:
        vols = found.factors.factor_sd * TRADING_DAYS**0.5
        by_factor = dict(zip(found.factors.names, map(_round, vols), strict=True))
        tables.append(("shocks.factor", {"loadings": LOADINGS, "factor_vol": by_factor, "innovations": "student_t"}))
        rows = found.factors.factor_correlation
        if not np.array_equal(rows, np.eye(len(rows))):
            each = (dict(zip(found.factors.names, map(_round, row), strict=True)) for row in rows)
            tables.append(("shocks.factor.correlation", {"matrix": dict(zip(found.factors.names, each, strict=True))}))
    history = {"returns": RETURNS, "kind": "log"}
    tables.append(("shocks.bootstrap", history | {"mean_block": _round(found.mean_block)}))
    tables.append(("shocks.filtered_historical", history | {"mean_block": 1} | _garch(found, start=False)))
    blocks += [f"[{name}]\n" + "\n".join(f"{key} = {_value(x)}" for key, x in table.items()) for name, table in tables]
    return "\n\n".join(blocks) + "\n"


def provenance(found: Calibration) -> dict[str, object]:
    """Where the numbers come from."""
    history = found.history
    versions = {name: version(name) for name in ("levstress", "arch", "statsmodels", "scipy", "numpy")}
    return {
        "file": history.file,
        "sha256": history.sha256,
        "kind": history.kind,
        "first_return": history.days[0],
        "last_return": history.days[-1],
        "returns": len(history.days),
        "names": len(history.names),
        "model": found.model,
        "volatility": found.vol,
        "decay": found.choices.decay,
        "correlation": found.choices.correlation,
        "shrinkage": found.correlation.shrinkage,
        "dof_standard_error": None if np.isnan(found.dof.error) else found.dof.error,
        "versions": versions,
        "notes": list(found.notes),
    }


def calm_correlation(found: Calibration) -> Floats:
    """The matrix of `[correlation]`: of the calm days, where the chosen model has another for crisis."""
    if found.model == "regime" and found.regimes is not None:
        return found.regimes.calm_correlation
    return found.correlation.matrix


def _comment(found: Calibration) -> str:
    about = provenance(found)
    lines = [
        f"Calibrated from {json.dumps(about['file'])}, sha256 {about['sha256']}",
        f"{about['names']} names, {about['returns']} daily returns, {about['first_return']} to {about['last_return']}",
        f"volatility: {found.vol}; correlation: {found.choices.correlation}, shrinkage {about['shrinkage']:.4f}",
        "methods: GJR-GARCH-t by arch, regimes by statsmodels, block length by Politis and White, dof by multivariate",
        "maximum likelihood; provenance.json has versions, volatilities.csv the volatilities that belong to it",
        *found.notes,
    ]
    return "\n".join(f"# {line}" for line in lines)


def _dof(found: Calibration) -> float | dict[str, float]:
    """Of the law that the chosen model draws, by class where classes are known."""
    if found.dof_by_class:
        return {kind: _round(one.dof) for kind, one in found.dof_by_class.items()}
    return _round(found.dof_garch.dof if found.model in GARCH_DRAWN else found.dof.dof)


def garch_numbers(found: Calibration) -> dict[str, Floats]:
    """Columns of `garch.csv`, (name,) each; the variance of tomorrow over that of the draw as the start."""
    values = {key: np.round(found.garch.values[key], 6) for key in GARCH}
    values["alpha"] = np.maximum(values["alpha"], 0.0)
    values["gamma"] = np.maximum(values["gamma"], -values["alpha"])
    return values | {"start": np.round(found.garch_next * TRADING_DAYS / found.shock_vol**2, 6)}


def _garch(found: Calibration, start: bool) -> dict[str, object]:
    """Keys, or of many names the file that has them."""
    if len(found.history.names) > MOST_DENSE:
        return {"numbers": GARCH_FILE}
    keys = (*GARCH, "start") if start else GARCH
    return {key: _by(found, values) for key, values in garch_numbers(found).items() if key in keys}


def _regime(found: Calibration) -> list[tuple[str, Mapping[str, object]]]:
    regimes = found.regimes
    if regimes is None:
        return []
    table = {
        "stay_calm": _round(regimes.stay_calm),
        "stay_crisis": _round(regimes.stay_crisis),
        "crisis_scale": _by(found, regimes.crisis_scale),
        "start": _round(regimes.crisis_now),
    }
    crisis = [("shocks.regime.correlation", {"matrix": CRISIS})] if len(found.history.names) <= MOST_DENSE else []
    return [("shocks.regime", table), *crisis]


def _jumps(found: Calibration) -> list[tuple[str, Mapping[str, object]]]:
    """Sizes in proportion to the volatility of the draw, so that the diffusion keeps its share of the variance."""
    jumps, grown = found.jumps, found.shock_vol / found.vols["sample"]
    tables: list[tuple[str, Mapping[str, object]]] = []
    if jumps.common_rate:
        mean, sd = _by(found, jumps.common_mean * grown), _by(found, jumps.common_sd * grown)
        tables.append(("shocks.jump.common", {"rate": _round(jumps.common_rate), "mean": mean, "sd": sd}))
    if jumps.own_rate.any():
        sd = _by(found, jumps.own_sd * grown)
        tables.append(("shocks.jump.own", {"rate": _by(found, jumps.own_rate), "sd": sd}))
    return tables


def _by(found: Calibration, values: Iterable[float]) -> dict[str, float]:
    return dict(zip(found.history.names, map(_round, values), strict=True))


def _round(value: float) -> float:
    """Six digits: fewer than the errors deserve are none."""
    return float(f"{float(value):.6g}")


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {_value(x)}" for key, x in value.items()) + " }"
        )
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
