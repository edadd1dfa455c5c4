"""The table, the JSON and the pictures that people and programs read."""

import dataclasses
import io
import json
import math

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from collected_example import FILE_ORDER, collected, distribution
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.simulation_output import Distribution, SimulationOutput
from stress.results.terminal.picture import BLOCKS, curve, loss_picture, loss_range
from stress.results.terminal.summary_table import RISK, notes, summary_json, summary_table

RUN = collected(paths=20_000)
TREE = to_datatree(RUN)


def text_of(tree: xr.DataTree, width: int = 100) -> str:
    screen = Console(file=io.StringIO(), width=width, color_system=None, markup=False, highlight=False)
    screen.print(summary_table(tree))
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def risk_of(tree: xr.DataTree, width: int = 100) -> str:
    """What stands below the first screen."""
    text = text_of(tree, width)
    return text[text.index(RISK) :]


def renamed(run: SimulationOutput, names: dict[str, str]) -> SimulationOutput:
    worst, by_trough = (
        {names.get(name, name): table for name, table in tables.items()} for tables in (run.worst, run.worst_by_trough)
    )
    groups, order = (tuple(names[name] for name in old) for old in (run.groups, run.groups_file_order))
    funds = dataclasses.replace(run.problem.funds, types=groups, ids=groups, types_file_order=order)
    problem = dataclasses.replace(run.problem, funds=funds)
    renamed = dataclasses.replace(run, problem=problem, groups=groups, groups_file_order=order)
    return dataclasses.replace(renamed, worst=worst, worst_by_trough=by_trough)


def test_table_has_funds_in_file_order_and_the_system_last() -> None:
    text = risk_of(TREE)
    places = [text.index(f" {name} ") for name in (*FILE_ORDER, "whole system")]
    assert places == sorted(places)
    lines = text.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert "…" not in text
    zeta = next(line for line in lines if line.startswith(" zeta"))
    summary = TREE["summary"].to_dataset().sel(fund="zeta", level=0.99)
    assert f"{100 * summary['es'].item():.1f}" in zeta.split()
    assert f"{summary['amplification'].item():.3f}" in zeta.split()


def test_error_stands_under_its_number() -> None:
    lines = risk_of(TREE).splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith(" alpha"))
    assert lines[row + 1].strip().startswith("100 bn USD")
    error = TREE["summary"]["called_nav_share_se"].sel(fund="alpha").item()
    assert f"±{100 * error:.2f}" in lines[row + 1]


def test_long_fund_names_still_fit() -> None:
    names = {name: f"{name}-long-short-technology" for name in RUN.groups}
    text = text_of(to_datatree(renamed(RUN, names)))
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "zeta-long-short" in text


def test_brokers_appear_when_one_of_them_loses() -> None:
    assert "prime brokers" in text_of(TREE)
    none = dataclasses.replace(RUN, broker_sums=np.zeros(2), broker_squares=np.zeros(2))
    assert "prime brokers" not in text_of(to_datatree(none))


def test_notes_name_what_was_cut_off_and_the_limits_of_the_model() -> None:
    text = "\n".join(notes(TREE))
    assert "3 paths reached the largest number of rounds" in text
    assert "no financing cost or dividends, no cross-impact" in text
    assert "clipped" not in text
    assert "day's depth" not in text
    beyond = to_datatree(collected(paths=2000, forced_flow_beyond_depth_share=0.034))
    assert "3.4 % of forced flow exceeds a day's depth" in "\n".join(notes(beyond))
    below = to_datatree(collected(paths=2000, forced_flow_beyond_depth_share=0.009))
    assert "day's depth" not in "\n".join(notes(below))


def test_missing_ratios_and_errors_are_said_not_hidden() -> None:
    few = to_datatree(collected(paths=80, detail=80))
    text = text_of(few)
    assert "±?" in text
    assert "too few paths" in text
    mirrored = {"fund_loss_static": [_negative(d) for d in RUN.loss_static]}
    gain = dataclasses.replace(RUN, distributions=RUN.distributions | mirrored)
    text = text_of(to_datatree(gain))
    assert "no ratio" in text


@pytest.mark.parametrize("name", ["var_se", "system_es_se", "added_loss_se", "broker_loss_es_se"])
def test_every_unknown_error_in_the_table_is_explained(name: str) -> None:
    tree = TREE.copy(deep=True)
    tree["summary"]["defaulted_nav_share_se"].loc[{}] = 0.001  # some funds default on a few paths
    assert "±?" not in text_of(tree)
    tree["summary"][name].loc[{"level": 0.99}] = np.inf
    assert "±?:" in "\n".join(notes(tree))
    assert text_of(tree).count("±?") > 1


def test_notes_say_what_called_means_and_that_the_correlation_was_repaired() -> None:
    plain = "\n".join(notes(TREE))
    assert "called, default: mean share of NAV; P of >10, >50 %: that more of the NAV" in plain
    assert "repaired" not in plain
    shocks = dataclasses.replace(RUN.problem.shocks, repair_distance=0.0012)
    repaired = dataclasses.replace(RUN, problem=dataclasses.replace(RUN.problem, shocks=shocks))
    assert "moved by 0.0012 (Frobenius norm)" in "\n".join(notes(to_datatree(repaired)))


def _negative(of: Distribution) -> Distribution:
    return distribution(np.full(RUN.paths, -0.1), np.sort(of.tail.path_ids))


def test_json_is_strict_and_complete() -> None:
    document = json.loads(json.dumps(summary_json(TREE), allow_nan=False))
    assert list(document["funds"]) == list(FILE_ORDER)
    expected = TREE["summary"]["es"].sel(fund="mid", level=0.999).item()
    assert document["funds"]["mid"]["es"]["0.999"] == expected
    assert document["funds"]["mid"]["var"]["0"] is None
    assert document["system"]["prob_margin_call"] == TREE["summary"]["system_prob_margin_call"].item()
    assert document["prime_brokers"]["pb_a"]["broker_loss_prob"] > 0
    assert document["diagnostics"]["paths_at_round_limit"] == 3
    assert document["paths"] == 20_000
    few = to_datatree(collected(paths=80, detail=80))
    assert summary_json(few)["funds"]["mid"]["es_se"]["0.999"] is None


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_terminal_picture_fits_and_shows_every_fund_beside_its_twin(width: int) -> None:
    picture = loss_picture(TREE, width)
    lines = picture.splitlines()
    assert max(map(len, lines)) <= width
    assert "\x1b" not in picture
    assert sum(line.startswith(" held still") for line in lines) == 4
    starts = [next(i for i, line in enumerate(lines) if line.startswith(name)) for name in (*FILE_ORDER, "whole")]
    assert starts == sorted(starts)
    assert all("█" in lines[i] or "█" in lines[i + 1] for i in starts)
    assert set("".join(lines[i][23:] for i in starts)) <= set(BLOCKS)


def test_curve_keeps_all_paths_and_their_place() -> None:
    edges = np.linspace(-300, 300, 601)
    shown = curve(TREE, "zeta", edges)
    assert shown.loss.sum() == pytest.approx(1.0)
    centre = 0.5 * (edges[:-1] + edges[1:])
    assert shown.loss @ centre == pytest.approx(100 * TREE["summary"]["mean_loss"].sel(fund="zeta").item(), abs=0.5)
    low, high = loss_range(TREE, ["zeta"], outside=0.01)
    assert RUN.stored is not None
    values = 100 * RUN.stored.metrics["fund_loss"][2]
    assert math.isclose(high, np.quantile(values, 0.99), rel_tol=0.02)
    assert low < np.quantile(values, 0.01) * 0.98


def test_pictures_of_a_run_without_a_draw() -> None:
    tree = to_datatree(collected(paths=1, detail=1, worst=1, model="none"))
    lines = loss_picture(tree, 80).splitlines()
    starts = [next(i for i, line in enumerate(lines) if line.startswith(name)) for name in (*FILE_ORDER, "whole")]
    assert all("█" in lines[i] + lines[i + 1] for i in starts)


@pytest.mark.parametrize("name", ["defaulted_nav_share_se", "system_called_nav_share_se"])
def test_a_share_without_an_error_is_explained(name: str) -> None:
    tree = TREE.copy(deep=True)
    tree["summary"]["defaulted_nav_share_se"].loc[{}] = 0.001
    assert "±?:" not in "\n".join(notes(tree))
    tree["summary"][name].loc[{}] = np.inf
    assert "±?:" in "\n".join(notes(tree))
