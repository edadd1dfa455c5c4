"""The margin methods by name. A method is a file of this folder with `METHOD`, and a word here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stress.kernels.margin.protocol import MarginMethod

NAMES = ("haircut", "portfolio")
METHODS: dict[str, MarginMethod[Any]] = {name: import_module(f"stress.kernels.margin.{name}").METHOD for name in NAMES}
