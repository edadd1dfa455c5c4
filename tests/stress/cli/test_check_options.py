"""What `levstress check` says of options, and how a file with wrong ones ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stress.cli import app

TEXT = """
schema = 1
name = "options"
assets = [{ id = "tech", asset_class = "equity", region = "us", vol = "30 %", adv = "2 bn USD" }]
[shocks]
model = "gaussian"
[[funds]]
id = "seller"
nav = "1 bn USD"
positions = { tech = -0.2 }
gamma = { tech = -6.0 }
theta = { tech = 0.002 }
[funds.margin]
method = "portfolio"
scenarios = [{ equity = "-15 %" }, { equity = "15 %" }]
"""


def test_what_a_move_does_is_told(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(TEXT)
    given = ["check", str(file), "--paths", "0"]
    text, document = CliRunner().invoke(app, given), CliRunner().invoke(app, [*given, "--json"])
    assert text.exit_code == document.exit_code == 0, text.output
    told = " ".join(text.output.split())
    assert "seller │ -10% │ -1.00 │ +2.00 │ +36.00" in told
    assert "not full revaluation" in told
    assert "exceeded with 1.22 %" in told
    down = json.loads(document.stdout)["options"][0]
    assert (down["member"], down["move"]) == ("seller", -0.1)
    assert down["pnl"] == pytest.approx(0.02 - 0.03)
    assert CliRunner().invoke(app, ["validate", str(file)]).exit_code == 3


def test_haircuts_end_with_exit_3(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(TEXT.replace('"portfolio"', '"haircut"').replace("scenarios = ", "# "))
    found = CliRunner().invoke(app, ["check", str(file), "--paths", "0"])
    assert found.exit_code == 3
    for word in ("s.toml", "funds.seller.gamma", "haircuts", 'method = "portfolio"'):
        assert word in found.output
