"""What `levstress check` says of the draw."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from stress.cli import app

DOF = "shocks.dof={equity=4, credit=5, rates=6, commodity=8, fx=10, crypto=3, other=4}"


def check(*changes: str) -> tuple[str, dict[str, object]]:
    given = ["check", "desk", "--paths", "0", *(word for change in changes for word in ("--set", change))]
    text, document = CliRunner().invoke(app, given), CliRunner().invoke(app, [*given, "--json"])
    assert text.exit_code == document.exit_code == 0, text.output
    return " ".join(text.output.split()), json.loads(document.stdout)


def test_a_repair_is_told() -> None:
    text, document = check("correlation={constant=-0.06, repair=true}")
    distance = document["correlation_repair_distance"]
    assert distance == pytest.approx((0.06 - 1 / 19) * (20 * 19) ** 0.5)
    assert f"was repaired: moved by {distance:.2g} (Frobenius norm)" in text
    text, document = check()
    assert document["correlation_repair_distance"] == 0
    assert "repaired" not in text


def test_chi_squares_by_class_are_told() -> None:
    text, document = check("shocks.model='student_t'", DOF)
    factors = document["correlation_between_classes"]
    assert isinstance(factors, dict)
    assert factors["equity and rates"] == pytest.approx(0.8862269255 * 0.9399856030)
    assert "0.83 times between equity and rates" in text
    assert check("shocks.model='student_t'")[1]["correlation_between_classes"] == {}
