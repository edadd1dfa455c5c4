"""The outside flows by name. One is a file of this folder with `TABLE`, and a word here."""

from __future__ import annotations

from importlib import import_module

from stress.scenarios.outside.protocol import OutsideTable

NAMES = ("retail",)
TABLES: dict[str, OutsideTable] = {name: import_module(f"stress.scenarios.outside.{name}").TABLE for name in NAMES}
