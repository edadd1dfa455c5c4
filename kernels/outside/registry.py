"""The outside flows by name. One is a file of this folder with `FLOW`, and a word here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stress.kernels.outside.protocol import OutsideFlow

NAMES = ("retail",)
FLOWS: dict[str, OutsideFlow[Any, Any]] = {name: import_module(f"stress.kernels.outside.{name}").FLOW for name in NAMES}
