"""`--shock KEY=MOVE[@STEP]`: one more move that the draw is conditioned on, put in `[[shocks.condition]]`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stress.scenarios.errors import ScenarioError
from stress.scenarios.origin import Change
from stress.scenarios.read.python_values import as_in_a_file

OPTION = "--shock"
Shock = str | Sequence[str] | Mapping[str, object]  # "tech=-10%@2", several of them, or {"tech": -0.1, "gold@2": "1 %"}
_FORM = re.compile(r"\s*([^=]+?)\s*=\s*([^=@]+?)\s*(?:@\s*([0-9]{1,6})\s*)?")
_ALLOWED = "KEY=MOVE or KEY=MOVE@STEP, as tech=-10% or AAPL=-0.1@2; KEY an asset, a class, a sector, or with .*"


def shock_texts(shock: Shock) -> list[str]:
    """Every one as it is given on the command line."""
    if isinstance(shock, str):
        return [shock]
    if not isinstance(shock, Mapping):
        given: list[Any] = list(shock) if isinstance(shock, Iterable) else [shock]
        for text in given:
            if not isinstance(text, str):
                raise ScenarioError("is no shock", file=OPTION, key=str(text), value=text, allowed=_ALLOWED)
        return given
    texts = []
    for key, move in shock.items():
        name, at, step = str(key).rpartition("@")
        texts.append(f"{name}={as_in_a_file(move)}@{step}" if at else f"{key}={as_in_a_file(move)}")
    return texts


def apply_shock(document: dict[str, Any], text: str) -> Change:
    """Add one move to the conditions of a document, or change it there, and say what it replaced.

    Raises:
        ScenarioError: another form.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ScenarioError("is no shock", file=OPTION, key=text, value=text, allowed=_ALLOWED)
    key, move, step = found[1], found[2], int(found[3] or 1)
    shocks = document.setdefault("shocks", {})
    entries = shocks.setdefault("condition", []) if isinstance(shocks, dict) else []
    if not isinstance(entries, list):  # the schema says what is wrong with it
        entries = []
    at_step = [entry for entry in entries if isinstance(entry, dict) and entry.get("step") == step]
    own = [entry for entry in at_step if isinstance(entry.setdefault("moves", {}), dict)]
    if not own:
        own = [{"step": step, "moves": {}}]
        entries.append(own[0])
    entry = next((one for one in own if key in one["moves"]), own[0])
    moves = entry["moves"]
    replaced = moves.get(key)
    moves[key] = move
    return Change(f"{OPTION} {text}", f"{key} at step {step}", move, replaced)
