"""Every figure of a result is looked at: what is wrong, missing or unknown fails, and so do errors of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from planted import Planted, changed, field, put, times
from stress.engine import block
from stress.engine.detail import program
from stress.errors import InvariantFailed
from stress.options import RunOptions
from stress.questions.validate.agreement import Compared, against_reference
from stress.questions.validate.check import Check
from stress.questions.validate.engine import BY_PATH, Run, run
from stress.questions.validate.figures import errors, expected
from stress.questions.validate.figures.attribution import of_the_loss
from stress.questions.validate.figures.by_path import by_each_path
from stress.questions.validate.figures.contributions import contributions
from stress.questions.validate.figures.parts import Parts, parts_of
from stress.questions.validate.figures.steps import by_step
from stress.questions.validate.figures.summary import recomputed
from stress.questions.validate.figures.worst import worst_lists
from stress.questions.validate.kernels import engine_draws
from stress.questions.validate.probes import probe
from stress.scenarios.problem import Problem

PATHS, DETAILED = 2048, 24  # so many that errors at 95 % are looked at
OPTIONS = RunOptions(device="cpu", devices=1)
GROUPS = ("summary", "distribution", "timeline", "tail_timeline", "attribution", "contributions", "tails", "paths")


def problem() -> Problem:
    return probe("square-root")


@pytest.fixture(scope="module")
def compared() -> Compared:
    return against_reference("probe", problem(), engine_draws(problem(), 1, DETAILED))[1]


@pytest.fixture(scope="module")
def parts(compared: Compared) -> Parts:
    return parts_of(compared)


@pytest.fixture(scope="module")
def right() -> Run:
    return run(problem(), PATHS, 1, "float64", DETAILED, OPTIONS)


@pytest.fixture(scope="module", autouse=True)
def _resampled_once() -> Iterator[None]:
    """A bootstrap takes nearly all of a comparison; whatever the tables say, that of the same paths is the same."""
    known, right_spread = dict[tuple[Any, ...], Any](), errors.spread

    def spread(of: Any, level: str, *samples: Any) -> Any:
        key = (of, level, *((x.shape, str(x.dtype), x.tobytes()) for x in samples))
        known[key] = known[key] if key in known else right_spread(of, level, *samples)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(errors, "spread", spread)
        yield


def every_check(found: Run, compared: Compared, parts: Parts) -> Iterator[Check]:
    yield from by_each_path("probe", found, compared)
    yield from recomputed("probe", problem(), found)
    yield from worst_lists("probe", problem(), found)
    yield from by_step("probe", found.tree, compared, parts)
    yield from of_the_loss("probe", found.tree, compared, parts)
    yield from contributions("probe", found, compared)


def failed(found: Run, compared: Compared, parts: Parts) -> dict[str, str]:
    """Notes of the checks that fail, by name."""
    return {check.name: check.note for check in every_check(found, compared, parts) if not check.passed}


def with_tables(found: Run, **tables: xr.Dataset) -> Run:
    every = {name: node.to_dataset() for name, node in found.tree.children.items()}
    return found._replace(tree=xr.DataTree.from_dict(every | tables))


def test_nothing_is_seen_without_an_error(right: Run, compared: Compared, parts: Parts) -> None:
    assert failed(right, compared, parts) == {}


@pytest.mark.parametrize("group", [*GROUPS, "tails_by_trough"])
def test_each_figure_that_is_dropped_or_renamed_is_missed(group: str, right: Run) -> None:
    table = right.tree[group].to_dataset()
    names = {str(name) for name in table.data_vars}
    assert [check.note for check in expected.held("", group, right.tree, names)] == ["", ""]
    for name in names:
        for broken in (table.drop_vars(name), table.rename({name: f"{name}_of"})):
            tree = xr.DataTree.from_dict({group: broken})
            assert next(expected.held("", group, tree, names)).note == name


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("summary", ["system_trough_es", "broker_loss_var", "system_prob_margin_call", "trough_es_ci_low", "es_se"]),
        ("distribution", ["drawdown", "called_over"]),
        ("paths", ["trough", "called_nav_share"]),
        ("timeline", ["called_usd", "gross_leverage", "loss_part", "retail_purchases_usd", "depth_se"]),
        ("tail_timeline", ["fund_loss", "exposure_usd"]),
        ("attribution", ["contribution", "forgone_by_selling"]),
        ("contributions", ["es_contribution_by_asset", "covar"]),
        ("tails", ["path_id", "defaulted"]),
        ("tails_by_trough", ["trough"]),
    ],
)
def test_a_figure_that_is_not_there_fails(
    group: str, names: list[str], right: Run, compared: Compared, parts: Parts
) -> None:
    table = right.tree[group].to_dataset()
    dropped = with_tables(right, **{group: table.drop_vars(names)})
    assert failed(dropped, compared, parts)[f"figures missing in `{group}`"] == ", ".join(sorted(names))


def test_a_figure_that_nobody_knows_fails(right: Run, compared: Compared, parts: Parts) -> None:
    table = right.tree["summary"].to_dataset()
    more = with_tables(right, summary=table.assign(fame=table["es"]))
    assert failed(more, compared, parts) == {"figures of `summary` that nothing is compared with": "fame"}


def test_a_table_that_is_not_there_fails(right: Run, compared: Compared, parts: Parts) -> None:
    tables = {name: node.to_dataset() for name, node in right.tree.children.items() if name != "tail_timeline"}
    without = right._replace(tree=xr.DataTree.from_dict(tables))
    assert "figures missing in `tail_timeline`" in failed(without, compared, parts)


def figures(table: xr.Dataset) -> list[str]:
    """Variables that are no errors and no ends of intervals."""
    return [str(name) for name in table.data_vars if not str(name).endswith(("_se", "_ci_low", "_ci_high"))]


@pytest.mark.parametrize("group", [*GROUPS, "tails_by_trough"])
@pytest.mark.parametrize("whole", [False, True], ids=["funds", "system"])
def test_each_figure_that_is_wrong_is_seen(
    group: str, whole: bool, right: Run, compared: Compared, parts: Parts
) -> None:
    """All of a table are made wrong at once, those of funds or those of the system; each is named by a check."""
    table = right.tree[group].to_dataset()
    wrong = table.copy(deep=True)
    for name in {*figures(table)} - {"path_id"}:
        values, usd = wrong[name], "_usd" in name or name.startswith("broker")
        moved = (
            values + 1
            if values.dtype.kind in "iub"
            else values * 1.1 + np.where(values < 0, -0.1, 0.1) * (1e9 if usd else 1)
        )
        if "fund" in values.dims and group != "summary":
            mine = (values["fund"] == "system") if whole else (values["fund"] != "system")
            wrong[name] = moved.where(mine, values).transpose(*values.dims).astype(values.dtype)
        elif name.startswith("system_") is whole or group != "summary":
            wrong[name] = moved.astype(values.dtype)
    changed_ones = [name for name in figures(table) if not wrong[name].equals(table[name])]
    said = " | ".join(failed(with_tables(right, **{group: wrong}), compared, parts)).replace(" ", "_")
    unseen = [name for name in changed_ones if not named(name.removeprefix("system_"), said)]
    assert unseen == []
    assert len(changed_ones) >= (0 if whole and group in ("paths", "contributions") else 2)


def named(variable: str, said: str) -> bool:
    """Whether a check that failed has the name of a variable, or of its reading."""
    words = {variable, BY_PATH.get(variable, variable), variable.removesuffix("_usd"), variable.split("_over")[0]}
    return any(word in said for word in words)


@pytest.mark.parametrize("group", ["tails", "tails_by_trough"])
def test_paths_in_another_order_or_from_elsewhere_are_seen(group: str, right: Run) -> None:
    table = right.tree[group].to_dataset()
    for ids, sees in (
        (table["path_id"].roll(rank=1), f"`{group}`: paths that are not the worst, in order"),
        (table["path_id"] + PATHS, f"`{group}`: paths that are not those of the run"),
    ):
        broken = with_tables(right, **{group: table.assign(path_id=ids)})
        assert sees in {check.name for check in worst_lists("probe", problem(), broken) if not check.passed}


@pytest.mark.parametrize(
    ("variable", "sees"),
    [
        ("mean_loss", "mean_loss"),
        ("es", "es at 0.95"),
        ("trough_es", "trough_es at 0.95"),
        ("trough_var", "trough_var at 0.95"),
        ("drawdown_es", "drawdown_es at 0.95"),
        ("amplification", "amplification at 0.95"),
        ("added_loss", "added_loss at 0.95"),
        ("system_trough_es", "trough_es at 0.95"),
        ("trough_es_static", "trough_es_static at 0.95"),
        ("var_static", "var_static at 0.95"),
        ("expected_called_usd", "expected_called_usd"),
        ("prob_margin_call", "prob_margin_call"),
    ],
)
def test_an_error_half_as_large_is_seen(variable: str, sees: str, right: Run, compared: Compared, parts: Parts) -> None:
    table = right.tree["summary"].to_dataset()
    halved = with_tables(right, summary=table.assign({f"{variable}_se": table[f"{variable}_se"] / 2}))
    names = {check.name for check in recomputed("probe", problem(), halved) if not check.passed}
    assert names & {f"standard error of {sees} over {of}" for of in ("a bootstrap's", "s/sqrt(N)")}


# -- errors of the engine, which is run with them -------------------------------------------------------------------


@pytest.fixture
def _compiled_afresh() -> Iterator[None]:
    caches: tuple[Any, ...] = (block.quiet_block, block.sales_block, program._compiled)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def more_lost(right_sums: Any) -> Any:
    return lambda params, metrics, valid: right_sums(
        params, metrics._replace(broker_loss=metrics.broker_loss + 1e-7), valid
    )


def swapped(right_parts: Any) -> Any:
    """Cutting and selling in each other's place."""

    def wrong(*args: Any) -> Any:
        first, second, third, *rest = right_parts(*args)
        return [first, third, second, *rest]

    return wrong


def larger_mean(right_mean: Any) -> Any:
    def wrong(*args: Any) -> Any:
        mean, error = right_mean(*args)
        return mean * (1 + 1e-6), error

    return wrong


ENGINE: dict[str, tuple[str, str, Planted, str]] = {
    "exact sums": ("engine.block", "limbs", changed(0, lambda x: x * (1 + 1e-6)), "mean_loss"),
    "counts over shares": ("engine.block", "_over", changed(0, lambda x: x * 0.5), "prob_called_over_10pct"),
    "counts of calls": ("engine.block", "_count", lambda f: lambda x: f(x) // 2, "prob_margin_call"),
    "brokers": ("engine.block", "sales_sums", more_lost, "broker_loss_mean"),
    "bins": ("engine.block", "count_bins", changed(1, lambda x: x * 1.1), "histogram of loss: bins with another count"),
    "parts": ("engine.detail.program", "parts", swapped, "loss part: cutting, all"),
    "slices": ("engine.detail.tail", "slice_mean", larger_mean, "mean by step, worst_5pct: price"),
    "order of slices": (
        "engine.detail.tail",
        "slice_size",
        changed(0, lambda share: "1"),
        "mean by step, worst_5pct: price",
    ),
    "exposure": (
        "engine.detail.program",
        "exposure_sums",
        lambda f: lambda *a: tuple(x * 1.001 for x in f(*a)),
        "mean by step: exposure usd",
    ),
    "leverage": ("engine.detail.program", "leverage", times(1.05), "quantiles by step: gross leverage"),
    "system": (
        "kernels.path",
        "finish",
        field(trough=lambda x: jnp.concatenate([x[:-1], x[-1:] + 1e-9])),
        "by path: trough",
    ),
}

IN_EVERY_RUN_OF_THE_TESTS = ("brokers",)
CONTRADICTIONS = ("brokers", "bins", "counts of calls")  # with other totals of the run, which ends it


@pytest.mark.parametrize(
    "error", [e if e in IN_EVERY_RUN_OF_THE_TESTS else pytest.param(e, marks=pytest.mark.slow) for e in ENGINE]
)
@pytest.mark.usefixtures("_compiled_afresh")
def test_an_error_of_the_engine_is_seen(
    error: str, compared: Compared, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, attribute, plant, sees = ENGINE[error]
    put(monkeypatch, module, attribute, plant)
    if error in CONTRADICTIONS:
        with pytest.raises(InvariantFailed):
            run(problem(), 256, 1, "float64", DETAILED, replace(OPTIONS))
    else:
        assert sees in failed(run(problem(), 256, 1, "float64", DETAILED, replace(OPTIONS)), compared, parts)
