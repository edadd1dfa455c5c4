"""All fits of one history of returns: what each shock model is to be, and how well it fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.calibration.block_length import block_lengths
from stress.calibration.covariance import METHODS, Correlation, correlation
from stress.calibration.extra import need_calibrate
from stress.calibration.factors import MOST_DENSE, FactorModel, given_factors, statistical_factors
from stress.calibration.garch import GarchFit, fit_garch, garch_variances
from stress.calibration.history import History, history_of
from stress.calibration.jumps import Jumps, fit_jumps
from stress.calibration.regimes import Regimes, fit_regimes
from stress.calibration.residual_tests import residual_tests
from stress.calibration.student_t import DegreesOfFreedom, fit_dof
from stress.calibration.volatility import DECAY, ewma_variances
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import TRADING_DAYS
from stress.scenarios.read.fields import ID_PATTERN

Floats = npt.NDArray[np.float64]
MODELS = ("gaussian", "student_t", "garch", "regime", "jump", "factor", "bootstrap", "filtered_historical")
OWN_VOLATILITY = ("garch", "regime", "bootstrap", "filtered_historical")  # they move it, around the long run
VOLATILITIES = ("ewma", "garch", "sample")


@dataclass(frozen=True)
class Choices:
    """What a user may choose."""

    model: str = ""  # one of `MODELS`; "" = student_t, factor beyond `MOST_DENSE` names
    vol: str = ""  # one of `VOLATILITIES`; "" = ewma, sample for the models of `OWN_VOLATILITY`
    decay: float = DECAY
    correlation: str = "ledoit-wolf"
    factors: int | None = None  # None: as many as the criterion says

    def __post_init__(self) -> None:
        for key, allowed in (("model", ("", *MODELS)), ("vol", ("", *VOLATILITIES)), ("correlation", METHODS)):
            if getattr(self, key) not in allowed:
                raise ValueError(f"{key} is {getattr(self, key)!r}; allowed: {', '.join(filter(None, allowed))}")
        if not 0 < self.decay < 1:
            raise ValueError(f"decay is {self.decay}; allowed: between 0 and 1")


@dataclass(frozen=True)
class Calibration:
    """The fits."""

    history: History
    model: str
    vol: str  # which volatility the draw has
    choices: Choices
    vols: dict[str, Floats]  # of `VOLATILITIES`, annual, (name,)
    correlation: Correlation
    dof: DegreesOfFreedom  # of the returns over the volatility that the draw has
    dof_garch: DegreesOfFreedom  # of the residuals of GARCH
    garch: GarchFit
    garch_next: Floats  # (name,) daily variance of the day after the last
    regimes: Regimes | None  # None: no two states were found
    blocks: Floats  # (name,) days
    factors: FactorModel | None  # None: one name
    jumps: Jumps
    residuals: dict[str, Floats]  # (day, name): raw, ewma, garch
    tests: xr.Dataset
    notes: tuple[str, ...]

    @property
    def shock_vol(self) -> Floats:
        """Annual volatility of the draw, (name,)."""
        return self.vols[self.vol]

    @property
    def mean_block(self) -> float:
        """Mean length of a block in days: the median over the names."""
        return float(np.median(self.blocks))


def calibrate(history: Any, choices: Choices | None = None, factors: History | None = None) -> Calibration:
    """Fit every shock model.

    Args:
        history: a `History`, or a pandas table of daily prices, dates x names.
        choices: what may be chosen.
        factors: returns of given factors, on the same days; None: principal components.

    Raises:
        MissingExtra: the libraries of `[calibrate]` are not installed.
        ScenarioError: the table cannot be read, a name cannot be an id, or the factors have other days.
        ValueError: more factors than names.
    """
    need_calibrate("calibrate")
    history = history if isinstance(history, History) else history_of(history)
    _check_ids(history)
    choices = choices or Choices()
    names, notes = len(history.names), []
    r = history.returns - history.returns.mean(axis=0)
    model = choices.model or ("student_t" if names <= MOST_DENSE else "factor")
    vol = choices.vol or ("sample" if model in OWN_VOLATILITY else "ewma")
    sample = r.var(axis=0)
    ewma, garch = ewma_variances(r, choices.decay), fit_garch(r)
    variances = garch_variances(r, sample, garch)
    residuals = {"raw": r / np.sqrt(sample), "ewma": r / np.sqrt(ewma[:-1]), "garch": r / np.sqrt(variances[:-1])}
    vols = {"ewma": ewma[-1], "garch": variances[-1], "sample": sample}
    own = residuals["raw" if vol == "sample" else vol]
    matrix = correlation(own, choices.correlation)
    try:
        regimes = fit_regimes(r, choices.correlation)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        regimes = None
        notes.append(f"no [shocks.regime]: {error}")
    if not garch.fitted.all():
        notes.append(f"GARCH was fitted to {garch.fitted.sum()} of {names} names; the others have their medians")
    if names > MOST_DENSE:
        notes.append(f"no [correlation]: with more than {MOST_DENSE} names the factor model stands for it")
    return Calibration(
        history,
        model,
        vol,
        choices,
        {key: np.sqrt(TRADING_DAYS * value) for key, value in vols.items()},
        matrix,
        fit_dof(own, matrix.matrix),
        fit_dof(residuals["garch"], correlation(residuals["garch"], choices.correlation).matrix),
        garch,
        variances[-1],
        regimes,
        block_lengths(r),
        _factors(r, choices, factors, history),
        fit_jumps(r),
        residuals,
        residual_tests(residuals, history.names),
        tuple(notes),
    )


def _check_ids(history: History) -> None:
    """What is written becomes a part of a scenario, so names have to be ids there."""
    for name in history.names:
        if not re.fullmatch(ID_PATTERN, name):
            allowed = f"ids as in a scenario: {ID_PATTERN}"
            raise ScenarioError("is no id", file=history.file, key="header", value=name, allowed=allowed)


def _factors(r: Floats, choices: Choices, given: History | None, history: History) -> FactorModel | None:
    if given is not None:
        if given.days != history.days:
            raise ScenarioError(
                "has other days than the returns",
                file=given.file,
                key="days",
                value=f"{given.days[0]} to {given.days[-1]}, {len(given.days)}",
                allowed=f"{history.days[0]} to {history.days[-1]}, {len(history.days)}, each of them",
            )
        try:
            return given_factors(r, given.returns, given.names)
        except ValueError as error:
            raise ScenarioError(str(error), file=given.file, key="factors", allowed="independent factors") from error
    return statistical_factors(r, choices.factors) if r.shape[1] > 1 else None
