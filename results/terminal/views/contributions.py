"""What each fund and each asset contributes to the risk of the system, and what they do to each other."""

from __future__ import annotations

from typing import Any

import xarray as xr

from stress.results.terminal.cells import add_label_column, add_number_columns, estimate, named, percent, plain_table
from stress.results.terminal.views.view import View, figures, names
from stress.scenarios.errors import ScenarioError

OF_FUND = ("es_contribution", "mes", "covar", "delta_covar")
OF_ASSET = "es_contribution_by_asset"
TOP = 10
HEADINGS = ("to ES\n% of system", "share\n% of ES", "MES\n% of fund", "CoVaR\n% of system", "ΔCoVaR\n% of system")


def contributions(tree: xr.DataTree, file: str, level: float, top: int | None = None) -> View:
    """Contributions to the system's ES by fund and by asset, MES and CoVaR, at one level.

    Args:
        tree: the result.
        file: its name in messages.
        level: one that was estimated.
        top: assets in the table, those with the largest contributions; None = 10.

    Raises:
        ScenarioError: the result has no contributions, or no such level.
    """
    from rich.text import Text

    dims, of_assets = dict.fromkeys(OF_FUND, ("fund", "level")), "group" not in tree.attrs  # of a group: by fund alone
    dims |= {OF_ASSET: ("asset", "level")} if of_assets else {}
    dataset = figures(tree, file, "contributions", dims)
    levels = [float(x) for x in dataset["level"].values]
    if level not in levels:
        allowed = ", ".join(f"{x:g}" for x in levels) or "none"
        raise ScenarioError("was not estimated", file=file, key="--level", value=level, allowed=allowed)
    kept = dataset.sel(level=[level])
    total = float(tree["summary"]["system_es"].sel(level=level))
    at = kept.sel(level=level)
    by_asset = [_assets(at, level, total, top or TOP)] if of_assets else []
    shown = [_funds(at, level, total), *by_asset, *map(Text, _notes(kept, level, total))]
    return View("contributions", {"contributions": kept}, shown)


def _funds(at: xr.Dataset, level: float, total: float) -> Any:
    table = plain_table(f"Contributions of funds, {percent(level)}", gap=2)
    add_label_column(table, "fund")
    add_number_columns(table, *HEADINGS)
    for fund in names(at, "fund"):
        row = at.sel(fund=fund)
        numbers = [_cell(row, name, 100) for name in OF_FUND]
        table.add_row(named(fund), numbers[0], _cell(row, OF_FUND[0], 100 / total), *numbers[1:])
    return table


def _assets(at: xr.Dataset, level: float, total: float, top: int) -> Any:
    table = plain_table(f"Contributions of assets, {percent(level)}", gap=2)
    add_label_column(table, "asset")
    add_number_columns(table, *HEADINGS[:2])
    ordered = sorted(names(at, "asset"), key=lambda asset: -abs(float(at[OF_ASSET].sel(asset=asset))))
    for asset in ordered[:top]:
        row = at.sel(asset=asset)
        table.add_row(named(asset), _cell(row, OF_ASSET, 100), _cell(row, OF_ASSET, 100 / total))
    left = ordered[top:]
    if left:
        rest = float(at[OF_ASSET].sel(asset=left).sum(skipna=False))
        table.add_row(f"{len(left)} others", *(estimate(rest * scale, float("nan")) for scale in (100, 100 / total)))
    return table


def _cell(row: xr.Dataset, name: str, scale: float) -> Any:
    return estimate(float(row[name]) * scale, float(row[f"{name}_se"]) * scale, most=3)


def _notes(kept: xr.Dataset, level: float, total: float) -> list[str]:
    lines = [
        f"to ES: part of the system's ES {percent(level)}, {100 * total:.2f} % of its NAV; each table adds up to that.",
        "MES: mean loss of the fund on the system's worst paths, % of its own NAV.",
        "CoVaR: VaR of the system given that the fund loses its own VaR or more; ΔCoVaR: less that on its usual paths.",
        f"First {int(kept.attrs.get('paths', 0)):,} paths. ±, second line: standard error; ±?: too few paths for one.",
    ]
    if bool(kept["covar"].isnull().any()):
        lines.append("-: too few paths on which the fund loses its VaR or more, or too few of them in the tail.")
    return lines
