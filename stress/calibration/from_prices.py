"""`stress.calibrate`: from prices, as a file or in memory, to what every shock model is to be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stress.calibration.calibration import Calibration, Choices
from stress.calibration.calibration import calibrate as fit
from stress.calibration.classes import read_classes
from stress.calibration.history import History, history_of, read_history
from stress.calibration.told.files import write


def calibrate(
    prices: Any,
    *,
    kind: str = "prices",
    model: str = "",
    vol: str = "",
    correlation: str = "ledoit-wolf",
    factors: Any = None,
    classes: Mapping[str, str] | str | Path | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
) -> Calibration:
    """Fit every shock model to daily prices; nothing is written without `out`.

    Args:
        prices: a CSV file or a DataFrame, dates x names.
        kind: what it holds: "prices", "returns" or "log-returns".
        model: shock model of the part; "" = student_t, factor with more than 300 names.
        vol: "ewma", "garch" or "sample"; "" = by the model.
        correlation: how correlations are shrunk: "ledoit-wolf", "oas" or "sample".
        factors: how many principal components; or given ones, a table like `prices` on the same days.
        classes: asset class by name, or a CSV file of them: degrees of freedom of each.
        out: folder for the files of `levstress calibrate`.
        overwrite: replace a calibration that is there.

    Returns:
        The fits: `dof`, `garch`, `vols`, `correlation`, `factors`, `regimes`, `tests` ...

    Raises:
        MissingExtra: the libraries of `[calibrate]` are not installed.
        ScenarioError: a table that cannot be read; names file, key and what is allowed.
        ValueError: a choice that there is not; more factors than names.
        FileExistsError: `out` has a calibration, and `overwrite` is off.

    Example:
        >>> import stress
        >>> found = stress.calibrate("prices.csv", model="garch", out="mine/shocks")  # doctest: +SKIP
    """
    history = _history(prices, kind)
    counted = factors is None or isinstance(factors, int)
    choices = Choices(model, vol, correlation=correlation, factors=factors if counted else None)
    if isinstance(classes, str | Path):
        classes = read_classes(Path(classes), history.names)
    found = fit(history, choices, None if counted else _history(factors, kind), classes)
    if out is not None:
        write(found, Path(out), overwrite)
    return found


def _history(given: Any, kind: str) -> History:
    if isinstance(given, History):
        return given
    return read_history(Path(given), kind) if isinstance(given, str | Path) else history_of(given, kind)
