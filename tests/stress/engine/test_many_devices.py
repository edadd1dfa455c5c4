"""Devices: the bits of a result do not depend on how many there are, nor on how many tiles go into a call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HELPERS = Path(__file__).parents[2] / "helpers"


def test_two_four_and_eight_devices_have_the_same_bits() -> None:
    """With two passes and with outside buyers, every variable of the result."""
    ended = subprocess.run(
        [sys.executable, str(HELPERS / "many_devices.py")],
        env={**os.environ, "PYTHONPATH": str(HELPERS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(one["problem"], one["device"], one["call"]) for one in found] == [
        (problem, device, call)
        for problem in ("outside buyers", "two passes")
        for device, call in (("cpu x 4", 4_096), ("cpu x 8", 8_192), ("cpu x 8", 16_384))
    ]
    for one in found:
        assert one["variables"] > 200
        assert one["differ"] == [], one
