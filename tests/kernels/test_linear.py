"""Barriers: only programs of a CPU may have any, as XLA for a GPU refuses them under the flags of this project."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.block import quiet_block, sales_block
from stress.engine.detail import program
from stress.engine.devices import set_up
from stress.engine.tiles import TiledPaths
from stress.questions import recorder
from tiny import make_problem

TILE = 64


def texts(platform: str) -> dict[str, str]:
    """All programs of a run, as they are handed to XLA for a kind of device."""
    problem, mesh = make_problem(steps=2), set_up("cpu", 1).mesh
    structure, params = structure_of(problem), params_of(problem, 1, "float32")
    some = TiledPaths(np.zeros(1, np.uint64), 1, TILE, 1)
    low, high, valid = some.words()
    static = np.zeros((1, 0, TILE), np.float32)
    asked: dict[str, tuple[Any, tuple[Any, ...]]] = {
        "quiet": (quiet_block(structure, mesh), (params, low, high, valid)),
        "sales": (sales_block(structure, mesh), (params, low, high, valid, static)),
        "detail": (program._compiled(structure, mesh), (params, low, high, valid, valid)),
        "record": (recorder._program(structure, 4), (params, low[0], high[0])),
    }
    return {
        name: one.trace(*arguments).lower(lowering_platforms=(platform,)).as_text()
        for name, (one, arguments) in asked.items()
    }


@pytest.mark.parametrize(("platform", "there"), [("cpu", True), ("cuda", False)])
def test_barriers_are_in_programs_of_a_cpu_alone(platform: str, there: bool) -> None:
    found = {name: "optimization_barrier" in text for name, text in texts(platform).items()}
    assert found == dict.fromkeys(("quiet", "sales", "detail", "record"), there)
