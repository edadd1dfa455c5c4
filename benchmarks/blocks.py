"""What keeping blocks costs: the same run in memory and into a run directory, in turn.

    python benchmarks/blocks.py --scenario desk --paths 2e7 --pairs 5

Prints the seconds of the phase "paths" of each run (simulation, gathering, digests, writing), the median of the
ratios of the pairs, and the bytes written.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import stress


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", default="desk")
    parser.add_argument("--paths", type=float, default=2e7)
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()
    stress.run(arguments.scenario, paths=300_000)  # compiles
    ratios = []
    for _ in range(arguments.pairs):
        in_memory = seconds(arguments.scenario, int(arguments.paths), None)
        with tempfile.TemporaryDirectory() as folder:
            kept = seconds(arguments.scenario, int(arguments.paths), Path(folder) / "run")
            files = list(Path(folder, "run", "blocks").iterdir())
            size = sum(file.stat().st_size for file in files)
        ratios.append(kept / in_memory)
        print(
            f"{in_memory:7.2f} s in memory, {kept:7.2f} s kept: {ratios[-1]:.4f}",
            f"{len(files)} files, {size / 1e6:.1f} MB",
        )
    print(f"median of the ratios: {statistics.median(ratios):.4f}")


def seconds(scenario: str, paths: int, out: Path | None) -> float:
    tree = stress.run(scenario, paths=paths, out=out)
    return float(json.loads(tree.attrs["seconds"])["paths"])


if __name__ == "__main__":
    main()
