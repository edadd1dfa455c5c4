"""The triggers by name. One is a file of this folder with `TABLE`, and a word here, in the order of results' labels.

Extensions add theirs, see `stress.register_trigger`.
"""

from __future__ import annotations

from importlib import import_module

from stress.scenarios.triggers.protocol import TriggerTable

NAMES = ("margin_call", "leverage_limit", "stop_loss", "vol_target", "leverage_target", "close_out", "overlay")
TABLES: dict[str, TriggerTable] = {name: import_module(f"stress.scenarios.triggers.{name}").TABLE for name in NAMES}


def because(name: str) -> str:
    """Why a fund trades, in a sentence; of an extension that is not there, its name."""
    return TABLES[name].because if name in TABLES else name.replace("_", " ")
