"""A scenario of the user's own positions, in parts: as one document, and as what is written to a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from stress.own_book.data_report import DataReport, shown
from stress.scenarios.guessed import nav_keys, with_guesses
from stress.scenarios.problem import Floats
from stress.scenarios.read.loader import scenario_from_document
from stress.scenarios.schema.scenario import Scenario

STEPS = 10


@dataclass(frozen=True)
class Together:
    """How the assets move together: the key of `[correlation]`, and its table."""

    key: Literal["matrix", "factor"]
    columns: tuple[str, ...]  # assets, or factors
    values: Floats  # (asset, column)

    def table(self, ids: Sequence[str]) -> dict[str, Any]:
        """As a scenario has it."""
        if self.key == "matrix":
            return {self.key: self.values.tolist()}
        rows = (dict(zip(self.columns, row, strict=True)) for row in self.values.tolist())
        return {self.key: dict(zip(ids, rows, strict=True))}


@dataclass(frozen=True)
class OwnBook:
    """A scenario of the user's own positions, in parts, and what happened to the data on the way."""

    name: str
    sources: tuple[str, ...]
    assets: list[dict[str, Any]]  # rows of assets.csv; `assumed`: keys that stand in assumed.csv
    together: Together
    funds: list[dict[str, Any]]  # id, strategy, region, nav, whether that is assumed, positions, gamma
    # and theta in USD by asset, margin: its own table or None
    dof: float
    returns: Any  # pd.DataFrame of daily log returns by asset; None without prices
    report: DataReport

    @property
    def title(self) -> str:
        """Of tables and reports."""
        funds, assets = len(self.funds), len(self.assets)
        return f"Own book: {funds} fund{'s' * (funds > 1)}, {assets} asset{'s' * (assets > 1)}"

    @property
    def guessed(self) -> list[str]:
        """Funds whose NAV is a judgement."""
        return nav_keys({**row._asdict(), "value": shown(row.value)} for row in self.report.assumed)

    def settings(self) -> dict[str, Any]:
        """The tables of the scenario that are the same for every book."""
        return {
            "horizon": {"steps": STEPS},
            "margin": {"method": "haircut"},
            "impact": {"law": "square_root"},
            "liquidity": {"evaporation": 1.2},
        }

    def document(self) -> dict[str, Any]:
        """The scenario as one document, all that was assumed in its place."""
        keys = ("id", "asset_class", "region", "sector", "vol", "adv", "margin", "in_net")
        funds = [
            {
                **{key: fund[key] for key in ("id", "strategy", "region", "nav")},
                **{
                    key: {asset: usd / fund["nav"] for asset, usd in fund[key].items()}
                    for key in ("positions", "gamma", "theta")
                    if fund[key] or key == "positions"
                },
                **({} if fund["margin"] is None else {"margin": fund["margin"]}),
            }
            for fund in self.funds
        ]
        return {
            "schema": 1,
            "name": self.name,
            "title": self.title,
            "sources": with_guesses(self.sources, self.guessed),
            **self.settings(),
            "assets": [{key: row[key] for key in keys} for row in self.assets],
            "correlation": self.together.table([row["id"] for row in self.assets]),
            "shocks": {"model": "student_t", "dof": self.dof},
            "funds": funds,
        }

    @cached_property
    def scenario(self) -> Scenario:
        """What `stress.run` takes.

        Raises:
            ScenarioError: the numbers make no valid scenario.
        """
        return scenario_from_document(self.document(), file=f"<{self.name}>")
