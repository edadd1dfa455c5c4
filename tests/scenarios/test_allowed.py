"""What a refusal of a number says is allowed is taken: the numbers it names, put in the file, are those it accepts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scenario_example import alone, problem_of
from stress.scenarios.errors import ScenarioError

LONGS, SHORTS = {"semis": 1.2, "japan": 0.4}, {"semis": -1.2, "japan": -0.4}
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")


def fund(positions: dict[str, float], *outside: str, **keys: Any) -> dict[str, Any]:
    """One fund with these positions, `outside` being the assets that do not count in net."""
    document = alone({"positions": positions} | keys)
    document["assets"] = [asset | {"in_net": asset["id"] not in outside} for asset in document["assets"]]
    return document


def bound(gross: float = 2.4, **triggers: Any) -> dict[str, Any]:
    return alone({"gross": gross, "triggers": {"stop_loss": []} | triggers})


REFUSED: dict[str, tuple[dict[str, Any], str, list[Any]]] = {
    "no shorts": (fund(LONGS, gross=2.0, net=0.5), "net", [2.0]),
    "no longs": (fund(SHORTS, gross=2.0, net=0.5), "net", [-2.0]),
    "no shorts that count": (fund({"semis": 1.0, "bonds": -1.0}, "bonds", gross=2.0, net=0.5), "net", [1.0]),
    "no longs that count": (fund({"semis": 1.0, "bonds": -1.0}, "semis", gross=2.0, net=0.5), "net", [-1.0]),
    "too much net": (
        fund({"semis": 0.5, "japan": -0.5, "bonds": 1.0}, "bonds", gross=4.0, net=3.0),
        "net",
        [-2.0, 2.0],
    ),
    "above the broker's limit": (bound(max_leverage=2.0), "triggers.max_leverage", [2.4]),
    "above a target": (bound(target_leverage=1.5, band=0.2), "triggers.target_leverage", [2.0, 3.0]),
    "below a target": (bound(target_leverage=4.0, band=0.2), "triggers.target_leverage", [2.0, 3.0]),
    "no shorts that count, of a third": (
        fund({"semis": 1.0, "bonds": -2.0}, "bonds", gross=2.0, net=0.5),
        "net",
        [0.666666666667],
    ),
    "too much net, of a third": (
        fund({"semis": 1.0, "japan": -1.0, "bonds": -1.0}, "bonds", gross=2.0, net=1.9),
        "net",
        [-1.33333, 1.33333],
    ),
    "all of it outside of net": (fund({"bonds": 0.7, "japan": 0.1}, "bonds", "japan", gross=0.3, net=0.1), "net", [0]),
    "a limit below ten thirds": (bound(10 / 3, max_leverage=2.0), "triggers.max_leverage", [3.33334]),
    "a target of ten thirds": (
        bound(10 / 3, target_leverage=1.5, band=0.07),
        "triggers.target_leverage",
        [3.11527, 3.58422],
    ),
    "a volatility over 0.7": (
        bound(target_vol="1 x start", vol_band=0.7),
        "triggers.target_vol",
        ["1.42858 x start"],
    ),
    "above a volatility": (bound(target_vol="1 x start", vol_band=0.8), "triggers.target_vol", ["1.25 x start"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_numbers_that_a_refusal_names_are_taken(name: str) -> None:
    document, key, offered = REFUSED[name]
    with pytest.raises(ScenarioError) as caught:
        problem_of(document)
    assert caught.value.key == f"funds.longs.{key}"
    told = [float(number) for number in NUMBER.findall(caught.value.allowed)]
    for value in offered:
        assert float(str(value).removesuffix(" x start")) in told
        written = f'"{value}"' if isinstance(value, str) else value
        problem_of(document, f"funds.longs.{key}={written}")
