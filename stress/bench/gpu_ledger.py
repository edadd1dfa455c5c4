"""The ledger of what the programs would do on a GPU, as `benchmarks/gpu_compile.py` works it out without one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stress import compile
from stress.engine import sizes
from stress.engine.kept.loaded_code import source_digest
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.library import list_names
from stress.scenarios.read.loader import load_scenario

LEDGER = Path(__file__).with_name("gpu_ledger.json")
TEXTS = ("title", "description", "sources")
DEALT_BY = ("sizes.py", "devices.py", "simulator.py")  # of the engine: what says which paths a tile has


@dataclass(frozen=True)
class Program:
    """One compiled program. Kernels and bytes are by part.

    A `step` in which nobody trades; a `trading_step` with its first round; a later `round`; all `around` the steps.
    """

    scenario: str
    program: str  # "quiet" or "sales"
    share_of_paths: float  # that go through it
    tile: int  # paths
    steps: int
    trading_steps: float  # from a tile's first trade on, mean over tiles
    rounds: float  # later ones of all steps, each step's as many as the slowest path of a tile needs
    kernels: dict[str, int]  # launched in one turn
    bytes_a_path: dict[str, int]  # read and written in one turn, at most
    temporaries_mb: int
    compile_seconds: float
    paths_per_second: float  # that memory and launches allow
    bound_by: str

    @property
    def turns(self) -> dict[str, float]:
        """How often a tile goes through each part, on average."""
        return turns(self.steps, self.trading_steps, self.rounds)

    def line(self) -> str:
        """For a terminal."""
        parts = ", ".join(f"{name} {self.kernels[name]} kernels {self.bytes_a_path[name]:,} B" for name in self.kernels)
        return (
            f"{self.scenario} {self.program}, tile {self.tile:,}: {parts}; {self.trading_steps:.3g} steps from "
            f"the first trade on, {self.rounds:.3g} later rounds; temporaries "
            f"{self.temporaries_mb:,} MB; compiled in {self.compile_seconds:.0f} s; "
            f"{self.paths_per_second / 1e6:,.1f} M paths/s by {self.bound_by}"
        )


def turns(steps: int, trading_steps: float, rounds: float) -> dict[str, float]:
    """How often a tile goes through each part; see `Program`."""
    return {"step": steps - trading_steps, "trading_step": trading_steps, "round": rounds, "around": 1.0}


@dataclass(frozen=True)
class Ledger:
    """All programs, with the code that they were compiled from."""

    device: str
    jax: str
    code: str  # see `digest`
    programs: list[Program]

    def rate(self, scenario: str) -> float:
        """Paths per second of a whole scenario, nan where it is not in the ledger."""
        each = [one.share_of_paths / one.paths_per_second for one in self.programs if one.scenario == scenario]
        return 1.0 / sum(each) if each else float("nan")

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def read_ledger(path: Path = LEDGER) -> Ledger | None:
    """The ledger, None where there is none.

    Raises:
        ValueError: it is damaged.
    """
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Ledger(**(document | {"programs": [Program(**one) for one in document["programs"]]}))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error


def digest(scenarios: Iterable[str]) -> str:
    """Of what the ledger follows from: kernels, their arguments, tiles and how paths are dealt to them, the scenarios.

    Args:
        scenarios: names of the library; what is not there counts by its name.
    """
    found = hashlib.sha256(source_digest().encode())
    engine = Path(sizes.__file__).parent
    for file in (*sorted(Path(compile.__file__).parent.rglob("*.py")), *(engine / name for name in DEALT_BY)):
        found.update(file.read_bytes())
    for name in sorted(set(scenarios)):
        document = build_problem(load_scenario(name)).canonical if name in list_names() else {"name": name}
        numbers = {key: value for key, value in document.items() if key not in TEXTS}
        found.update(json.dumps([name, numbers], sort_keys=True).encode())
    return found.hexdigest()


def state_of(path: Path = LEDGER) -> str:
    """Whether the ledger is of the code that is loaded: "fresh", "stale", "absent" or "damaged"."""
    try:
        ledger = read_ledger(path)
    except ValueError:
        return "damaged"
    if ledger is None:
        return "absent"
    return "fresh" if ledger.code == digest(one.scenario for one in ledger.programs) else "stale"
