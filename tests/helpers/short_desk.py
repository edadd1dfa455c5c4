"""The desk scenario over four steps, in blocks of one size: compiled once for all tests that run it."""

from __future__ import annotations

from functools import cache
from typing import Any

import xarray as xr

import stress

BLOCK, SEED = 2048, 5
SET = ("horizon.steps=4", "estimation.detail_paths=2000")
WORDS = ("desk", *(word for override in SET for word in ("--set", override)))  # as they are typed
SIZED = (*WORDS, "--seed", str(SEED), "--block-size", str(BLOCK))


def short_desk(*overrides: str) -> Any:
    return stress.load_scenario("desk", [*SET, *overrides])


def options(paths: int) -> dict[str, Any]:
    """Arguments of `stress.run`."""
    return {"paths": paths, "seed": SEED, "block_size": BLOCK}


@cache
def undisturbed_run(paths: int) -> xr.DataTree:
    """What a run of so many paths comes to when nothing goes wrong."""
    return stress.run(short_desk(), **options(paths))
