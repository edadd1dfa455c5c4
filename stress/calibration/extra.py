"""The libraries of the extra `[calibrate]`."""

from __future__ import annotations

from importlib.util import find_spec

from stress.errors import MissingExtra

MODULES = {"arch": "arch", "statsmodels": "statsmodels"}


def need_calibrate(what: str) -> None:
    """Refuse `what` where a library of the extra is missing, before anything is read.

    Raises:
        MissingExtra: it is; says how to install.
    """
    missing = [name for module, name in MODULES.items() if find_spec(module) is None]
    if missing:
        raise MissingExtra(f"{what} needs {' and '.join(missing)}: pip install 'levstress[calibrate]'")
