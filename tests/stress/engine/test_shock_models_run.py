"""A run with every shock model, and the story of its worst path: the same losses, step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import stress
from shock_examples import SHOCKS, document, problem


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOCKS)
def test_a_path_is_told_as_it_was_run(name: str, tmp_path: Path) -> None:
    made = document(name)
    made["shocks"]["scale"] = 2.0
    made["estimation"] = {"detail_paths": 256}
    tree = stress.run(made, paths=1024, seed=3, out=tmp_path / "run", store="paths")
    losses = tree["paths"]["system_loss"].to_numpy()
    worst = int(np.argmax(losses))
    told = stress.replay(tmp_path / "run", path=int(tree["paths"]["path"].to_numpy()[worst]))
    found = told["outcome"]["fund_loss"].to_numpy()
    assert found[-1] == losses[worst]
    np.testing.assert_array_equal(found[:-1], tree["paths"]["fund_loss"].to_numpy()[worst])
    assert float(tree["diagnostics"]["attribution_residual"]) < 1e-5
    assert losses.std() > 0.001
    assert tree.attrs["name"] == problem(name).name
