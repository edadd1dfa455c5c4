"""VaR and ES of one levered asset against their closed forms, two million paths, within five standard errors."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats

from stress.engine.runner import execute
from stress.options import RunOptions
from stress.results.dataset.tree import to_datatree
from tiny import single

LEVERAGE, VOL, DOF = 3.0, 0.32, 4.0


def closed_form(model: str, level: float) -> tuple[float, float]:
    """Loss `L (1 - exp(r))`, r = s x with x standard normal, or Student-t scaled to unit variance."""
    deviation = VOL / np.sqrt(252)
    unit = stats.norm() if model == "gaussian" else stats.t(DOF, scale=np.sqrt((DOF - 2) / DOF))

    def loss(probability: float) -> float:
        return float(LEVERAGE * -np.expm1(deviation * unit.ppf(probability)))

    tail = 1.0 - level
    mean, _ = integrate.quad(lambda u: loss(u), 0.0, tail, epsabs=1e-12, limit=500)
    return loss(tail), mean / tail


@pytest.fixture(scope="module", params=["gaussian", "student_t"])
def result(request: pytest.FixtureRequest) -> tuple[str, xr.DataTree]:
    problem = single(
        steps=1,
        assets={"vol": VOL, "shock_vol": VOL, "impact_vol": VOL},
        shocks={"model": request.param, "dof": DOF if request.param == "student_t" else np.inf, "scale": 1.0},
        books={"size": LEVERAGE * single().funds.nav},
        cascade={"feedback": False},
        estimation={"levels": ("0.95", "0.99", "0.999"), "detail_paths": 1_024},
    )
    return request.param, to_datatree(execute(problem, RunOptions(paths=2_000_000, seed=5)))


@pytest.mark.parametrize("level", [0.95, 0.99, 0.999])
def test_var_and_es(result: tuple[str, xr.DataTree], level: float) -> None:
    model, tree = result
    summary = tree["summary"].sel(level=level).isel(fund=0)
    for name, exact in zip(("var", "es"), closed_form(model, level), strict=True):
        estimate, error = float(summary[name]), float(summary[f"{name}_se"])
        assert 0 < error < 0.02 * exact
        assert abs(estimate - exact) < 5 * error, f"{name} {estimate} against {exact} +- {error}"
        assert abs(estimate * 1.05 - exact) > 5 * error or level == 0.999, "five per cent off would be seen"
