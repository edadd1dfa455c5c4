"""Modules with mechanisms from outside the package: loaded before a scenario is read.

They are named in `LEVSTRESS_EXTENSIONS`, separated by commas, or are entry points of installed packages in the group
`levstress.extensions`. A scenario file never names one: what is read cannot say what is run.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from stress.scenarios.errors import ScenarioError

VARIABLE = "LEVSTRESS_EXTENSIONS"
GROUP = "levstress.extensions"
ALLOWED = "modules that Python can import, without .py, separated by commas"
_loaded: dict[str, ScenarioError | None] = {}


def load_extensions() -> None:
    """Import what has not been imported yet.

    Raises:
        ScenarioError: a module cannot be imported, now or the first time: what it has registered by then is no use.
    """
    named = [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
    for module in [*named, *_installed(tuple(sys.path))]:
        if module not in _loaded:
            _loaded[module] = _load(module, VARIABLE if module in named else GROUP)
        error = _loaded[module]
        if error is not None:
            if isinstance(error.__cause__, ModuleNotFoundError):
                del _loaded[module]  # it may be put in place
            raise error


@cache
def _installed(path: tuple[str, ...]) -> tuple[str, ...]:
    """Modules of installed packages; looked for once on each path, as it takes longer than reading a scenario."""
    return tuple(point.value.partition(":")[0].strip() for point in entry_points(group=GROUP))


def _load(module: str, key: str) -> ScenarioError | None:
    try:
        import_module(module)
    except (Exception, SystemExit) as error:
        why = f"cannot be loaded ({type(error).__name__}: {error})"
        found = ScenarioError(why, file="the environment", key=key, value=module, allowed=ALLOWED)
        found.__cause__ = error
        return found
    return None
