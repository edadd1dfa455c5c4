"""The triggers by name. One is a file of this folder with `TABLE`, and a word here, in the order of results' labels.

Extensions add theirs with `register`.
"""

from __future__ import annotations

from importlib import import_module

from stress.scenarios.triggers.protocol import TriggerTable

NAMES = ("margin_call", "leverage_limit", "stop_loss", "vol_target", "leverage_target", "close_out", "overlay")
TABLES: dict[str, TriggerTable] = {name: import_module(f"stress.scenarios.triggers.{name}").TABLE for name in NAMES}


def register(table: TriggerTable) -> None:
    """Add a trigger.

    Raises:
        ValueError: its name, or one of its keys, is taken.
    """
    taken = {key for other in TABLES.values() for key in keys_of(other)}
    if table.name in TABLES or taken & set(keys_of(table)):
        raise ValueError(f"the trigger {table.name!r}, or one of its keys, is there already")
    TABLES[table.name] = table


def unregister(name: str) -> None:
    """Take an extension's trigger out again."""
    if name in NAMES:
        raise ValueError(f"{name!r} is no extension")
    TABLES.pop(name, None)


def keys_of(table: TriggerTable) -> tuple[str, ...]:
    """Keys of a trigger in `[triggers]`."""
    return () if table.keys is None else tuple(table.keys.model_fields)


def because(name: str) -> str:
    """Why a fund trades, in a sentence; of an extension that is not there, its name."""
    return TABLES[name].because if name in TABLES else name.replace("_", " ")
