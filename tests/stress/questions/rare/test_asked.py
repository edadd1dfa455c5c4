"""A question about rare losses is read as written, and refused where it makes no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stress.questions.rare.asked import read_asked
from stress.scenarios.errors import ScenarioError
from tiny import make_problem, single

PROBLEM = single(cascade={"feedback": False})
FAT = make_problem(steps=2)


def test_what_is_no_question() -> None:
    for text, words in {
        "es(system)": "form of its kind",
        "es(nobody, 0.99)": "no fund or group 'nobody'",
        "mean(system)": "no question",
        "loss(f) > much": "loss",
        "loss(f) > 30": r'^--for: loss\(f\) > 30: is 3,000 % of NAV\n.*did you mean "30 %"',
        "loss(systm) > 30 percent": r"^--for: .*'systm'\n  allowed: did you mean 'system'\? one of: f, .*system",
        "es(f, 1.5)": "outside",
    }.items():
        with pytest.raises(ScenarioError, match=words):
            read_asked(text, PROBLEM)
    asked = read_asked('loss( "f" ) > 12 %', PROBLEM)
    assert asked.text == "loss(f) > 12 %"
    assert read_asked(None, FAT).text == "es(system, 0.99)"
    wanted = replace(FAT, estimation=replace(FAT.estimation, question="default(system)"))
    assert read_asked(None, wanted).text == "default(system)"
    precise = read_asked("loss(f) > 0.123456789012", PROBLEM)
    assert read_asked(precise.text, PROBLEM) == precise  # every digit
    large = read_asked("loss(f) > 123.456789012345 %", PROBLEM)
    assert read_asked(large.text, PROBLEM) == large
    asking = replace(FAT, estimation=replace(FAT.estimation, question="loss(system) > 30"))
    with pytest.raises(ScenarioError, match=r"estimation\.question = 'loss\(system\) > 30': is 3,000 %"):
        read_asked(None, asking)
    named = replace(PROBLEM, funds=replace(PROBLEM.funds, types=("a, b",), types_file_order=("a, b",)))
    assert read_asked('default("a, b")', named).text == 'default("a, b")'
