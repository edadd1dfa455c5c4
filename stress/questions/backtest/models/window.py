"""A window of returns and the fits that more than one model needs, each worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stress.calibration.covariance import correlation
from stress.calibration.factors import MOST_DENSE, FactorModel, statistical_factors
from stress.calibration.garch import GarchFit, fit_garch, garch_variances
from stress.calibration.student_t import fit_dof
from stress.calibration.volatility import ewma_variances

Floats = npt.NDArray[np.float64]
MOST_GARCH = 50  # names fitted one by one at each refit; the others have the medians of these


@dataclass(frozen=True)
class Settings:
    """How models are fitted."""

    vol: str = "ewma"  # of models that do not move it by themselves: "ewma" or "sample"
    decay: float = 0.94
    correlation: str = "ledoit-wolf"
    max_move: float = 1.0  # log returns of a step are clipped at +- this, as in a scenario


class Window:
    """Log returns (day, name) up to the day of a forecast."""

    def __init__(self, returns: Floats, settings: Settings) -> None:
        self.settings = settings
        self.mean = returns.mean(axis=0)
        self.returns = returns - self.mean

    @cached_property
    def sample(self) -> Floats:
        """Daily variance, (name,)."""
        return np.asarray(self.returns.var(axis=0), np.float64)

    @cached_property
    def ewma(self) -> Floats:
        """(day + 1, name) daily variances."""
        return ewma_variances(self.returns, self.settings.decay)

    @cached_property
    def residuals(self) -> Floats:
        """(day, name) returns over the volatility that `settings.vol` names."""
        return _over(self.returns, self.ewma[:-1] if self.settings.vol == "ewma" else self.sample)

    @cached_property
    def garch(self) -> GarchFit:
        """Parameters by name."""
        return fit_garch(self.returns, MOST_GARCH)

    @cached_property
    def garch_variances(self) -> Floats:
        """(day + 1, name) daily variances."""
        return garch_variances(self.returns, self.sample, self.garch)

    @cached_property
    def garch_residuals(self) -> Floats:
        """(day, name)."""
        return _over(self.returns, self.garch_variances[:-1])

    def factors_of(self, residuals: Floats) -> FactorModel | None:
        """Of many names; None of so few that a correlation matrix serves."""
        return statistical_factors(residuals) if residuals.shape[1] > MOST_DENSE else None

    def dof_of(self, residuals: Floats) -> float:
        """Degrees of freedom of (day, name) residuals."""
        return fit_dof(residuals, correlation(residuals, self.settings.correlation).matrix).dof


def _over(returns: Floats, variances: Floats) -> Floats:
    return np.asarray(returns / np.sqrt(variances), np.float64)
