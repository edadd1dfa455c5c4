"""The funds of the scenario: their NAV, given or assumed, and their positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stress.own_book import assumptions
from stress.own_book.currencies import BASE, major
from stress.own_book.data_report import ESTIMATED, LEFT_OUT, Assumption, DataReport
from stress.own_book.read.positions import Position
from stress.own_book.read.side_files import FundFacts
from stress.own_book.settling import Settled
from stress.own_book.valuing import Holdings
from stress.scenarios.errors import ScenarioError, suggest


def fund_rows(
    positions: Sequence[Position],
    holdings: Holdings,
    rates: Mapping[str, float],
    kinds: Mapping[str, str],
    given: Mapping[str, FundFacts],
    rate: Callable[[str], float],
    settle: Settled,
    report: DataReport,
) -> list[dict[str, Any]]:
    """Funds in the order of the file of positions.

    Args:
        positions: as read, for NAVs that stand beside them.
        holdings: USD by fund and asset.
        rates: margin rates by asset.
        kinds: classes by asset.
        given: facts of `--funds`.
        rate: USD for a unit of a currency.
        settle: takes assumptions.
        report: takes the lines.

    Raises:
        ScenarioError: a NAV below the requirement, two NAVs of one fund, facts of a fund that is not there.
    """
    for name in given:
        if name not in holdings.funds:
            raise ScenarioError("has no position", file="--funds", key=name, allowed=suggest(name, holdings.funds))
    beside = _navs(positions)
    rows = []
    for name, held in holdings.funds.items():
        if not held:
            report.add(LEFT_OUT, name, "a fund without a position that bears a risk")
            continue
        options = holdings.options.get(name, {})
        nothing = [asset for asset, usd in held.items() if not round(usd, 2) and not any(options.get(asset, ()))]
        for asset in nothing:
            report.add(LEFT_OUT, f"{name}, {asset}", "positions that add up to 0", rule="positions that add up to 0")
        facts = given.get(name)
        needed = sum(abs(usd) * rates[asset] for asset, usd in held.items())
        margin: dict[str, Any] | None = None
        if any(any(of) for of in options.values()):
            margin, needed = _portfolio_margin(name, held, options, kinds, report)
        nav = beside.get(name) if facts is None else facts.nav * _unit(facts.currency, rate)
        if nav is None:
            found = assumptions.nav(holdings.gross(name), needed)
            told = Assumption(
                assumptions.key_of("funds", name, "nav"), found.value, found.rule, found.grade, found.source
            )
            row_nav = settle.number(told)
        else:
            row_nav = nav
        if needed > row_nav:
            raise ScenarioError(
                f"is in a margin call from the start: it needs {needed:,.0f} USD",
                file="--funds" if facts else "positions" if nav else "assumed.csv",
                key=f"funds.{name}.nav",
                value=row_nav,
                allowed="a larger NAV, or lower margin rates: a column margin in the positions, or --assumed",
            )
        rows.append(
            {
                "id": name,
                "strategy": facts.strategy if facts else "",
                "region": facts.region.lower() if facts else "",
                "nav": row_nav,
                "assumed": nav is None,
                "positions": {asset: round(usd, 2) for asset, usd in held.items() if asset not in nothing},
                "gamma": {asset: round(gamma, 2) for asset, (gamma, _) in options.items() if round(gamma, 2)},
                "theta": {asset: round(theta, 2) for asset, (_, theta) in options.items() if round(theta, 2)},
                "margin": margin,
            }
        )
    return rows


def _portfolio_margin(
    name: str,
    held: Mapping[str, float],
    options: Mapping[str, tuple[float, float]],
    kinds: Mapping[str, str],
    report: DataReport,
) -> tuple[dict[str, Any], float]:
    """The table `[funds.margin]` of a fund with options, and its requirement, USD."""
    cases = assumptions.portfolio_cases(kinds[asset] for asset in held)
    worst = 0.0
    for case in cases:
        gained = sum(usd * case.get(kinds[asset], 0.0) for asset, usd in held.items())
        gained += sum(gamma * case.get(kinds[asset], 0.0) ** 2 / 2 for asset, (gamma, _) in options.items())
        worst = max(worst, -gained)
    floor = assumptions.PORTFOLIO_FLOOR
    what = (
        f"options, so portfolio margin: thirds of the margin rates of its classes up and down, together and alone, and "
        f"{floor:.0%} of gross at least (grade D, judgement): edit {name} in scenario.toml"
    )
    report.add(ESTIMATED, f"funds.{name}.margin", what)
    gross = sum(abs(usd) for usd in held.values())
    return {"method": "portfolio", "floor": floor, "scenarios": cases}, max(worst, floor * gross)


def _unit(currency: str, rate: Callable[[str], float]) -> float:
    code, unit = major(currency or BASE)
    return unit * rate(code)


def _navs(positions: Sequence[Position]) -> dict[str, float]:
    """NAVs in a column of the positions, USD: one for each fund."""
    found: dict[str, float] = {}
    for position in positions:
        nav = position.facts.get("nav")
        if nav is not None and found.setdefault(position.fund, nav) != nav:
            raise ScenarioError(
                f"{position.where}: another NAV than {found[position.fund]:,.0f}",
                file="positions",
                key=f"{position.fund}.nav",
                value=nav,
                allowed="one NAV for each fund",
            )
    return found
