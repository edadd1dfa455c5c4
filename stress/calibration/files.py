"""What `calibrate` writes: `shocks.toml`, the CSV files it names, the volatilities, and where everything comes from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stress.calibration.calibration import VOLATILITIES, Calibration
from stress.calibration.factors import MOST_DENSE
from stress.calibration.toml_part import (
    CORRELATION,
    CRISIS,
    LOADINGS,
    RETURNS,
    calm_correlation,
    provenance,
    toml_part,
)
from stress.scenarios.problem import TRADING_DAYS

Floats = npt.NDArray[np.float64]
MOST_NUMBERS = 1_000_000  # of `returns.csv`, which a scenario takes in whole: the last days that fit
PART, FIT, VOLS, PROVENANCE = "shocks.toml", "fit.csv", "volatilities.csv", "provenance.json"
NAMES = (PART, CORRELATION, CRISIS, LOADINGS, RETURNS, VOLS, FIT, PROVENANCE)


def contents(found: Calibration) -> dict[str, str]:
    """Text of every file by its name."""
    names = found.history.names
    kept = min(len(found.history.days), MOST_NUMBERS // len(names))
    texts = {
        PART: toml_part(found),
        RETURNS: _csv(("date", *names), _rows(found.history.days[-kept:], found.history.returns[-kept:])),
        VOLS: _csv(
            ("id", "shock_vol", *(f"{key}_vol" for key in VOLATILITIES)),
            _rows(names, np.column_stack([found.shock_vol, *(found.vols[key] for key in VOLATILITIES)])),
        ),
        FIT: found.tests.to_dataframe().to_csv(float_format="%.6g"),
        PROVENANCE: json.dumps(provenance(found), indent=1) + "\n",
    }
    if len(names) <= MOST_DENSE:
        texts[CORRELATION] = _csv(("asset", *names), _rows(names, calm_correlation(found)))
        if found.regimes is not None:
            texts[CRISIS] = _csv(("asset", *names), _rows(names, found.regimes.crisis_correlation))
    if found.factors is not None:
        columns = np.column_stack([found.factors.loadings, found.factors.specific_sd * TRADING_DAYS**0.5])
        texts[LOADINGS] = _csv(("asset", *found.factors.names, "specific_vol"), _rows(names, columns))
    return texts


def write(found: Calibration, folder: Path, overwrite: bool = False) -> list[str]:
    """Write the files into `folder` and return their names.

    Raises:
        FileExistsError: one of them is there already and `overwrite` is off.
        OSError: whatever the system refuses.
    """
    texts = contents(found)
    there = [name for name in NAMES if (folder / name).exists()]
    if there and not overwrite:
        raise FileExistsError(f"{folder / there[0]} is there already; --overwrite replaces it")
    folder.mkdir(parents=True, exist_ok=True)
    for name in there:
        if name not in texts:
            (folder / name).unlink()  # of a calibration before
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(texts)


def _rows(labels: Sequence[str], numbers: Floats) -> Iterable[list[object]]:
    return ([label, *map(float, row)] for label, row in zip(labels, numbers, strict=True))


def _csv(header: tuple[str, ...], rows: Iterable[list[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
