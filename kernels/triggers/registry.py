"""The triggers by name. One is a file of this folder with `TRIGGER`, and a word here, in the order of reading."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stress.kernels.structure import Structure
from stress.kernels.triggers.protocol import AnyTrigger, Asker

NAMES = ("margin_call", "leverage_limit", "stop_loss", "vol_target", "leverage_target", "close_out", "overlay")
TRIGGERS: dict[str, AnyTrigger] = {name: import_module(f"stress.kernels.triggers.{name}").TRIGGER for name in NAMES}


def triggers_of(structure: Structure, asked_by: Asker | None = None) -> list[AnyTrigger]:
    """The triggers that are on, of all askers or of one."""
    every = [TRIGGERS[name] for name in structure.triggers]
    return [trigger for trigger in every if asked_by in (None, trigger.asked_by)]


def start_states(structure: Structure, records: dict[str, Any], paths: int, dtype: Any) -> dict[str, Any]:
    """State of every trigger before the first step."""
    return {t.name: t.start(structure, records[t.name], paths, dtype) for t in triggers_of(structure)}
