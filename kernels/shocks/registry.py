"""The shock models by name. A model is a file of this folder with `MODEL`, and a word here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stress.kernels.shocks.protocol import ShockModel

NAMES = (
    *("none", "gaussian", "student_t", "garch", "regime", "jump"),
    *("factor", "bootstrap", "filtered_historical"),
)
MODELS: dict[str, ShockModel[Any, Any]] = {name: import_module(f"stress.kernels.shocks.{name}").MODEL for name in NAMES}
