"""What moves with what: loadings of assets, and how much of each volatility is its own."""

from __future__ import annotations

import numpy as np
from rich.table import Table

from stress.scenarios.problem import Assets

MOST = 40  # assets that are listed
MOST_TERMS = 2  # of many that an asset moves with


def loadings_table(assets: Assets) -> Table | None:
    """Assets with loadings in file order; None where there are none."""
    given = assets.loadings
    if given is None:
        return None
    table = Table(title="assets that move with others, forced selling of these included", title_justify="left")
    for heading in ("asset", "moves with"):
        table.add_column(heading)
    for heading in ("vol", "own draw"):
        table.add_column(heading, justify="right")
    rows = [assets.ids.index(name) for name in assets.file_order if assets.loaded[assets.ids.index(name)]]
    for i in rows[:MOST]:
        table.add_row(assets.ids[i], in_words(assets, i), f"{assets.vol[i]:.1%}", f"{assets.shock_vol[i]:.1%}")
    if len(rows) > MOST:
        table.caption = f"and {len(rows) - MOST} more (--json lists them)"
    return table


def in_words(assets: Assets, row: int) -> str:
    """`1.1 tech - 0.3 bonds`, the largest first, and of many the sum of the rest."""
    given = list(by_name(assets, row).items())
    shown = given if len(given) <= MOST_TERMS + 1 else given[:MOST_TERMS]
    terms = [f"{'-' if loading < 0 else '+'} {abs(loading):.3g} {name}" for name, loading in shown]
    if len(shown) < len(given):
        rest = sum(loading for _, loading in given[MOST_TERMS:])
        terms.append(f"{'-' if rest < 0 else '+'} {abs(rest):.3g} in {len(given) - MOST_TERMS} others")
    return " ".join(terms).removeprefix("+ ")


def by_name(assets: Assets, row: int) -> dict[str, float]:
    """Loadings of an asset by what it moves with, the largest first."""
    given = assets.loadings
    if given is None:
        return {}
    order = np.argsort(-np.abs(given.direct[row]), kind="stable")
    return {assets.ids[given.sources[n]]: float(given.direct[row, n]) for n in order if given.direct[row, n] != 0.0}
