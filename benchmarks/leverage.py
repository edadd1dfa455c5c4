"""The same market with more or less leverage: forced sales, calls and what they cost. A table for the docs.

    python benchmarks/leverage.py ai-unwind-2026 --paths 65536

All positions of funds and leverage limits stated by their start times a factor, margin rates divided by it; every row
has the same paths. Hedges that are stated in NAV stay.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import xarray as xr

import stress
from stress.api import build_problem

FACTORS = (0.75, 1.0, 1.15, 1.5)
HEADINGS = (
    "leverage",
    "forced sales, bn USD",
    "called, bn USD",
    "NAV called, %",
    "mean loss, % of NAV",
    "held still, cutting, selling",
    "any default, %",
)


def overrides(document: dict[str, Any], assets: dict[str, float], factor: float) -> list[str]:
    """What a user would `--set`: gross of every fund, margin rates of funds and of assets."""
    typed = [f"assets.{name}.margin={rate / factor:.12g}" for name, rate in assets.items()]
    for fund in document["funds"]:
        typed.append(f"funds.{fund['id']}.gross={fund['gross'] * factor:.12g}")
        for asset_class, rate in fund.get("margin", {}).get("rates", {}).items():
            typed.append(f"funds.{fund['id']}.margin.rates.{asset_class}={_number(rate) / factor:.12g}")
    return typed


def _number(rate: str | float) -> float:
    return float(rate.removesuffix("%")) / 100 if isinstance(rate, str) else float(rate)


def row(tree: xr.DataTree, factor: float) -> str:
    """One line of the table."""
    summary, timeline = tree["summary"].to_dataset(), tree["timeline"].to_dataset()

    def part(name: str) -> float:
        return 100 * float(timeline["loss_part"].sel(part=name, fund="system").isel(step=-1))

    cells = [
        f"x {factor:.2f}",
        f"{float(summary['system_expected_forced_sales_usd']) / 1e9:,.0f}",
        f"{float(summary['system_expected_called_usd']) / 1e9:.1f}",
        f"{100 * float(summary['system_called_nav_share']):.2f}",
        f"{100 * float(summary['system_mean_loss']):.2f}",
        ", ".join(f"{part(name):.2f}" for name in ("held_still", "cutting", "selling")),
        f"{100 * float(summary['system_prob_default']):.3g}",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="?", default="ai-unwind-2026")
    parser.add_argument("--paths", type=float, default=65_536)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    base = stress.load_scenario(options.scenario)
    problem = build_problem(base)
    margins = dict(zip(problem.assets.ids, np.asarray(problem.assets.margin_rate, float).tolist(), strict=True))
    print("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|")
    for factor in FACTORS:
        changed = stress.load_scenario(options.scenario, overrides(base.document, margins, factor))
        print(row(stress.run(changed, paths=int(options.paths), seed=options.seed), factor), flush=True)


if __name__ == "__main__":
    main()
