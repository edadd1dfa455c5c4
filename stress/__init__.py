"""levstress: Monte Carlo stress tests of leveraged funds.

`import stress` is fast: names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stress.api import build_problem, load_scenario, open_result, resume, run
    from stress.options import RunOptions
    from stress.questions.compare import compare
    from stress.questions.replay import replay

__all__ = ["RunOptions", "build_problem", "compare", "load_scenario", "open_result", "replay", "resume", "run"]
__version__ = "0.1.0"

_HOMES = {"RunOptions": "stress.options", "compare": "stress.questions.compare", "replay": "stress.questions.replay"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'stress' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "stress.api")), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
