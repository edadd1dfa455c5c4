"""The impact laws by name. A law is a file of this folder with `TABLE`, and a word here.

Extensions add theirs with `register`.
"""

from __future__ import annotations

from importlib import import_module

from stress.scenarios.impact.protocol import LawTable

NAMES = ("square_root", "linear", "bounded_exponential", "exponential")
LAWS: dict[str, LawTable] = {name: import_module(f"stress.scenarios.impact.{name}").TABLE for name in NAMES}


def register(table: LawTable) -> None:
    """Add a law.

    Raises:
        ValueError: its name, or one of its keys, is taken.
    """
    taken = {key for other in LAWS.values() for key in other.written_keys}
    if table.name in (*LAWS, "none") or taken & set(table.written_keys):
        raise ValueError(f"the impact law {table.name!r}, or one of its keys, is there already")
    LAWS[table.name] = table


def unregister(name: str) -> None:
    """Take an extension's law out again."""
    if name in NAMES:
        raise ValueError(f"{name!r} is no extension")
    LAWS.pop(name, None)
