"""Every figure of a run with options against the reference with options: exposures, flows by fund, parts, causes."""

from __future__ import annotations

import numpy as np
import pytest

from options_example import with_options
from plain_options import taught
from stress.options import RunOptions
from stress.questions.validate.agreement import against_reference
from stress.questions.validate.engine import run
from stress.questions.validate.invariants import of_paths
from stress.questions.validate.kernels import engine_draws
from stress.questions.validate.validation import of_figures, validate
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from tiny import make_problem

PATHS, DETAILED = 512, 24


def problem() -> Problem:
    return with_options(make_problem(steps=3, shocks={"scale": 2.5}))


@pytest.mark.slow
def test_every_figure_is_the_references(monkeypatch: pytest.MonkeyPatch) -> None:
    taught(monkeypatch)
    found = run(problem(), PATHS, 1, "float64", DETAILED, RunOptions(device="cpu", devices=1))
    checks, compared = against_reference("options", problem(), engine_draws(problem(), 1, DETAILED))
    assert (compared.result.forced_sales_usd[4] > 0).any()
    checks += [*of_paths("options", problem(), compared.result), *of_figures("options", found, compared)]
    assert len(checks) > 150
    assert [check for check in checks if not check.passed] == []
    timeline = found.tree["timeline"]
    by_fund, whole = timeline["forced_flow_by_fund_usd"], timeline["forced_flow_usd"]
    funds = by_fund.sel(fund=list(problem().funds.types))
    np.testing.assert_allclose(funds.sum("fund"), whole, atol=1e-3)
    assert "not by full revaluation" in str(found.tree.attrs["model_limits"])


def test_validate_refuses_what_the_reference_does_not_know() -> None:
    with pytest.raises(ScenarioError, match="options"):
        validate(problem(), RunOptions(device="cpu"))
