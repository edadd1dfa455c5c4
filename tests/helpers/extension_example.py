"""The worked example of CONTRIBUTING.md, as it stands there, and a scenario that uses it."""

from __future__ import annotations

import re
from typing import Any

from checkout import ROOT

FALL, LOSS, SHARE, STEEPNESS, VOL, ADV = 0.05, 0.05, 0.1, 1.5, 0.2, 10e9


def source() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (code,) = re.findall(r'```python\n("""Investors who leave.*?)```', text, re.DOTALL)
    return str(code)


def document(model: str = "none", **more: Any) -> dict[str, Any]:
    """One fund of 2 bn, twice long one asset that falls by 5 % at once: it has lost 10 %."""
    script = {"script": [{"step": 1, "moves": {"a": -FALL}}]}
    return {
        "schema": 1,
        "name": "leavers",
        "horizon": {"steps": 3},
        "assets": [{"id": "a", "asset_class": "equity", "region": "us", "vol": VOL, "adv": ADV, "margin": 0.15}],
        "shocks": {"model": model} | script,
        "funds": [{"id": "f", "nav": 2e9, "gross": 2.0, "positions": {"a": 1.0}, "prime_brokers": {"pb": 1.0}}],
        "margin": {},
        "triggers": {"redemption_loss": LOSS, "redemption_share": SHARE},
        "impact": {"law": "logarithmic", "steepness": STEEPNESS, "half_life": "none"},
        **more,
    }
