"""The ledger of what the programs would do on a GPU, as `benchmarks/gpu_compile.py` works it out without one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LEDGER = Path(__file__).with_name("gpu_ledger.json")


@dataclass(frozen=True)
class Program:
    """One compiled program. Kernels and bytes are by part: a `step` with its first round, later `round`, `around`."""

    scenario: str
    program: str  # "quiet" or "sales"
    share_of_paths: float  # that go through it
    tile: int  # paths
    steps: int
    rounds: float  # later ones of all steps, of the slowest path of a sample
    kernels: dict[str, int]  # launched in one turn
    bytes_a_path: dict[str, int]  # read and written in one turn, at most
    temporaries_mb: int
    compile_seconds: float
    paths_per_second: float  # that memory and launches allow
    bound_by: str

    def line(self) -> str:
        """For a terminal."""
        parts = ", ".join(f"{name} {self.kernels[name]} kernels {self.bytes_a_path[name]:,} B" for name in self.kernels)
        return (
            f"{self.scenario} {self.program}, tile {self.tile:,}: {parts}; {self.rounds:.0f} rounds; temporaries "
            f"{self.temporaries_mb:,} MB; compiled in {self.compile_seconds:.0f} s; "
            f"{self.paths_per_second / 1e6:,.1f} M paths/s by {self.bound_by}"
        )


@dataclass(frozen=True)
class Ledger:
    """All programs, with the code that they were compiled from."""

    device: str
    jax: str
    code: str  # digest, of their files, see `stress.engine.kept.loaded_code`
    programs: list[Program]

    def rate(self, scenario: str) -> float:
        """Paths per second of a whole scenario, nan where it is not in the ledger."""
        each = [one.share_of_paths / one.paths_per_second for one in self.programs if one.scenario == scenario]
        return 1.0 / sum(each) if each else float("nan")

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def read_ledger(path: Path = LEDGER) -> Ledger | None:
    """The ledger, None where there is none."""
    if not path.is_file():
        return None
    document = json.loads(path.read_text(encoding="utf-8"))
    return Ledger(**(document | {"programs": [Program(**one) for one in document["programs"]]}))


def state_of(path: Path = LEDGER) -> str:
    """Whether the ledger is of the code that is loaded: "fresh", "stale" or "absent"."""
    from stress.engine.kept.loaded_code import source_digest

    ledger = read_ledger(path)
    if ledger is None:
        return "absent"
    return "fresh" if ledger.code == source_digest() else "stale"
