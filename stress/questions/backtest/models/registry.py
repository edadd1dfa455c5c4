"""The models by name, which is `shocks.model` in scenario files."""

from __future__ import annotations

from stress.questions.backtest.models.elliptical import Factor, Gaussian, StudentT
from stress.questions.backtest.models.garch import Garch
from stress.questions.backtest.models.history import Bootstrap, FilteredHistorical
from stress.questions.backtest.models.jump import Jump
from stress.questions.backtest.models.protocol import Model
from stress.questions.backtest.models.regime import Regime

MODELS: dict[str, type[Model]] = {
    "gaussian": Gaussian,
    "student_t": StudentT,
    "garch": Garch,
    "regime": Regime,
    "jump": Jump,
    "factor": Factor,
    "bootstrap": Bootstrap,
    "filtered_historical": FilteredHistorical,
}
