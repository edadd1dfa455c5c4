"""A problem's triggers, impact law and retail as flat numbers of members and books, and back: for problems by hand.

Triggers that nobody has stand there with numbers that do nothing, so that a test may set one without the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.impact.registry import LAWS
from stress.scenarios.outside.retail import Retail
from stress.scenarios.problem import Books, Funds, Impact, Problem
from stress.scenarios.triggers.close_out import CloseOut
from stress.scenarios.triggers.leverage_limit import LeverageLimit
from stress.scenarios.triggers.leverage_target import LeverageTarget
from stress.scenarios.triggers.overlay import Overlay
from stress.scenarios.triggers.stop_loss import StopLoss
from stress.scenarios.triggers.vol_target import VolTarget

Array = npt.NDArray[Any]
INF = np.inf


@dataclass(frozen=True)
class Limits:
    """Numbers of every trigger."""

    max_leverage: Array  # (member,)
    target_leverage: Array
    leverage_target: Array
    leverage_band: Array
    two_way: Array
    cure_steps: Array
    closeout_participation: Array
    capital: Array  # (book,)
    ladder_on_fund: Array
    ladder_drawdown: Array  # (book, point)
    ladder_cut: Array
    vol_ceiling: Array  # (book,)
    vol_speed: Array
    start_vol: Array  # (shape,)
    overlay: Array  # (book,)
    overlay_loss: Array  # (book, point)
    overlay_held: Array


NAMES = tuple(item.name for item in fields(Limits))


def limits_of(problem: Problem) -> Limits:
    """The triggers of a problem."""
    return _limits(problem.funds, problem.books, problem.triggers)


def _limits(funds: Funds, books: Books, triggers: Mapping[str, Any]) -> Limits:
    member, book, shape = np.ones(len(funds.ids)), np.ones(len(books.ids)), np.ones(len(books.shapes))
    column = book[:, None]
    limit = triggers.get("leverage_limit", LeverageLimit(INF * member, member))
    target = triggers.get("leverage_target", LeverageTarget(INF * member, 0.05 * member, member < 0))
    ladder = triggers.get("stop_loss", StopLoss(book < 0, INF * column, 0 * column, funds.nav[books.fund_of]))
    vol = triggers.get("vol_target", VolTarget(INF * book, 0.3 * book, 0 * shape))
    hedge = triggers.get("overlay", Overlay(INF * column, column))
    closing = triggers["close_out"]
    return Limits(
        max_leverage=limit.limit,
        target_leverage=limit.target,
        leverage_target=target.target,
        leverage_band=target.band,
        two_way=target.two_way,
        cure_steps=closing.cure_steps,
        closeout_participation=closing.participation,
        capital=ladder.capital,
        ladder_on_fund=ladder.on_fund,
        ladder_drawdown=ladder.drawdown,
        ladder_cut=ladder.cut,
        vol_ceiling=vol.ceiling,
        vol_speed=vol.speed,
        start_vol=vol.start_vol,
        overlay=books.start_held == 0,
        overlay_loss=hedge.loss,
        overlay_held=hedge.held,
    )


def triggers_from(flat: Limits) -> dict[str, Any]:
    """The records of those triggers that somebody has."""
    found: dict[str, Any] = {}
    if np.isfinite(flat.max_leverage).any():
        found["leverage_limit"] = LeverageLimit(flat.max_leverage, flat.target_leverage)
    if np.isfinite(flat.ladder_drawdown).any():
        found["stop_loss"] = StopLoss(flat.ladder_on_fund, flat.ladder_drawdown, flat.ladder_cut, flat.capital)
    if np.isfinite(flat.vol_ceiling).any():
        found["vol_target"] = VolTarget(flat.vol_ceiling, flat.vol_speed, flat.start_vol)
    if np.isfinite(flat.leverage_target).any():
        found["leverage_target"] = LeverageTarget(flat.leverage_target, flat.leverage_band, flat.two_way)
    found["close_out"] = CloseOut(flat.cure_steps, flat.closeout_participation)
    if flat.overlay.any():
        found["overlay"] = Overlay(flat.overlay_loss, flat.overlay_held)
    return found


def with_limits(problem: Problem, **changes: Any) -> Problem:
    """The problem with other numbers of triggers; a scalar fills an array of the default's shape."""
    flat = overridden(limits_of(problem), changes)
    held = np.where(flat.overlay, 0.0, 1.0)
    return replace(problem, triggers=triggers_from(flat), books=replace(problem.books, start_held=held))


def retail_of(problem: Problem) -> Retail:
    """Retail, with numbers that do nothing where there is none."""
    found: Retail = problem.outside.get("retail", Retail(0.0, INF, 0.0, INF, np.zeros(len(problem.assets.ids))))
    return found


def impact_with(impact: Impact, **changes: Any) -> Impact:
    """Impact with other numbers, its law's among them; another law starts from its own defaults."""
    law = changes.get("law", impact.law)
    common = {item.name for item in fields(Impact)}
    own = {name: value for name, value in changes.items() if name not in common}
    parameters = impact.parameters
    if law not in LAWS:
        parameters = None
    elif law != impact.law or parameters is None:
        record = vars(import_module(f"stress.scenarios.impact.{law}"))["".join(w.title() for w in law.split("_"))]
        parameters = record(**own)
    else:
        parameters = parameters._replace(**own)
    return replace(impact, parameters=parameters, **{name: x for name, x in changes.items() if name in common})


def overridden(default: Any, value: Any) -> Any:
    """`default` with `value` in its place: dicts go into records, scalars fill arrays."""
    if isinstance(default, Problem) and isinstance(value, dict):
        return _problem(default, value)
    if isinstance(default, Impact) and isinstance(value, dict):
        return impact_with(default, **value)
    if is_dataclass(default) and isinstance(value, dict):
        return replace(default, **{key: overridden(getattr(default, key), item) for key, item in value.items()})  # type: ignore[type-var]
    if isinstance(default, np.ndarray):
        array = np.asarray(value, dtype=default.dtype)
        return np.full(default.shape, array) if array.ndim == 0 else array
    return value


def _problem(problem: Problem, changes: dict[str, Any]) -> Problem:
    """Numbers of triggers may stand among those of funds and books; more of these repeat what the first ones have."""
    changes = dict(changes)
    limits: dict[str, Any] = {}
    for part in ("funds", "books"):
        given = changes.get(part, {})
        limits |= {name: x for name, x in given.items() if name in NAMES}
        changes[part] = {name: x for name, x in given.items() if name not in NAMES}
    if "retail" in changes:
        changes["outside"] = {"retail": overridden(retail_of(problem), changes.pop("retail"))}
    flat = limits_of(problem)
    parts = {key: overridden(getattr(problem, key), item) for key, item in changes.items()}
    changed = replace(problem, **parts)
    books = changed.books
    if (len(books.manager_of), len(books.tier_of_asset)) != (len(books.ids), len(changed.assets.ids)):
        changed = replace(changed, books=whole(books))
    counts = {"member": len(changed.funds.ids), "book": len(changed.books.ids), "shape": len(changed.books.shapes)}
    grown = {name: _resized(name, getattr(flat, name), counts) for name in NAMES}
    flat = overridden(Limits(**grown), limits)
    held = np.where(flat.overlay, 0.0, 1.0)
    return replace(changed, triggers=triggers_from(flat), books=replace(changed.books, start_held=held))


def whole(books: Books) -> Books:
    """The books with nothing cut into tiers."""
    none = np.zeros(len(books.ids), np.int64)
    of_asset = np.zeros(books.shapes.shape[1], np.int64)
    return replace(books, manager_of=np.arange(len(none)), tier=none, tier_of_asset=of_asset)


def _resized(name: str, values: Array, counts: Mapping[str, int]) -> Array:
    at = NAMES.index(name)
    kind = "member" if at < NAMES.index("capital") else "shape" if name == "start_vol" else "book"
    count = counts[kind]
    return values if len(values) == count else np.repeat(values[:1], count, axis=0)
