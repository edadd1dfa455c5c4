"""levstress: Monte Carlo stress tests of leveraged funds.

`import stress` is fast: names are loaded when first used.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stress.api import build_problem, load_scenario, open_result, resume, run
    from stress.calibration.from_prices import calibrate
    from stress.compile.extensions import register_impact_law, register_trigger
    from stress.options import RunOptions
    from stress.own_book.from_book import from_book
    from stress.questions.ablation.ablate import ablate
    from stress.questions.compare import compare
    from stress.questions.rare.rare import rare
    from stress.questions.replay import replay
    from stress.questions.reverse.reverse import reverse
    from stress.questions.sensitivity.sensitivity import sensitivity
    from stress.questions.sweep.sweep import sweep

__all__ = [
    "RunOptions",
    "ablate",
    "build_problem",
    "calibrate",
    "compare",
    "from_book",
    "load_scenario",
    "open_result",
    "rare",
    "register_impact_law",
    "register_trigger",
    "replay",
    "resume",
    "reverse",
    "run",
    "sensitivity",
    "sweep",
]
__version__ = "0.1.0"


def _find_folders_beside() -> None:
    """In a checkout three of the sub-packages lie beside this folder instead of in it.

    Python started there finds this folder before any installed copy, and it would be half of the package. The three
    have nothing but a docstring of their own; their modules are loaded when first used.
    """
    here = Path(__file__).resolve().parent
    try:
        ours = 'name = "levstress"' in (here.parent / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return
    if not ours:  # folders of somebody else beside a copy of this one
        return
    for name in ("kernels", "scenarios", "results"):
        beside = here.parent / name / "__init__.py"
        if (here / name).is_dir() or not beside.is_file():
            continue
        spec = spec_from_file_location(f"{__name__}.{name}", beside, submodule_search_locations=[str(beside.parent)])
        if spec is not None and spec.loader is not None:
            module = sys.modules[spec.name] = module_from_spec(spec)
            spec.loader.exec_module(module)
            globals()[name] = module


_find_folders_beside()
_HOMES = {
    "RunOptions": "stress.options",
    "ablate": "stress.questions.ablation.ablate",
    "calibrate": "stress.calibration.from_prices",
    "compare": "stress.questions.compare",
    "from_book": "stress.own_book.from_book",
    "sensitivity": "stress.questions.sensitivity.sensitivity",
    "rare": "stress.questions.rare.rare",
    "sweep": "stress.questions.sweep.sweep",
    "replay": "stress.questions.replay",
    "reverse": "stress.questions.reverse.reverse",
    "register_impact_law": "stress.compile.extensions",
    "register_trigger": "stress.compile.extensions",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'stress' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "stress.api")), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
