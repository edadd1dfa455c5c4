"""Funds with options at the start, and what a move of every asset makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from stress.scenarios.start import MovedBook


def options_table(moved: Sequence[MovedBook]) -> Table:
    """A row for each fund and move."""
    from rich.table import Table

    table = Table(title="funds with options, when every asset moves at once (% of NAV)", title_justify="left")
    table.add_column("fund")
    headings = ("move", "P&L", "by deltas alone", "net delta after", "margin / equity after", "theta a day")
    for heading in headings:
        table.add_column(heading, justify="right")
    for one in moved:
        shares = (f"{100 * x:+.2f}" for x in (one.pnl, one.delta_pnl, one.delta))
        after = f"{one.requirement:.1%}" if math.isfinite(one.requirement) else "no equity"
        table.add_row(one.member, f"{one.move:+.0%}", *shares, after, f"{100 * one.theta:+.3f}")
    return table


def options_document(moved: Sequence[MovedBook]) -> dict[str, Any]:
    """The same as JSON, multiples of NAV; margin over equity null where no equity is left."""
    rows = [asdict(one) for one in moved]
    for row in rows:
        row["requirement"] = row["requirement"] if math.isfinite(row["requirement"]) else None
    return {"options": rows} if rows else {}
