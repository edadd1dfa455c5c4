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
from stress.calibration.told.toml_part import (
    CORRELATION,
    CRISIS,
    GARCH_FILE,
    LOADINGS,
    calm_correlation,
    garch_numbers,
    provenance,
    toml_part,
)
from stress.scenarios.problem import TRADING_DAYS
from stress.scenarios.read.returns import FILE as RETURNS
from stress.scenarios.read.returns import MOST_NUMBERS

Floats = npt.NDArray[np.float64]
PART, FIT, VOLS, PROVENANCE = "shocks.toml", "fit.csv", "volatilities.csv", "provenance.json"
NAMES = (PART, CORRELATION, CRISIS, LOADINGS, GARCH_FILE, RETURNS, VOLS, FIT, PROVENANCE)


def contents(found: Calibration) -> dict[str, str]:
    """Text of every file by its name."""
    names = found.history.names
    # The last days that fit: a scenario takes the file in whole.
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
    else:
        numbers = garch_numbers(found)
        texts[GARCH_FILE] = _csv(("asset", *numbers), _rows(names, np.column_stack([*numbers.values()])))
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
