"""The model's side of `observed.py`: figures of the reference for each observation, by its key.

A figure is an array over paths; scenarios without a draw have one. Nothing here is typed by hand.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

import stress
from stress.api import build_problem
from stress.reference.result import Result, simulate
from stress.reference.state import TRIGGERS
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
Figures = dict[str, Floats]  # (path,) by the keys of `observations.csv`
HERE = Path(__file__).parent
CLOSES = HERE.parent / "scenarios" / "library" / "tariff-2025-observed.csv"
BN = 1e9
NO_HEDGE_FUNDS = ("family_office", "leveraged_etf")
US_SECTORS = (
    "semis tech comm discretionary financials industrials energy health staples utilities materials real_estate"
)
TECHNOLOGY = ("semis", "tech", "ai_infra")
LEGS = ("ai_infra", "vip_longs", "most_shorted", "mom_winners", "mom_losers", "stock_longs", "stock_shorts")
SEED, PAIRS = 20250403, 16


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a table by the names of its columns."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def load(name: str, *overrides: str) -> Problem:
    """A library scenario with changes as `--set` takes them."""
    return build_problem(stress.load_scenario(name, list(overrides)))


def without_draw(problem: Problem) -> Result:
    """The single path that the script alone makes."""
    return simulate(problem, np.zeros((problem.steps, len(problem.assets.ids), 1)))


def draws(problem: Problem, pairs: int) -> Floats:
    """Antithetic pairs of Student-t draws, (step, asset, path); path i and path i + pairs are mirror images."""
    rng, n = np.random.default_rng(SEED), len(problem.assets.ids)
    value, vector = np.linalg.eigh(problem.shocks.correlation)
    normal = np.einsum(
        "ij,sjp->sip", vector * np.sqrt(np.maximum(value, 0.0)), rng.standard_normal((problem.steps, n, pairs))
    )
    dof = problem.shocks.dof
    normal *= np.sqrt((dof - 2.0) / rng.chisquare(dof, (problem.steps, 1, pairs)))
    normal *= (problem.shocks.scale * problem.assets.shock_vol / np.sqrt(252.0))[:, None]
    return np.concatenate([normal, -normal], axis=2)


def mean_and_error(figure: Floats) -> tuple[float, float]:
    """Mean over antithetic paths and its standard error, from the means of pairs."""
    pairs = figure.reshape(2, -1).mean(axis=0)
    return float(pairs.mean()), float(pairs.std(ddof=1) / np.sqrt(len(pairs)))


class Run:
    """A result by fund types, with the start as step 0."""

    def __init__(self, problem: Problem, result: Result) -> None:
        self.problem, self.result = problem, result
        self.funds, self.books = problem.funds, problem.books
        self.types = np.array(problem.funds.types)[problem.funds.type_of]
        self.hedge_funds = ~np.isin(self.types, NO_HEDGE_FUNDS)
        self.held = (self.books.size * self.books.start_held)[:, None] * self.books.shapes[self.books.shape_of]

    def asset(self, *names: str) -> npt.NDArray[np.bool_]:
        return np.isin(self.problem.assets.ids, names)

    def members(self, kind: str) -> npt.NDArray[np.bool_]:
        return self.types == kind

    def back(self, kind: str, equity: Floats | None = None) -> Floats:
        """Return of a type since the start, % of NAV, (step, path)."""
        chosen, equity = self.members(kind), self.result.equity if equity is None else equity
        nav = self.funds.nav[chosen]
        return 100.0 * (np.einsum("smp,m->sp", equity[:, chosen], nav) / nav.sum() - 1.0)

    def exposure(self, chosen: npt.NDArray[np.bool_], net: bool, assets: npt.NDArray[np.bool_]) -> Floats:
        """USD of the members chosen in the assets chosen, (step, path), the start first."""
        of_result = self.result.exposure_usd if net else self.result.exposure_gross_usd
        later = of_result[:, chosen][:, :, assets].sum(axis=(1, 2))
        start = self.held[chosen[self.books.fund_of]][:, assets]
        first = (start if net else np.abs(start)).sum()
        return np.vstack([np.full(later.shape[1:], first), later])

    def leverage(
        self, chosen: npt.NDArray[np.bool_], net: bool = False, assets: npt.NDArray[np.bool_] | None = None
    ) -> Floats:
        """Gross or net in % of NAV, (step, path), the start first."""
        everything = self.problem.assets.in_net if net else np.ones(len(self.problem.assets.ids), bool)
        usd = self.exposure(chosen, net, everything if assets is None else assets)
        nav = np.einsum("smp,m->sp", self.result.equity[:, chosen], self.funds.nav[chosen])
        return 100.0 * usd / np.vstack([np.full(nav.shape[1:], self.funds.nav[chosen].sum()), nav])


def april(problem: Problem, result: Result) -> Figures:
    """Figures of `tariff-2025` on each path; steps 1 to 5 are 3, 4, 7, 8 and 9 April."""
    run, assets, usd = Run(problem, result), problem.assets, result.forced_flow_by_fund_usd
    long_short, everyone = run.members("fundamental_ls"), run.hedge_funds
    gross, net = run.leverage(long_short), run.leverage(long_short, net=True)
    all_gross, all_net = run.leverage(everyone), run.leverage(everyone, net=True)
    technology = run.leverage(everyone, True, run.asset(*TECHNOLOGY))
    sectors = run.asset(*US_SECTORS.split())
    market = 100.0 * (assets.adv[sectors] @ result.price[0, sectors] / assets.adv[sectors].sum() - 1.0)
    shorts = result.built_by_trigger_usd[0, TRIGGERS.index("overlay")][everyone].sum(axis=0)
    fall = np.maximum(0.0, run.books.start_held[:, None] - result.k[0]) * everyone[run.books.fund_of][:, None]
    size = (run.books.size[:, None] * run.books.shapes[run.books.shape_of]).clip(min=0.0).sum(axis=1)
    longs = (fall * size[:, None]).sum(axis=0)
    shares = np.array([kind == "equity" for kind in assets.asset_class])
    sold = -usd[0][everyone].sum(axis=0)
    in_us = shares & (np.array(assets.region) == "us")
    by_sector = -usd[:3][:, everyone][:, :, sectors].sum(axis=(0, 1))
    chips = list(np.array(assets.ids)[sectors]).index("semis")
    etf = run.members("leveraged_etf")
    rebalanced = (result.built_usd_step - result.forced_sales_step_usd)[:, etf].sum(axis=1) / BN
    asia = run.members("asia_ls")[run.books.fund_of] & (run.books.start_held > 0)
    left = np.einsum("b,bp->p", run.books.size[asia], result.k[-1, asia]) / run.books.size[asia].sum()
    return {
        "ls_day": run.back("fundamental_ls")[0],
        "ls_market": net[0] / 100.0 * market,
        "ls_rest": run.back("fundamental_ls")[0] - net[0] / 100.0 * market,
        "quant_day": run.back("quant_emn")[0],
        "trend_day": run.back("trend")[0],
        "multi_low": run.back("multi_strat")[:4].min(axis=0),
        "rv_low": run.back("treasury_rv").min(axis=0),
        "ls_gross": gross[1] - gross[0],
        "ls_net": net[1] - net[0],
        "ls_net_low": net.min(axis=0),
        "ls_gross_end": gross[-1],
        "ls_net_end": net[-1],
        "gross": all_gross[1] - all_gross[0],
        "gross_end": all_gross[-1] - all_gross[1],
        "gross_down": all_gross[2] - all_gross[0],
        "net": 100.0 * (all_net[1] / all_net[0] - 1.0),
        "net_2": 100.0 * (all_net[2] / all_net[0] - 1.0),
        "long_short": (all_gross[1] + all_net[1]) / (all_gross[1] - all_net[1]),
        "short_sales": shorts / longs,
        "us_share": 100.0 * sold[in_us].sum(axis=0) / sold[shares].sum(axis=0),
        "chips_rank": 1.0
        + (by_sector / assets.adv[sectors][:, None] > (by_sector / assets.adv[sectors][:, None])[chips]).sum(axis=0),
        "chips_rank_usd": 1.0 + (by_sector > by_sector[chips]).sum(axis=0),
        "tech_low": technology.min(axis=0) - technology[0],
        "asia_sold": 100.0 * (1.0 - left),
        "swaps": -usd[:, :, run.asset("ust_rv")].sum(axis=(0, 1, 2)) / BN,
        "vol_target": result.sold_by_trigger_usd[:, TRIGGERS.index("vol_target")].sum(axis=(0, 1)) / BN,
        **{f"etf_{step}": rebalanced[step - 1] for step in (1, 2, 5)},
        "retail": result.retail_usd[0] / BN,
        "impact": (result.depth[:, sectors] ** -0.5).mean(axis=(0, 1)),
        "defaults": result.defaulted.sum(axis=0),
        "called": result.called_usd.sum(axis=0) / BN,
        "closes": 100.0 * np.abs(moves_of(result) - closes(problem)).max(axis=(0, 1)),
    }


def moves_of(result: Result) -> Floats:
    """Simple returns by step, (step, asset, path)."""
    price = np.concatenate([np.ones_like(result.price[:1]), result.price])
    return price[1:] / price[:-1] - 1.0


def closes(problem: Problem) -> Floats:
    """Observed simple returns of April 2025, (step, asset, 1)."""
    rows = {row.pop("asset"): [float(move) for move in row.values()] for row in read_csv(CLOSES)}
    return np.array([rows[asset] for asset in problem.assets.ids]).T[:, :, None]


def long_short_alone() -> Figures:
    """What the stated long-short positions lose on 3 April with nothing around them."""
    problem = load("long-short-2025-04-03")
    return {"ls_alone": Run(problem, without_draw(problem)).back("fundamental_ls")[0]}


def implied(problem: Problem, recorded: dict[str, str]) -> dict[str, float]:
    """Moves of a day in % by asset: as recorded, else their mean given those of the legs (volatility, correlation)."""
    sigma = problem.assets.shock_vol[:, None] * problem.shocks.correlation * problem.assets.shock_vol
    legs = np.isin(problem.assets.ids, LEGS)
    beta = sigma[:, legs] @ np.linalg.inv(sigma[np.ix_(legs, legs)])
    moves = beta @ np.array([float(recorded[asset]) for asset in np.array(problem.assets.ids)[legs]])
    return {asset: float(recorded[asset] or move) for asset, move in zip(problem.assets.ids, moves, strict=True)}


def one_day(date: str) -> Figures:
    """Returns of the library's funds, positions held, on the moves of a day that no scenario scripts."""
    calm = load("tariff-2025")
    moves = implied(calm, {row["asset"]: row[date] for row in read_csv(HERE / "observed-days.csv")})
    script = ", ".join(f'{asset} = "{move:.4f} %"' for asset, move in moves.items())
    changes = ("horizon.steps=1", 'shocks.model="none"', f"shocks.script=[{{step = 1, moves = {{ {script} }}}}]")
    problem = load("tariff-2025", *changes)
    run = Run(problem, without_draw(problem))
    return {kind: run.back(kind, run.result.equity_static)[0] for kind in problem.funds.types}


def quants() -> Figures:
    """Spread by day and NAV of `quant-2007-08`."""
    problem = load("quant-2007-08")
    run = Run(problem, without_draw(problem))
    day = 100.0 * moves_of(run.result)
    spread = day[:, run.asset("contrarian_long")] - day[:, run.asset("contrarian_short")]
    nav = run.back("quant")
    return {f"spread_{s + 1}": spread[s, 0] for s in range(4)} | {f"nav_{s + 1}": nav[s] for s in range(4)}


def archegos() -> Figures:
    """Losses of brokers in bn USD and moves of the baskets in `archegos-2021`; the brokers sell from step 3 on."""
    problem = load("archegos-2021")
    run = Run(problem, without_draw(problem))
    loss = dict(zip(problem.funds.brokers, run.result.broker_loss_usd / BN, strict=True))
    day = 100.0 * moves_of(run.result)
    media, china = (day[:, run.asset(name)][:, 0] for name in ("media", "china_adr"))
    return {
        "loss": np.sum(list(loss.values()), axis=0),
        **{f"loss_{broker}": value for broker, value in loss.items()},
        "blocks": run.result.forced_sales_step_usd[2].sum(axis=0) / BN,
        "media_1": media[0],
        "media_2": media[1],
        "media_3": media[2],
        "china_3": china[2],
        "media_path": 100.0 * (run.result.price[2, run.asset("media")][0] - 1.0),
    }
