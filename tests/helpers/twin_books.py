"""Problems built by hand from `single`: two funds, two assets, several books; and overlays for existing funds."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from flat import NAMES, Limits, limits_of, overridden, triggers_from, whole
from stress.scenarios.problem import Books, Problem
from tiny import BN, single

Array = npt.NDArray[Any]
OF_SHAPES = ("shapes", "type_of_shape", "start_vol")
OF_NO_BOOK = (*OF_SHAPES, "tier_of_asset")


def repeated(record: Any, count: int) -> dict[str, Any]:
    """The arrays of a record with one entry (fund or book), `count` times over; arrays of shapes are left out."""
    return {
        item.name: np.repeat(getattr(record, item.name), count, axis=0)
        for item in fields(record)
        if isinstance(getattr(record, item.name), np.ndarray) and item.name not in OF_NO_BOOK
    }


def pair(funds: dict[str, Any] | None = None, books: dict[str, Any] | None = None, **overrides: Any) -> Problem:
    """Fund d with 5 bn and fund f with 3 bn of the same asset, NAV 1 bn each; a call forces sales a step later."""
    both = repeated(single().funds, 2) | {
        "types": ("d", "f"),
        "types_file_order": ("d", "f"),
        "strategy": ("long", "long"),
        "region": ("us", "us"),
        "ids": ("d", "f"),
        "type_of": np.array([0, 1]),
        "rates": np.array([[0.15], [0.2]]),
        "grace_steps": np.array([1, 1]),
    }
    sizes = {
        "ids": ("d/0", "f/0"),
        "fund_of": np.array([0, 1]),
        "manager_of": np.array([0, 1]),
        "size": np.array([5.0, 3.0]) * BN,
    }
    problem = single(funds=both, books=repeated(single().books, 2) | sizes, **overrides)
    return overridden(problem, {"funds": funds or {}, "books": books or {}})  # type: ignore[no-any-return]


def several_books(*sizes: float, shapes: Any = ((1.0,),), **terms: Any) -> dict[str, Any]:
    """Changes to the books of `single`: one book of its fund for each size (bn) and shape; one shape may serve all."""
    count, rows = len(sizes), np.asarray(shapes, np.float64)
    return (
        repeated(single().books, count)
        | {
            "ids": tuple(f"f/{'abc'[b]}" for b in range(count)),
            "fund_of": np.zeros(count, np.int64),
            "manager_of": np.arange(count),
            "shape_of": np.arange(count) if len(rows) > 1 else np.zeros(count, np.int64),
            "size": np.array(sizes) * BN,
            "shapes": rows,
            "type_of_shape": np.zeros(len(rows), np.int64),
            "start_vol": np.zeros(len(rows)),
        }
        | terms
    )


def two_assets(
    funds: dict[str, Any] | None = None, assets: dict[str, Any] | None = None, steps: int = 1, **overrides: Any
) -> Problem:
    """The fund of `single` with equities a and b, alike; `books` must say what it holds of them."""
    base = single()
    return single(
        steps=steps,
        assets=repeated(base.assets, 2)
        | {name: ("a", "b") for name in ("ids", "file_order", "names")}
        | {"asset_class": ("equity", "equity"), "region": ("us", "us")}
        | (assets or {}),
        shocks={"correlation": np.eye(2), "script": np.zeros((steps, 2))},
        funds={"rates": np.full((1, 2), 0.2), "portfolio_moves": np.zeros((1, 0, 2))} | (funds or {}),
        retail={"weights": np.zeros(2)},
        **overrides,
    )


def moves(*steps: tuple[float, float]) -> Array:
    """Draws (step, asset, 1) that make the given simple returns."""
    returns: Array = np.log1p(np.asarray(steps, dtype=np.float64))
    return returns[:, :, None]


def with_overlay(
    problem: Problem, kind: int, weights: Any, gross: float, loss: Any, held: Any, priority: int = 0
) -> Problem:
    """Give every member of the type an overlay book that is `gross` times its NAV at its largest.

    Args:
        problem: the funds as they are.
        kind: index of the fund type.
        weights: (asset,) signed, sum |w| = 1.
        gross: size over NAV at k = 1.
        loss: increasing losses of the fund.
        held: k wanted at those losses, the last one 1.
        priority: of the new books.
    """
    books, limits = problem.books, widened(limits_of(problem), len(loss))
    points = limits.overlay_loss.shape[1]
    row = int(np.searchsorted(books.type_of_shape, kind, side="right"))
    flat = {name: getattr(limits, name) for name in NAMES}
    each: dict[str, Any] = {item.name: getattr(books, item.name) for item in fields(books)} | flat
    each["shape_of"] = np.where(books.shape_of >= row, books.shape_of + 1, books.shape_of)
    for name, new in zip(OF_SHAPES, (weights, kind, 0.0), strict=True):
        each[name] = np.insert(each[name], row, new, axis=0)
    for f in reversed(np.flatnonzero(problem.funds.type_of == kind)):
        at = int(np.searchsorted(each["fund_of"], f, side="right"))
        nav = float(problem.funds.nav[f])
        each["ids"] = (*each["ids"][:at], f"{problem.funds.ids[f]}/hedge", *each["ids"][at:])
        row_of_book = {
            "fund_of": f,
            "shape_of": row,
            "size": gross * nav,
            "priority": priority,
            "start_held": 0.0,
            "tier": 0,
            "manager_of": 0,
            "capital": nav,
            "ladder_on_fund": False,
            "ladder_drawdown": np.inf,
            "ladder_cut": 0.0,
            "vol_ceiling": np.inf,
            "vol_speed": 0.3,
            "overlay": True,
            "overlay_loss": padded(loss, points, np.inf),
            "overlay_held": padded(held, points, 1.0),
        }
        for name, new in row_of_book.items():
            each[name] = np.insert(each[name], at, new, axis=0)
    wider = whole(Books(**{item.name: each[item.name] for item in fields(books)}))
    triggers = triggers_from(Limits(**{name: each[name] for name in NAMES}))
    return replace(problem, books=wider, triggers=triggers)


def padded(values: Any, points: int, fill: float) -> Array:
    return np.concatenate([np.asarray(values, np.float64), np.full(points - len(values), fill)])


def widened(limits: Limits, points: int) -> Limits:
    """Room for at least so many points of overlays."""
    missing = max(0, points - limits.overlay_loss.shape[1])
    return replace(
        limits,
        overlay_loss=np.pad(limits.overlay_loss, ((0, 0), (0, missing)), constant_values=np.inf),
        overlay_held=np.pad(limits.overlay_held, ((0, 0), (0, missing)), mode="edge"),
    )
