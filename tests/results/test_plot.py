"""What holds for every figure: axes, labels before positions, hostile names, sizes, files, the missing extra."""

from __future__ import annotations

import functools
import inspect
import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.dom import minidom

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from plot_example import EVERY, FUND_DIMS, TREE, changed, renamed, reordered, widened, with_values
from stress.results import plot
from stress.results.plot.drawing.sheet import Sheet
from stress.results.plot.style import save

NAMES = pytest.mark.parametrize("name", list(EVERY))
HOSTILE = [
    "$\\frac{a}{b}$",
    "<script>alert('&\"')</script>",
    "_hidden",
    "tab\there\nline\x00",
    "x" * 300,
    "基金 🚀",
    "%s {0} \\",
]


def texts(svg: str) -> list[str]:
    """Every text that is drawn."""
    document = minidom.parseString(svg)
    return ["".join(_data(node)) for node in document.getElementsByTagName("text")]


def drawn_texts(ax: Any) -> str:
    """All texts of a figure, joined."""
    return " ".join(texts(plot.svg(ax, "a-", "a figure")))


def _data(node: Any) -> list[str]:
    return [part for child in node.childNodes for part in ([child.data] if child.nodeType == 3 else _data(child))]


@NAMES
def test_axes_in_are_axes_out_and_axes_made_belong_to_no_window(name: str) -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    before = dict(mpl.rcParams)
    assert EVERY[name](TREE, ax=right) is right
    assert not left.has_data()
    assert left.get_legend() is None
    made = EVERY[name](TREE)
    assert made.get_figure().axes == [made]
    assert dict(mpl.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []
    figure.savefig(io.BytesIO())


@NAMES
def test_order_of_funds_and_assets_changes_no_figure(name: str) -> None:
    drawn = plot.svg(EVERY[name](TREE), "a-", "a figure")
    assert plot.svg(EVERY[name](reordered(TREE, 1)), "a-", "a figure") == drawn


@pytest.mark.parametrize("name", ["timeline", "contributions by asset", "sales by region", "heatmap"])
def test_nor_where_many_are_summed_up_as_others(name: str) -> None:
    many = widened(17, 43)
    drawn = plot.svg(EVERY[name](many), "a-", "a figure")
    assert plot.svg(EVERY[name](reordered(many, 3)), "a-", "a figure") == drawn


def test_another_result_is_another_figure() -> None:
    dearer = with_values(TREE, "timeline", "called_usd", 3e9, fund="mid", step=2)
    assert plot.svg(plot.timeline(dearer), "a-", "a figure") != plot.svg(plot.timeline(TREE), "a-", "a figure")


@NAMES
def test_names_are_drawn_as_they_are(name: str) -> None:
    pool = iter(HOSTILE * 10)
    given: dict[str, str] = {}

    def hostile(label: str) -> str:
        return given.setdefault(label, next(pool) + label)

    tree = renamed(TREE, [*FUND_DIMS, "asset", "prime_broker"], hostile)
    tree.attrs["title"] = HOSTILE[0]
    svg = plot.svg(EVERY[name](tree), "a-", HOSTILE[1])
    assert "<script" not in svg
    assert "\x00" not in svg
    shown = texts(svg)
    assert all(len(text) < 80 for text in shown)
    if any(label in name for label in ("heatmap of calls", "crowding", "amplification")):
        assert any("$\\frac{a}{b}$" in text for text in shown)
        assert any("_hidden" in text for text in shown)
        assert any("…" in text for text in shown)


@pytest.mark.parametrize(("funds", "assets"), [(1, 1), (60, 100)])
@NAMES
def test_one_and_very_many(name: str, funds: int, assets: int) -> None:
    ax = EVERY[name](widened(funds, assets))
    width, height = ax.get_figure().get_size_inches()
    assert width < 5
    assert height < 10
    ax.get_figure().draw_without_rendering()
    if funds == 60 and name not in (
        "distribution",
        "leverage",
        "attribution",
        "attribution by cause",
        "convergence",
        "brokers",
        "sales by region",
    ):
        assert re.search(r"\d+\s+(more\s+(fund|asset|fund type)s\s+not shown|others)", drawn_texts(ax))


@functools.cache
def odd() -> xr.DataTree:
    """NaN and infinite values in places where a run can leave them, and in others."""
    tree = TREE
    places: list[tuple[str, str, float, dict[str, Any]]] = [
        ("timeline", "called_usd", np.nan, {"fund": "mid", "step": 2}),
        ("timeline", "called_usd", np.inf, {"fund": "alpha", "step": 3}),
        ("timeline", "fund_loss", np.nan, {"fund": "mid", "step": 2}),
        ("timeline", "fund_loss_se", np.inf, {"fund": "zeta", "step": 1}),
        ("timeline", "price_mean", np.inf, {"asset": "semis", "step": 2}),
        ("timeline", "gross_leverage", np.inf, {"fund": "system", "step": 2, "quantile": 0.99}),
        ("timeline", "gross_leverage", np.nan, {"fund": "system", "step": 3}),
        ("timeline", "forced_flow_usd", -np.inf, {"asset": "semis", "step": 2}),
        ("timeline", "forced_flow_usd_se", np.nan, {"asset": "bonds", "step": 1}),
        ("attribution", "contribution", np.nan, {"fund": "system", "component": "rebound", "slice": "all"}),
        ("attribution", "contribution_se", np.inf, {"fund": "system", "component": "own_impact", "slice": "all"}),
        ("start", "overlap", np.nan, {"fund_type": "mid", "with_type": "zeta"}),
        ("start", "liquidity_overlap_usd", np.inf, {"fund_type": "mid", "with_type": "zeta"}),
        ("diagnostics", "es", np.nan, {"fund": "system", "level": 0.99, "checkpoint": 2000}),
        ("summary", "system_es_se", np.inf, {"level": 0.99}),
        ("summary", "system_es_ci_high", np.inf, {"level": 0.99}),
        ("summary", "amplification", np.nan, {"fund": "mid", "level": 0.99}),
        ("summary", "amplification_ci_high", np.inf, {"fund": "zeta", "level": 0.99}),
        ("summary", "broker_loss_es", np.nan, {"prime_broker": "pb_a", "level": 0.99}),
        ("summary", "broker_loss_es_ci_high", np.inf, {"prime_broker": "pb_b", "level": 0.99}),
        ("contributions", "es_contribution", np.nan, {"fund": "mid", "level": 0.99}),
        ("contributions", "es_contribution_by_asset_se", np.inf, {"asset": "semis", "level": 0.99}),
    ]
    for group, variable, value, at in places:
        tree = with_values(tree, group, variable, value, **at)
    return tree


@pytest.mark.filterwarnings("error")
@NAMES
def test_values_that_are_no_numbers_are_left_out_without_a_warning(name: str) -> None:
    drawn = plot.svg(EVERY[name](odd()), "a-", "a figure")
    assert "nan" not in drawn
    assert not re.search(r"-?\binf\b", drawn)


def test_what_is_unknown_is_said() -> None:
    assert "(no interval: too few paths)" in drawn_texts(plot.distribution(odd()))
    assert "Off the top, no equity left: step 2." in drawn_texts(plot.leverage(odd()))
    assert "No band: too few paths for a standard error." in drawn_texts(plot.convergence(odd()))
    assert "lose next to nothing: mid." in drawn_texts(plot.amplification(odd()))


def test_svg_is_the_same_each_time_and_its_ids_are_its_own() -> None:
    one, again = (plot.svg(plot.sales(TREE), "sales-", 'flows, "signed" & <net>') for _ in range(2))
    assert one == again
    document = minidom.parseString(one)
    root = document.documentElement
    assert root is not None
    assert (root.getAttribute("role"), root.getAttribute("aria-label")) == ("img", 'flows, "signed" & <net>')
    assert root.hasAttribute("viewBox")
    assert not root.hasAttribute("width")
    ids = [node.getAttribute("id") for node in document.getElementsByTagName("*") if node.hasAttribute("id")]
    assert len(ids) == len(set(ids)) > 10
    assert all(text.startswith("sales-") for text in ids)
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', one))
    assert used
    assert used <= set(ids)
    assert not re.search(r"<metadata|<!DOCTYPE|<\?xml|https?://(?!www\.w3\.org)", one)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_figures_are_saved(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"losses.{suffix}"
    save(plot.distributions(TREE), path)
    content = path.read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix])
    if suffix == "svg":
        save(plot.distributions(TREE), path)
        assert path.read_bytes() == content
        assert all(f">{name}: ES" in content.decode() for name in ("zeta", "alpha", "mid", "whole system"))


def test_a_notebook_shows_the_figure() -> None:
    figure = plot.amplification(TREE).get_figure(root=True)
    assert isinstance(figure, Sheet)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_the_accessor_has_every_figure_with_its_arguments() -> None:
    figures = [name for name in plot.__all__ if name not in ("svg", "distributions", "story")]
    for name in figures:
        method = getattr(TREE.stress.plot, name)
        signature = inspect.signature(getattr(plot, name))
        assert list(inspect.signature(method).parameters) == list(signature.parameters)[1:]
        assert signature.parameters["ax"].default is None
        assert method.__doc__
    assert plot.svg(TREE.stress.plot.leverage("mid", kind="net"), "", "") == plot.svg(
        plot.leverage(TREE, "mid", "net"), "", ""
    )


@NAMES
def test_without_matplotlib_there_is_a_hint(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'levstress\[report\]'"):
        EVERY[name](TREE)


def test_figures_are_named_without_importing_matplotlib() -> None:
    program = "import sys, stress.results.plot.accessor; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda plots: plots.distribution("nobody"), r"no fund 'nobody'; there are alpha, mid, system, zeta"),
        (lambda plots: plots.leverage(kind="both"), r"no leverage 'both'; there are gross, net"),
        (lambda plots: plots.leverage("nobody"), r"no fund 'nobody'"),
        (lambda plots: plots.timeline("gross_leverage"), r"is by step, quantile, fund; .* called_usd, "),
        (lambda plots: plots.timeline("nothing"), r"'nothing' is not in the result; .* called_usd, "),
        (lambda plots: plots.attribution(slice="worst"), r"no slice 'worst'; there are all, worst_0.1pct"),
        (lambda plots: plots.sales("fund"), r"no sales by 'fund'; there are asset, region"),
        (lambda plots: plots.convergence(level=0.42), r"no level 0.42; there are 0.95, 0.99, 0.999"),
        (lambda plots: plots.amplification(0.42), r"no level 0.42"),
        (lambda plots: plots.contributions("step"), r"no contributions by 'step'; there are fund, asset"),
        (lambda plots: plots.contributions(level=0.0), r"no level 0.0; there are 0.95"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(draw: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(TREE.stress.plot)


def test_results_that_lack_a_group_or_a_coordinate() -> None:
    bare = TREE.copy()
    del bare["contributions"]
    with pytest.raises(ValueError, match="no group 'contributions'; there are attribution"):
        plot.contributions(bare)
    placeless = changed(TREE, lambda dataset: dataset.drop_vars("asset_region", errors="ignore"))
    with pytest.raises(ValueError, match="no coordinate 'asset_region'"):
        plot.sales(placeless, "region")
    assert plot.heatmap(placeless).has_data()
    brokerless = changed(TREE, lambda dataset: dataset.drop_dims("prime_broker", errors="ignore"))
    with pytest.raises(ValueError, match="no prime brokers"):
        plot.brokers(brokerless)


def test_funds_that_share_a_shortened_name_keep_their_own_bars() -> None:
    tree = renamed(TREE, [*FUND_DIMS], lambda name: "long-short-" * 2 + name + "-technology-fund")
    places = plot.amplification(tree).get_yticks()
    assert len(places) == 4
    bars = plot.timeline(tree).containers
    assert len([bar for bar in bars if hasattr(bar, "patches")]) == 3
