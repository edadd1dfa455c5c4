"""The S&P 500, the Nasdaq and oil, as they ship with `arch`: beside what `arch` itself estimates."""

from __future__ import annotations

import numpy as np
import pytest
from arch import arch_model
from arch.data import nasdaq, sp500, wti

from stress.calibration.garch import fit_garch, garch_variances
from stress.calibration.student_t import fit_dof

SERIES = {"sp500": sp500, "nasdaq": nasdaq, "wti": wti}


@pytest.mark.parametrize("name", SERIES)
def test_persistence_and_degrees_of_freedom_beside_those_of_arch(name: str) -> None:
    table = SERIES[name].load()
    prices = (table["Adj Close"] if "Adj Close" in table else table.iloc[:, 0]).dropna()
    returns = np.diff(np.log(prices[prices > 0].to_numpy()))[:, None]
    theirs = arch_model(100 * returns[:, 0], vol="GARCH", p=1, o=1, q=1, dist="t").fit(disp="off")
    ours = fit_garch(returns)
    persistence = theirs.params["alpha[1]"] + theirs.params["gamma[1]"] / 2 + theirs.params["beta[1]"]
    assert ours.persistence[0] == pytest.approx(persistence, abs=2 * ours.persistence_error[0])
    assert ours.values["dof"][0] == pytest.approx(theirs.params["nu"], abs=theirs.std_err["nu"])
    assert 0.9 < ours.persistence[0] < 1
    # The multivariate estimator, by itself, on the residuals: another way to the same number.
    centred = returns - returns.mean()
    variances = garch_variances(centred, centred.var(axis=0), ours)
    by_itself = fit_dof(centred / np.sqrt(variances[:-1]), np.eye(1))
    assert by_itself.dof == pytest.approx(ours.values["dof"][0], rel=0.05)
    raw = fit_dof(centred, np.eye(1))  # volatility that is not taken off makes tails
    assert raw.dof < 0.7 * by_itself.dof


def test_the_filter_is_that_of_arch() -> None:
    returns = np.diff(np.log(sp500.load()["Adj Close"].to_numpy()))[:1500, None]
    centred = returns - returns.mean()
    found = fit_garch(centred)
    theirs = arch_model(100 * centred[:, 0], mean="Zero", vol="GARCH", p=1, o=1, q=1, dist="t").fit(disp="off")
    ours = garch_variances(centred, found.values["omega"] / (1 - found.persistence), found)
    assert np.sqrt(ours[200:-1, 0]) == pytest.approx(theirs.conditional_volatility[200:] / 100, rel=1e-3)
    forecast = float(theirs.forecast(horizon=1).variance.iloc[-1, 0])
    assert ours[-1, 0] == pytest.approx(forecast / 100**2, rel=1e-3)
