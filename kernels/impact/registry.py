"""The impact laws by name. A law is a file of this folder with `LAW`, and a word here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stress.kernels.impact.protocol import Law

NAMES = ("square_root", "linear", "bounded_exponential", "exponential")
LAWS: dict[str, Law[Any]] = {name: import_module(f"stress.kernels.impact.{name}").LAW for name in NAMES}
