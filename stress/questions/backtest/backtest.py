"""The whole backtest: forecasts, their tests, the tail beyond the data and, where there is one, the mapping."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from stress.calibration.extra import need_calibrate
from stress.calibration.history import History
from stress.questions.backtest.book import Book
from stress.questions.backtest.judged import judge, judge_overlapping
from stress.questions.backtest.mapping import Floats, attribute
from stress.questions.backtest.rolling import Plan, Telling, overlapping, roll
from stress.questions.backtest.tail import tail
from stress.scenarios.errors import ScenarioError

HELD = "today's positions are held at their values on every day"


def backtest(
    history: History, book: Book, plan: Plan, mapping: Floats | None = None, tell: Telling = lambda text: None
) -> xr.DataTree:
    """Hold each shock model against the user's own history and book.

    Args:
        history: daily returns.
        book: positions by fund, from `read_book` for the names of the history.
        plan: models, horizons, levels, window.
        mapping: (name, name) loadings on proxies, for the P&L attribution test.
        tell: called with a line on how far it is.

    Returns:
        Groups `days_1`, `days_10` ... (a horizon each), `overlapping_10` ... where asked for, `tail`,
        and `attribution` where a mapping was given.

    Raises:
        MissingExtra: the libraries of `[calibrate]` are not installed.
        ScenarioError: the history is too short.
    """
    need_calibrate("backtest")
    try:
        made = roll(history.returns, book.positions, plan, tell)
        others = overlapping(history.returns, book.positions, plan, tell) if plan.overlapping else {}
    except ValueError as error:
        raise ScenarioError(
            "has too few days", file=history.file, key="days", value=len(history.days), allowed=str(error)
        ) from error
    tree = judge(made, book.funds, plan, history.days)
    for name, dataset in judge_overlapping(others, book.funds, plan).items():
        tree[name] = xr.DataTree(dataset)
    tree["tail"] = xr.DataTree(tail(-(history.simple @ book.positions), book.funds))
    if mapping is not None:
        tree["attribution"] = xr.DataTree(attribute(history.simple, book.positions, mapping, book.funds))
    tree.attrs.update(_about(history, book, plan))
    return tree


def _about(history: History, book: Book, plan: Plan) -> dict[str, Any]:
    return {
        "history": history.file,
        "history_sha256": history.sha256,
        "first_return": history.days[0],
        "last_return": history.days[-1],
        "book": book.file,
        "names": len(history.names),
        "names_held": int(np.any(book.positions != 0, axis=1).sum()),
        "plan": json.dumps(asdict(plan)),
        "conventions": HELD,
    }
