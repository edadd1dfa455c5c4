"""The impact laws by name. A law is a file of this folder with `TABLE`, and a word here.

Extensions add theirs, see `stress.register_impact_law`.
"""

from __future__ import annotations

from importlib import import_module

from stress.scenarios.impact.protocol import LawTable

NAMES = ("square_root", "linear", "bounded_exponential", "exponential")
LAWS: dict[str, LawTable] = {name: import_module(f"stress.scenarios.impact.{name}").TABLE for name in NAMES}
