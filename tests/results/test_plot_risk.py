"""Figures of risk: what is drawn is what the dataset says, looked up by label."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from collected_example import collected
from drawn import bars, heights, row_names, whiskers
from plot_example import TREE, of, with_values
from stress.results import plot
from stress.results.dataset.tree import to_datatree
from stress.results.terminal.picture import loss_range

Z95 = 1.959963984540054
SUMMARY = TREE["summary"].to_dataset()
FIXED = to_datatree(collected(paths=1, detail=1, worst=1, model="none"))


@pytest.mark.parametrize("fund", ["zeta", "system"])
def test_distribution_holds_all_paths_between_its_ends_and_marks_var_and_es(fund: str) -> None:
    ax: Any = plot.distribution(TREE, fund)
    static, loss = ax.patches[:2]
    counts = TREE["distribution"].to_dataset().sel(fund=fund)
    low, high = loss_range(TREE, [fund], outside=0.0001)
    for patch, name in ((static, "loss_static"), (loss, "loss")):
        density, edges, baseline = patch.get_data()
        assert (edges[0], edges[-1]) == (low, high)
        inside = (100 * counts["bin_low"] >= low) & (100 * counts["bin_high"] <= high)
        expected = counts[name].where(inside, 0).sum() / counts[name].sum()
        drawn = np.where(density > baseline, density, 0.0) @ np.diff(edges)
        assert drawn == pytest.approx(expected.item(), abs=0.003)
    at: dict[str, Any] = {"level": 0.99} if fund == "system" else {"level": 0.99, "fund": fund}
    prefix = "system_" if fund == "system" else ""
    lines = {str(line.get_label())[:3].strip(): line.get_xdata()[0] for line in ax.lines}
    for name, label in (("var", "VaR"), ("es", "ES")):
        assert lines[label] == pytest.approx(100 * SUMMARY[prefix + name].sel(at).item())
    for band, name in zip(ax.patches[2:], ("var", "es"), strict=True):
        ends = [100 * SUMMARY[f"{prefix}{name}_ci_{end}"].sel(at).item() for end in ("low", "high")]
        extent = band.get_extents().transformed(ax.transData.inverted())
        np.testing.assert_allclose([extent.x0, extent.x1], ends, rtol=1e-9)


def test_one_loss_for_all_paths_is_seen() -> None:
    ax: Any = plot.distribution(FIXED)
    density, edges, baseline = ax.patches[1].get_data()
    full = density > baseline
    assert density[full] @ np.diff(edges)[full] == pytest.approx(1.0)
    assert (
        edges[:-1][full].min()
        <= 100 * of(FIXED, "summary", "system_es").sel(level=0.99).item()
        <= edges[1:][full].max()
    )


@pytest.mark.parametrize(("fund", "kind"), [("mid", "gross"), ("system", "net")])
def test_leverage_draws_the_quantiles(fund: str, kind: Any) -> None:
    ax: Any = plot.leverage(TREE, fund, kind)
    values = of(TREE, "timeline", f"{kind}_leverage").sel(fund=fund)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), values.sel(quantile=0.5).values)
    for band, low, high in zip(ax.collections, (0.01, 0.05, 0.25), (0.99, 0.95, 0.75), strict=True):
        for step in values["step"].values.tolist():
            ends = [values.sel(step=step, quantile=q).item() for q in (low, high)]
            np.testing.assert_allclose(heights(band, step), ends)


def test_infinite_leverage_runs_out_at_the_top() -> None:
    endless = with_values(TREE, "timeline", "gross_leverage", np.inf, fund="mid", step=3, quantile=0.99)
    ax: Any = plot.leverage(endless, "mid")
    top = ax.get_ylim()[1]
    assert heights(ax.collections[0], 3)[1] == top
    finite = of(endless, "timeline", "gross_leverage").sel(fund="mid").values
    assert top > finite[np.isfinite(finite)].max()
    assert "no equity left: step 3." in ax.get_xlabel()
    assert "equity" not in plot.leverage(TREE, "mid").get_xlabel()


@pytest.mark.parametrize(("fund", "level"), [("alpha", 0.99), ("system", 0.95), ("system", 0)])
def test_convergence_ends_at_the_estimate_and_its_interval(fund: str, level: float) -> None:
    ax: Any = plot.convergence(TREE, fund, level)
    at: dict[str, Any] = {"level": level} if fund == "system" else {"level": level, "fund": fund}
    prefix = "system_" if fund == "system" else ""
    estimate, error = (SUMMARY[f"{prefix}es{end}"].sel(at).item() for end in ("", "_se"))
    paths, values = (np.asarray(data) for data in ax.lines[0].get_data())
    assert (paths[-1], values[-1]) == (4000, pytest.approx(100 * estimate))
    marks = of(TREE, "diagnostics", "es" if level else "mean_loss").sel(fund=fund)
    marks = marks.sel(level=level) if level else marks
    np.testing.assert_allclose(values[:-1], 100 * marks.values)
    np.testing.assert_array_equal(paths[:-1], marks["checkpoint"].values)
    for count in (2000, 4000):
        reach = 100 * Z95 * error * np.sqrt(4000 / count)
        ends = [100 * estimate - reach, 100 * estimate + reach]
        np.testing.assert_allclose(heights(ax.collections[0], count), ends)


def test_convergence_of_one_path() -> None:
    ax: Any = plot.convergence(FIXED)
    assert ax.get_xscale() == "linear"
    assert ax.get_xticks().tolist() == [1]


def test_amplification_is_sorted_with_the_system_below() -> None:
    ax: Any = plot.amplification(TREE, 0.95)
    values = SUMMARY["amplification"].sel(level=0.95)
    names = row_names(ax)
    assert names == [*values["fund"].values[np.argsort(-values.values)].tolist(), "whole system"]
    dots = [line for line in ax.lines if line.get_marker() in ("o", "D")]
    drawn = np.concatenate([np.asarray(line.get_xdata()) for line in dots])
    expected = [*[values.sel(fund=name).item() for name in names[:-1]], SUMMARY["system_amplification"].sel(level=0.95)]
    np.testing.assert_allclose(drawn, np.array(expected, np.float64))
    ends = whiskers(ax)
    for name in names[:-1]:
        interval = [SUMMARY[f"amplification_ci_{end}"].sel(fund=name, level=0.95).item() for end in ("low", "high")]
        np.testing.assert_allclose(ends[name], interval)


def test_funds_without_a_ratio_are_named() -> None:
    ax: Any = plot.amplification(with_values(TREE, "summary", "amplification", np.nan, fund="mid", level=0.99))
    assert "mid" not in row_names(ax)
    figure = ax.get_figure(root=True)
    assert figure is not None
    assert "lose next to nothing: mid." in figure.get_supxlabel().replace("\n", " ")


def test_brokers_draw_their_expected_shortfall_and_mean() -> None:
    ax: Any = plot.brokers(TREE)
    expected = {str(b): SUMMARY["broker_loss_es"].sel(prime_broker=b, level=0.99).item() for b in ("pb_a", "pb_b")}
    scale = next(size for size, unit in ((1e9, "bn USD"), (1e6, "m USD")) if unit in ax.get_xlabel())
    assert {name: pytest.approx(scale * length) for name, length in bars(ax).items()} == expected
    (mean,) = [line for line in ax.lines if line.get_marker() == "D"]
    drawn = dict(zip(row_names(ax), np.asarray(mean.get_xdata()) * scale, strict=True))
    assert drawn == {b: pytest.approx(SUMMARY["broker_loss_mean"].sel(prime_broker=b).item()) for b in expected}
    said = {row_names(ax)[round(text.xy[1])]: text.get_text() for text in ax.texts}
    assert set(said) == set(expected)
    for broker, text in said.items():
        likely = 100 * SUMMARY["broker_loss_prob"].sel(prime_broker=broker).item()
        assert text.endswith(" % of paths")
        assert float(text.split()[0]) == pytest.approx(likely, abs=0.0051)
    for broker, ends in whiskers(ax).items():
        at = SUMMARY.sel(prime_broker=broker, level=0.99)
        assert [scale * end for end in ends] == pytest.approx(
            [at[f"broker_loss_es_ci_{end}"].item() for end in ("low", "high")]
        )


@pytest.mark.parametrize("by", ["fund", "asset"])
def test_contributions_sum_to_the_expected_shortfall_in_the_title(by: Any) -> None:
    ax: Any = plot.contributions(TREE, by, 0.95)
    name = "es_contribution" if by == "fund" else "es_contribution_by_asset"
    table = TREE["contributions"].to_dataset().sel(level=0.95)
    drawn = bars(ax)
    assert drawn == {str(one): pytest.approx(100 * table[name].sel({by: one}).item()) for one in table[by].values}
    whole = 100 * SUMMARY["system_es"].sel(level=0.95).item()
    assert sum(drawn.values()) == pytest.approx(whole, rel=1e-6)
    assert f"{whole:.2f} %" in ax.get_title(loc="left")
    for one, (low, high) in whiskers(ax).items():
        error = table[f"{name}_se"].sel({by: one}).item()
        assert (high - low) / 2 == pytest.approx(100 * Z95 * error)


def side_by_side(draw: Callable[..., Any]) -> list[Any]:
    """The figure in two axes of 5 inches that were given, laid out."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = list(figure.subplots(1, 2))
    for ax in axes:
        draw(ax=ax)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    return axes


def test_brokers_without_a_loss_fit_into_axes_that_are_given() -> None:
    tree = TREE
    for name in [str(name) for name in SUMMARY.data_vars if str(name).startswith("broker_loss")]:
        if name != "broker_loss_prob_ci_high":
            tree = with_values(tree, "summary", name, 0.0 * SUMMARY[name].values)
    axes = side_by_side(lambda ax: plot.brokers(tree, ax=ax))
    for ax in axes:
        assert ax.get_position().width > 0.38
        assert "None loses on any path" in ax.get_xlabel()
        box = ax.xaxis.label.get_window_extent()
        assert box.width < 1.1 * ax.get_window_extent().width


def test_the_legend_of_given_axes_stands_above_the_curves() -> None:
    for ax in side_by_side(lambda ax: plot.distribution(TREE, ax=ax)):
        legend = ax.get_legend().get_window_extent()
        highest = max(patch.get_data().values.max() for patch in ax.patches[:2])
        assert ax.transData.transform((0, highest))[1] < legend.y0


def test_one_large_ratio_does_not_squeeze_the_others() -> None:
    tree = TREE
    for suffix, value in {"": 40.0, "_ci_low": 39.0, "_ci_high": 41.0, "_se": 0.51}.items():
        tree = with_values(tree, "summary", f"amplification{suffix}", value, fund="mid", level=0.99)
    wide: Any = plot.amplification(tree)
    assert wide.get_xscale() == "log"
    assert wide.get_xlabel() == "ratio (log scale)"
    said = {text.get_text() for text in wide.texts}
    assert "40.00" in said  # two digits of the error
    places = wide.transAxes.inverted().transform(wide.transData.transform([[x, 0] for x in (1.0, 1.5)]))[:, 0]
    assert places[1] - places[0] > 0.05
    assert plot.amplification(TREE).get_xscale() == "linear"
