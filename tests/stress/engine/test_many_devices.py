"""Devices: the bits of a result do not depend on how many there are, nor on how many tiles go into a call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compilation import as_shipped

HELPERS = Path(__file__).parents[2] / "helpers"


PROBLEMS = {"small": ["outside buyers"], "full": ["two passes", "outside buyers"]}
CALLS = {
    "small": [("cpu x 8", 8_192)],
    "full": [("cpu x 4", 4_096), ("cpu x 8", 8_192), ("cpu x 8", 16_384)],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["small", "full"])
def test_devices_and_tiles_a_call_change_no_bit(kind: str) -> None:
    """Of any variable of the result."""
    ended = subprocess.run(
        [sys.executable, str(HELPERS / "many_devices.py"), kind],
        env={**as_shipped(os.environ), "PYTHONPATH": str(HELPERS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(one["problem"], one["device"], one["call"]) for one in found] == [
        (problem, *call) for problem in PROBLEMS[kind] for call in CALLS[kind]
    ]
    for one in found:
        assert one["variables"] > 200
        assert one["differ"] == [], one
