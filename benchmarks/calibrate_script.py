"""Take a scenario's own price impact out of observed moves: prints the script with which it closes on them.

Observed closes contain the forced selling and the dip-buying of their day. With them as the script a run would add its
own on top. Without a draw a scenario has a single path, which the reference (`stress.reference`) follows; each
scripted move `m` is replaced by `(1 + m)(1 + observed)/(1 + return of that path) - 1` until the path closes on the
observed moves.

    python benchmarks/calibrate_script.py tariff-2025 scenarios/library/tariff-2025-observed.csv

The first column of the file names the assets, the others are one step each; numbers are simple returns. The tables go
to stdout, to be pasted into the scenario; how close the path comes once they are rounded goes to stderr.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import stress
from stress.api import build_problem
from stress.reference.result import simulate
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
DECIMALS = 5  # of a simple return: three of a percent
CLOSE_ENOUGH = 1e-8  # far below what is written


def read_observed(path: Path, assets: tuple[str, ...]) -> tuple[list[str], Floats]:
    """Headings of the steps, and the observed simple returns (step, asset) in the order of `assets`.

    Raises:
        ValueError: the file does not have each asset once.
    """
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    by_asset = {row[0]: [float(value) for value in row[1:]] for row in rows}
    if len(by_asset) != len(rows) or set(by_asset) != set(assets):
        odd = sorted(set(by_asset) ^ set(assets)) or ["an asset listed twice"]
        raise ValueError(f"{path}: needs each asset of the scenario once; see {', '.join(odd)}")
    return header[1:], np.array([by_asset[asset] for asset in assets]).T


def with_script(problem: Problem, script: Floats) -> Problem:
    """The scenario without a draw and with another script (step, asset)."""
    return replace(problem, shocks=replace(problem.shocks, scale=0.0, script=script))


def returns_of(problem: Problem) -> Floats:
    """Simple returns (step, asset) of the single path of a scenario without a draw."""
    price = simulate(problem, np.zeros((problem.steps, len(problem.assets.ids), 1))).price[:, :, 0]
    before: Floats = np.concatenate([np.ones((1, price.shape[1])), price[:-1]])
    return price / before - 1.0


def calibrate(problem: Problem, observed: Floats, rounds: int) -> Floats:
    """The script (step, asset) with which the path without a draw closes on the observed moves (step, asset)."""
    script = problem.shocks.script
    for done in range(rounds):
        returns = returns_of(with_script(problem, script))
        gap = np.abs(returns - observed).max()
        print(f"round {done}: largest difference {100 * gap:.6f} %", file=sys.stderr)
        if gap < CLOSE_ENOUGH:
            break
        script = (1.0 + script) * (1.0 + observed) / (1.0 + returns) - 1.0
    return script


def as_toml(problem: Problem, headings: list[str], script: Floats) -> str:
    """The `[[shocks.script]]` tables of a script (step, asset)."""
    tables = []
    for step, heading in enumerate(headings):
        by_asset = dict(zip(problem.assets.ids, script[step], strict=True))
        moves = ", ".join(f'{asset} = "{100 * by_asset[asset]:.3f} %"' for asset in problem.assets.file_order)
        tables.append(f"# {heading}\n[[shocks.script]]\nstep = {step + 1}\nmoves = {{ {moves} }}\n")
    return "\n".join(tables)


def main(arguments: list[str] | None = None) -> int:
    """Calibrate and print."""
    parser = argparse.ArgumentParser(
        description="Print the script with which a scenario, its draw switched off, closes on observed moves."
    )
    parser.add_argument("scenario", help="file or library name")
    parser.add_argument("observed", type=Path, help="CSV: asset, then a column of simple returns for each step")
    parser.add_argument("--rounds", type=int, default=25, help="at most so many; default: 25")
    options: Any = parser.parse_args(arguments)
    problem = build_problem(stress.load_scenario(options.scenario))
    headings, observed = read_observed(options.observed, problem.assets.ids)
    if len(headings) != problem.steps:
        parser.error(f"{options.observed} has {len(headings)} steps, the scenario {problem.steps}")
    script = np.round(calibrate(problem, observed, options.rounds), DECIMALS) + 0.0  # + 0.0: no "-0.000 %"
    left = np.abs(returns_of(with_script(problem, script)) - observed)
    step, asset = np.unravel_index(left.argmax(), left.shape)
    print(as_toml(problem, headings, script))
    print(
        f"rounded: largest difference {100 * left.max():.4f} % ({problem.assets.ids[asset]}, step {step + 1})",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
