"""The published models once more in plain Python, written from their descriptions: loops, one bank after the other;
and what the tests of the published models share."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checkout import ROOT
from stress.published.inputs import read_inputs
from stress.published.registry import MODELS
from stress.published.solve import Compared, compare, solve

EXACT = 1e-9

EBA = Path(os.environ.get("LEVSTRESS_EBA_CSV", ROOT.parent / "shared" / "data" / "eba_2018.csv"))
needs_eba = pytest.mark.skipif(
    not EBA.is_file(),
    reason=f"no EBA 2018 disclosures at {EBA} (not part of the repository; LEVSTRESS_EBA_CSV names the file)",
)
COLUMNS = ("cet1_eur_m", "leverage_pct", "debt_securities_eur_m", "government_bonds_eur_m")
BANKS = [  # made up
    ("north", 100.0, 5.0, 600.0, 450.0),
    ("south", 60.0, 4.0, 700.0, 500.0),
    ("east", 40.0, 3.4, 300.0, 0.0),
    ("west", 90.0, 8.0, 200.0, 200.0),
    ("isle", 50.0, 4.6, 100.0, 20.0),
    ("centre", 25.0, 6.5, 0.0, 0.0),
]


def write_banks(path: Path, banks: list[tuple[str, float, float, float, float]] | None = None) -> Path:
    rows = ["bank," + ",".join(COLUMNS), *(",".join(str(x) for x in row) for row in banks or BANKS)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def read_banks(path: Path) -> list[tuple[float, float, float, float]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [tuple(float(row[c]) for c in COLUMNS) for row in csv.DictReader(file)]  # type: ignore[misc]


def oxford(
    banks: list[tuple[float, float, float, float]],
    shock: float,
    impact: float,
    buffer: float = 0.04,
    steps: int = 6,
    target: float = 0.05,
    default_level: float = 0.03,
) -> dict[str, Any]:
    state: list[dict[str, Any]] = []
    for equity, percent, debt, government in banks:
        total = equity / (percent / 100)
        cash = 0.05 * total
        state.append(
            {
                "cash": cash,
                "other": total - debt - cash,
                "loan": (total - equity) / 2,
                "liabilities": (total - equity) / 2,
                "bonds": [debt - government, government],
                "orders": [0.0, 0.0],
                "failed": 0,  # the step of its failure
            }
        )
    capital = [sum(bank["bonds"][m] for bank in state) for m in (0, 1)]
    price = [1.0, 1.0 - shock]
    beta = -math.log(1.0 - impact) / 0.05
    sold_by_step, defaults_by_step, gone = [0.0], [0], 0.0
    for step in range(1, steps + 1):
        offered = [sum(bank["orders"][m] for bank in state) for m in (0, 1)]
        after = [p * math.exp(-beta * q / c) if c else p for p, q, c in zip(price, offered, capital, strict=True)]
        failures = 0
        for bank in state:
            for m in (0, 1):
                bank["cash"] += bank["orders"][m] * (price[m] + after[m]) / 2
                bank["bonds"][m] -= bank["orders"][m]
            bank["orders"] = [0.0, 0.0]
        price = after
        gone += sum(offered)
        for bank in state:
            if bank["failed"]:
                continue
            worth = sum(q * p for q, p in zip(bank["bonds"], price, strict=True))
            assets = bank["cash"] + bank["other"] + worth
            equity = assets - bank["loan"] - bank["liabilities"]
            if equity / assets < default_level:
                bank["failed"] = step
                bank["orders"] = list(bank["bonds"])
                failures += 1
            elif equity / assets < buffer:
                need = max(0.0, assets - equity / target)
                paid = min(need, bank["cash"], bank["loan"])
                bank["cash"] -= paid
                bank["loan"] -= paid
                raised = max(0.0, need - paid - bank["cash"])
                part = min(1.0, raised / worth) if worth else 0.0
                bank["orders"] = [part * q for q in bank["bonds"]]
        sold_by_step.append(gone / sum(capital))
        defaults_by_step.append(failures)
    share = sum(1 for bank in state if bank["failed"]) / len(state)
    return {
        "default_share": share if share >= 0.05 else 0.0,
        "sold_share": sold_by_step[-1],
        "price": price,
        "defaults_by_step": defaults_by_step,
        "sold_by_step": sold_by_step,
    }


def cont_schaanning(
    holdings: list[list[float]],
    other: list[list[float]],
    capital: list[float],
    shock: list[float],
    floor: list[float],
    volume: list[float],
    volatility: list[float],
    weight: float,
    limit: float = 33.3,
    target: float = 31.635,
    rounds: int = 64,
) -> dict[str, Any]:
    values = [list(row) for row in holdings]
    illiquid = [sum(x * (1 - e) for x, e in zip(row, shock, strict=True)) for row in other]
    capital = [c - sum(x * e for x, e in zip(row, shock, strict=True)) for c, row in zip(capital, other, strict=True)]
    assets = range(len(floor))
    price = [1.0 for _ in assets]
    depth = [0.4 * volume[m] / volatility[m] * math.sqrt(20.0) for m in assets]
    done, path = 0, []
    for _ in range(rounds):
        shares = []
        for row, rest, c in zip(values, illiquid, capital, strict=True):
            held = sum(row)
            beyond = held + rest > limit * c
            shares.append(min(1.0, (held + rest - target * c) / held) if beyond and held > 0 else 0.0)
        if not any(shares):
            break
        sold = [sum(s * row[m] for s, row in zip(shares, values, strict=True)) for m in assets]
        fall = [(1 - floor[m] / price[m]) * (1 - math.exp(-sold[m] / ((1 - floor[m]) * depth[m]))) for m in assets]
        for b, share in enumerate(shares):
            capital[b] -= sum((1 - (1 - weight) * share) * values[b][m] * fall[m] for m in assets)
            values[b] = [(1 - share) * values[b][m] * (1 - fall[m]) for m in assets]
        price = [p * (1 - f) for p, f in zip(price, fall, strict=True)]
        done += 1
        path.append(list(price))
    return {"rounds": done, "final_price": price, "final_capital": capital, "price_path": path}


def breuer_share(security: float, loan: float, equity: float, fall: float, limit: float) -> float:
    """What a bank sells when the price has fallen by `fall`."""
    left, capital = security * (1 - fall), equity - security * fall
    if capital <= 0:
        return 1.0
    if (left + loan) / capital <= limit:
        return 0.0
    if loan / capital >= limit:
        return 1.0
    return 1 - (limit * capital - loan) / left


def breuer(
    securities: list[float], loans: list[float], equity: list[float], limit: float, impact: float, above: bool
) -> tuple[float, list[float]]:
    banks = list(zip(securities, loans, equity, strict=True))
    fall = min(1.0, math.sqrt(impact * sum(securities))) if above else 0.0
    shares: list[float] = []
    for _ in range(200_000):
        shares = [breuer_share(s, k, e, fall, limit) for s, k, e in banks]
        new = min(1.0, math.sqrt(impact * sum(x * s for x, s in zip(shares, securities, strict=True))))
        if abs(new - fall) < 1e-15:
            break
        fall = new
    return fall, shares


def spiral(leverage: float, shock: float, required: float, liquidity: float, rounds: int = 12) -> tuple[float, float]:
    size = units = 100.0
    debt, price = size * (1 - 1 / leverage), 1 - shock
    for _ in range(rounds):
        assets = units * price
        equity = assets - debt
        if equity <= 0:
            sold = units
        elif equity / assets < required:
            sold = min(units, (assets - equity / required) / price)
        else:
            sold = 0.0
        units -= sold
        debt -= sold * price
        price *= 1 - min(0.95, sold / size / liquidity)
    return price, units * price - debt


def vulnerable_banks(
    holdings: list[list[float]], equity: list[float], shock: list[float], impact: list[float]
) -> dict[str, Any]:
    """Bank by bank and asset by asset; each bank's systemicness from a system in which only it sells."""
    banks, assets = range(len(equity)), range(len(shock))
    direct = [sum(holdings[b][k] * shock[k] for k in assets) for b in banks]
    sales = []
    for b in banks:
        total = sum(holdings[b])
        sales.append(min(direct[b] * (total - equity[b]) / equity[b], total - direct[b]))

    def losses(sellers: list[int]) -> list[float]:
        flow = [sum(sales[b] * holdings[b][k] / sum(holdings[b]) for b in sellers) for k in assets]
        return [sum(holdings[b][k] * min(0.95, impact[k] * flow[k]) for k in assets) for b in banks]

    every = losses(list(banks))
    return {
        "aggregate_vulnerability": sum(every) / sum(equity),
        "direct_vulnerability": sum(direct) / sum(equity),
        "direct_loss": direct,
        "sales": sales,
        "indirect_vulnerability": [x / e for x, e in zip(every, equity, strict=True)],
        "systemicness": [sum(losses([b])) / sum(equity) for b in banks],
    }


def solved(name: str, *assignments: str, data: Path | None = None) -> tuple[dict[str, Any], list[Compared]]:
    model = MODELS[name]
    inputs = read_inputs(model, data, assignments)
    outputs = solve(model, inputs)
    return outputs, compare(model, inputs, outputs)


def same(ours: Any, reference: Any, tolerance: float = EXACT) -> None:
    np.testing.assert_allclose(np.asarray(ours, float), np.asarray(reference, float), rtol=tolerance, atol=tolerance)
