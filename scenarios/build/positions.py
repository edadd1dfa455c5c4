"""Positions: read as signed multiples of NAV, then scaled to the gross and net that the fund asks for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stress.scenarios.build.market import unknown_asset
from stress.scenarios.convexity import Options
from stress.scenarios.csv.table import Form
from stress.scenarios.errors import ScenarioError, at_least, at_most, exactly, suggest
from stress.scenarios.problem import Assets, Bools, Floats
from stress.scenarios.read import units
from stress.scenarios.read.quantities import LEVERAGE
from stress.scenarios.schema.funds import Fund
from stress.scenarios.schema.scenario import Scenario

LARGEST_WEIGHT = 1e9  # of one position, in multiples of NAV; with `gross` only proportions count
_FORM = Form(("fund", "asset", "position", "gamma", "theta"), ("fund", "asset"))
_OPTIONS = {"gamma", "theta"}  # columns that a file may have


def book_weights(
    scenario: Scenario, fund: Fund, positions: Mapping[str, float] | str, key: str, assets: Assets
) -> Floats:
    """Signed weights (asset,) as multiples of the fund's NAV; a file holds USD.

    Raises:
        ScenarioError: an unknown asset, an asset listed twice, a position beyond all sense, a faulty file.
    """
    weights = np.zeros(len(assets.ids))
    if isinstance(positions, str):
        usd = _read_file(scenario, fund, positions, key, assets)
        positions = {asset: value / fund.nav for asset, value in usd.items()}
    _put(weights, scenario, positions, key, assets)
    return weights


def book_options(
    scenario: Scenario,
    fund: Fund,
    positions: Mapping[str, float] | str,
    inline: Mapping[str, Mapping[str, float] | None],
    key: str,
    assets: Assets,
) -> Options | None:
    """Gammas and thetas (asset,) as multiples of the fund's NAV; None where none of them is other than 0.

    Args:
        scenario: the file.
        fund: whose book it is.
        positions: of the book; a file may have columns `gamma` and `theta`, in USD.
        inline: `gamma` and `theta` of the scenario file.
        key: of the book.
        assets: of the scenario.

    Raises:
        ScenarioError: as for `book_weights`; a number both in the file of positions and beside it.
    """
    found = Options(np.zeros(len(assets.ids)), np.zeros(len(assets.ids)))
    for name, values in found._asdict().items():
        given = inline[name]
        if isinstance(positions, str) and name in scenario.files.rows(positions, key, _FORM)[0]:
            if given is not None:
                raise ScenarioError(
                    f"stands in {Path(positions).name}, too",
                    file=scenario.source,
                    key=f"{key}.{name}",
                    allowed=f"{name} here, or a column {name} there",
                )
            usd = _read_file(scenario, fund, positions, f"{key}.{name}", assets, name)
            given = {asset: value / fund.nav for asset, value in usd.items()}
        _put(values, scenario, given or {}, f"{key}.{name}", assets)
    return found if found.size > 0 else None


def _put(values: Floats, scenario: Scenario, given: Mapping[str, float], key: str, assets: Assets) -> None:
    """Write numbers by asset into an array (asset,)."""
    for asset, weight in given.items():
        if asset not in assets.ids:
            raise unknown_asset(scenario, f"{key}.{asset}", asset, weight, assets)
        if abs(weight) > LARGEST_WEIGHT:
            raise ScenarioError(
                f"is {weight:.3g} times NAV",
                file=scenario.source,
                key=f"{key}.{asset}",
                value=weight,
                allowed=f"up to {LARGEST_WEIGHT:g} times, long or short",
            )
        values[assets.ids.index(asset)] = weight


def _read_file(
    scenario: Scenario, fund: Fund, path: str, key: str, assets: Assets, column: str = "position"
) -> dict[str, float]:
    """USD by asset in a column, 0 where it is optional and empty; of a file with `fund`, the rows of this fund."""
    file = Path(path).name
    usd: dict[str, float] = {}
    rows = scenario.files.rows(path, key, _FORM)
    if set(rows[0]) - {"fund"} - _OPTIONS != {"asset", "position"}:
        raise ScenarioError(
            "has other columns",
            file=file,
            key=key,
            value=list(rows[0]),
            allowed="asset, position (USD); and fund, gamma (USD), theta (USD a day)",
        )
    if "fund" in rows[0]:
        known = {other.id for other in scenario.funds}
        strange = next((row["fund"] for row in rows if row["fund"] not in known), None)
        if strange is not None:
            raise ScenarioError("is no fund", file=file, key="fund", value=strange, allowed=suggest(strange, known))
        rows = [row for row in rows if row["fund"] == fund.id]
        if not rows:
            raise ScenarioError("holds nothing", file=file, key=key, value=fund.id, allowed="a row of this fund")
    for row in rows:
        asset = row["asset"]
        if asset not in assets.ids:
            raise ScenarioError(
                f"{asset!r} is no asset",
                file=file,
                key=f"{key}.{asset}",
                value=row[column],
                allowed=suggest(asset, assets.file_order),
            )
        if asset in usd:
            raise ScenarioError(
                "is listed twice",
                file=file,
                key=f"{key}.{asset}",
                value=row[column],
                allowed="one row for each asset",
            )
        try:
            usd[asset] = 0.0 if column in _OPTIONS and not row[column].strip() else units.money(row[column])
        except units.UnitError as error:
            raise ScenarioError(
                error.problem, file=file, key=f"{key}.{asset}", value=row[column], allowed=error.allowed
            ) from error
    return usd


def scaled(scenario: Scenario, fund: Fund, weights: Floats, in_net: Bools) -> Floats:
    """Weights (book, asset) of all books scaled jointly to the fund's `gross` and `net`.

    With gross `G` alone, `sum |w| = G`. With net `N` too, longs sum to `(G + N)/2` and shorts to `(G - N)/2`. Assets
    that do not count in net leverage keep their share `U` of gross; the other longs then sum to `(G - U + N)/2` and
    the other shorts to `(G - U - N)/2`, so that both numbers come out as asked.

    Raises:
        ScenarioError: more than the largest gross, nothing to scale, or a side that is needed and missing.
    """
    key = f"funds.{fund.id}"
    total = np.abs(weights).sum()
    if fund.gross is None and total > LEVERAGE.most:
        raise ScenarioError(
            f"come to {total:.6g} times NAV, long plus short",
            file=scenario.source,
            key=f"{key}.positions",
            allowed=f"{LEVERAGE.most:g} times at most, or gross, to which they are scaled",
        )
    if fund.gross is None:
        return weights
    if total == 0:
        raise ScenarioError(
            "cannot be reached: the fund holds nothing",
            file=scenario.source,
            key=f"{key}.gross",
            value=fund.gross,
            allowed="positions that are not all zero",
        )
    result: Floats = weights * (fund.gross / total)
    if fund.net is None:
        return result
    outside = float(np.abs(result[:, ~in_net]).sum())
    for side, sign in (("long", 1.0), ("short", -1.0)):
        wanted = (fund.gross - outside + sign * fund.net) / 2
        chosen = (np.sign(result) == sign) & in_net
        found = float(np.abs(result[chosen]).sum())
        if wanted < -1e-12:
            limit = fund.gross - outside
            raise ScenarioError(
                f"cannot be reached: assets with in_net = true make up {limit:.6g} of gross",
                file=scenario.source,
                key=f"{key}.net",
                value=fund.net,
                allowed=f"between {at_least(-limit)} and {at_most(limit)}",
            )
        if wanted > 1e-12 and found == 0:
            raise ScenarioError(
                f"needs {side} positions of {wanted:.6g} NAV, and there are none",
                file=scenario.source,
                key=f"{key}.net",
                value=fund.net,
                allowed=f"{side} positions, or net = {exactly(-sign * (fund.gross - outside))}",
            )
        if found > 0:
            result[chosen] *= max(wanted, 0.0) / found
    return result
