"""Several outside flows at once: what they trade adds up, and each has its part of the attribution."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from flat import retail_of
from stress.compile.outside import outside as numbers
from stress.compile.outside.retail import record
from stress.engine.runner import execute
from stress.kernels.outside import registry as kernels
from stress.options import RunOptions
from stress.results.dataset.components import component_names
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.outside import registry as tables
from stress.scenarios.problem import Problem
from tiny import BN, make_problem, single

ONE = make_problem(steps=4, shocks={"scale": 2.5}, estimation={"detail_paths": 1_024})


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second kind of buyer, who does as retail does."""
    kernel, table = type(kernels.FLOWS["retail"])(), type(tables.TABLES["retail"])()
    kernel.name = table.name = "others"
    table.component, table.caused_by = "others_offset", "other purchases"

    def own_record(problem: Problem) -> Any:
        return record(replace(problem, outside={"retail": problem.outside.get("others")}))

    monkeypatch.setitem(kernels.FLOWS, "others", kernel)
    monkeypatch.setitem(tables.TABLES, "others", table)
    monkeypatch.setitem(numbers.RECORDS, "others", own_record)


def run(problem: Problem) -> SimulationOutput:
    return execute(problem, RunOptions(paths=1_024, seed=5, precision="float64"))


def part(share: float) -> Any:
    retail = retail_of(ONE)
    return replace(retail, **{name: getattr(retail, name) * share for name in ("per_percent", "cap", "budget")})


@pytest.mark.slow
@pytest.mark.usefixtures("others")
def test_two_parts_do_what_the_whole_does_and_share_its_component() -> None:
    whole, parts = run(ONE), run(replace(ONE, outside={"retail": part(0.25), "others": part(0.75)}))
    np.testing.assert_allclose(parts.sample.fund_loss, whole.sample.fund_loss, rtol=1e-9, atol=1e-12)
    single, several = whole.sample.attribution, parts.sample.attribution
    assert np.abs(single["retail_offset"]).max() > 1e-4
    np.testing.assert_allclose(several["retail_offset"], 0.25 * single["retail_offset"], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(several["others_offset"], 0.75 * single["retail_offset"], rtol=1e-7, atol=1e-12)
    for name in set(single) - {"retail_offset", "others_offset"}:
        np.testing.assert_allclose(several[name], single[name], rtol=1e-7, atol=1e-12)
    assert not single["others_offset"].any()


@pytest.mark.usefixtures("others")
def test_the_dataset_lists_every_kind_there_is() -> None:
    small = single(retail={"per_percent": 0.1 * BN, "weights": 1.0})
    components = [str(name) for name in np.asarray(to_datatree(run(small))["attribution"]["component"])]
    assert components == [*component_names(), "total"]
    assert components[3:5] == ["retail_offset", "others_offset"]
