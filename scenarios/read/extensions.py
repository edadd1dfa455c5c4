"""Modules with mechanisms from outside the package: loaded before a scenario is read.

They are named in `LEVSTRESS_EXTENSIONS`, separated by commas, or are entry points of installed packages in the group
`levstress.extensions`. A scenario file never names one: what is read cannot say what is run.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import entry_points

from stress.scenarios.errors import ScenarioError

VARIABLE = "LEVSTRESS_EXTENSIONS"
GROUP = "levstress.extensions"
_loaded: set[str] = set()


def load_extensions() -> None:
    """Import what has not been imported yet.

    Raises:
        ScenarioError: a module cannot be imported.
    """
    named = [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
    for module in [*named, *(point.value for point in entry_points(group=GROUP))]:
        if module in _loaded:
            continue
        try:
            import_module(module.partition(":")[0])
        except Exception as error:
            raise ScenarioError(
                f"cannot be loaded ({type(error).__name__}: {error})",
                file="the environment",
                key=VARIABLE if module in named else GROUP,
                value=module,
                allowed="modules that Python can import, separated by commas",
            ) from error
        _loaded.add(module)
