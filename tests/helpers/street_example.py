"""A small street of three assets, and a book of names that follow them; every call returns a fresh copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

SECTORS = ("tech", "energy", "small_caps")
DAYS = 400


def street(**changes: Any) -> dict[str, Any]:
    vols = dict(zip(SECTORS, (0.26, 0.2, 0.22), strict=True))
    made: dict[str, Any] = {
        "schema": 1,
        "name": "street",
        "horizon": {"steps": 2},
        "assets": [
            {"id": name, "asset_class": "equity", "region": "us", "vol": vol, "adv": 20e9, "margin": 0.2}
            for name, vol in vols.items()
        ],
        "correlation": {"constant": 0.5},
        "shocks": {"model": "student_t", "dof": 5, "script": [{"step": 1, "moves": {"tech": -0.1}}]},
        "funds": [
            {
                "id": "crowd",
                "nav": 40e9,
                "gross": 4.0,
                "positions": {"tech": 1.0, "energy": 0.2, "small_caps": -0.2},
                "prime_brokers": {"pb_a": 1.0},
            }
        ],
        "margin": {"buffer": 0.05},
        "triggers": {"max_participation": 0.3},
        "impact": {"law": "square_root"},
        "prime_brokers": {"pb_a": {"rate_factor": 1.2}},
        "cascade": {"max_rounds": 9},
    }
    return made | changes


def book(**changes: Any) -> dict[str, Any]:
    """Names by each rule: a ticker of a fund, a company, a sector, returns alone, a class alone, nothing."""

    def asset(name: str, kind: str = "equity", **more: Any) -> dict[str, Any]:
        return {"id": name, "asset_class": kind, "vol": 0.3, "adv": 1e8, "margin": 0.25} | more

    made: dict[str, Any] = {
        "schema": 1,
        "name": "book",
        "assets": [
            asset("IWM US", region="us"),
            asset("MSFT"),
            asset("acme", sector="Oil & Gas"),
            asset("plain"),
            asset("quiet", region="us"),
            asset("EURUSD", "fx"),
            asset("tech"),
        ],
        "shocks": {"model": "gaussian"},
        "funds": [
            {
                "id": "pod",
                "nav": 1e8,
                "positions": {"MSFT": 1.5, "acme": -0.5, "plain": 0.3, "tech": 0.2},
                "prime_brokers": {"pb_a": 1.0},
            },
            {"id": "crowd", "nav": 2e8, "positions": {"IWM US": 1.0, "EURUSD": 0.2, "quiet": 0.1}},
        ],
        "margin": {"rates": {"MSFT": 0.3}},
        "triggers": {"max_leverage": 4.0},
        "impact": {"law": "none"},
    }
    return made | changes


def returns() -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Daily log returns of three names: small caps, one with 1.2 times these, one with what the second has besides."""
    rng = np.random.default_rng(11)
    market, own, other = 0.01 * rng.standard_normal((3, DAYS))
    return {"IWM US": market, "plain": 1.2 * market + 0.5 * own, "quiet": other + 0.5 * own}


def write(folder: Path) -> tuple[Path, Path]:
    """Folders of the book, with its returns, and of the street."""
    for name, made in (("book", book()), ("street", street())):
        (folder / name).mkdir()
        (folder / name / "scenario.toml").write_text("\n".join(toml(made)), encoding="utf-8")
    columns = returns()
    rows = [",".join(["date", *columns])]
    days = np.datetime64("2020-01-01") + np.arange(DAYS)
    rows += [",".join([str(day), *(f"{column[n]:.9g}" for column in columns.values())]) for n, day in enumerate(days)]
    (folder / "book" / "returns.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder / "book", folder / "street"


def toml(made: dict[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in made.items()]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {_value(item)}' for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
