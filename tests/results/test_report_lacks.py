"""Reports of results that lack something, or in which nothing is random or nothing happens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import xarray as xr

from collected_example import collected
from plot_example import TREE, changed
from report_example import BUILDERS, GROUPS, SPEC, the_page
from report_page import check_form, every, said, section, table, without
from stress.results.dataset.tree import to_datatree
from stress.results.report import report_html
from stress.results.report.elements import Section, Text
from stress.results.report.sections.calls import calls
from stress.results.report.sections.crowd import brokers
from stress.results.report.sections.sales import sales


@pytest.mark.parametrize(("group", "build"), BUILDERS)
def test_what_a_result_does_not_have_is_said(group: str, build: Callable[[xr.DataTree], Section]) -> None:
    (only,) = build(without(TREE, group)).blocks
    assert isinstance(only, Text)
    assert only.text.startswith("This result")


def test_a_result_with_nothing_but_its_summary_has_a_report() -> None:
    page = report_html(without(TREE, *GROUPS))
    check_form(page)
    assert table(section(page, "headline"), "Losses in %") == table(section(the_page(), "headline"), "Losses in %")
    assert "no spec.json" in said(section(page, "assumptions"))


def test_variables_of_newer_results_may_be_missing() -> None:
    def older(dataset: xr.Dataset) -> xr.Dataset:
        names = ("forced_flow_by_fund_usd", "forced_flow_by_fund_usd_se", "asset_region")
        return dataset.drop_vars([name for name in names if name in dataset])

    texts = " ".join(block.text for block in sales(changed(TREE, older)).blocks if isinstance(block, Text))
    assert "does not say which fund sells which asset" in texts
    assert "does not say which region" in texts


def test_a_run_without_a_draw_is_one_path() -> None:
    page = report_html(to_datatree(collected(model="none", paths=1000)), SPEC)
    check_form(page)
    assert "Nothing is drawn at random" in said(section(page, "headline"))
    assert "worst 1 %" not in said(section(page, "headline"))
    assert list(table(section(page, "worst"), "The whole system's worst")) == ["1"]
    assert "±" not in "".join(said(section(page, name)) for name in ("headline", "losses", "amplification", "brokers"))
    for name in ("losses", "leverage", "convergence"):
        assert not list(every(section(page, name), "svg"))
    assert "the worst" not in said(section(page, "attribution"))


def test_a_run_in_which_nobody_is_called_has_a_sentence_and_no_empty_pictures() -> None:
    def uncalled(dataset: xr.Dataset) -> xr.Dataset:
        return dataset.assign({name: 0 * dataset[name] for name in ("called_usd",) if name in dataset})

    (only,) = calls(changed(TREE, uncalled)).blocks
    assert only == Text("No margin is called on any path.")


def test_funds_without_brokers_or_without_losses_of_them() -> None:
    def no_brokers(dataset: xr.Dataset) -> xr.Dataset:
        return dataset.drop_dims("prime_broker") if "prime_broker" in dataset.dims else dataset

    (none,) = brokers(changed(TREE, no_brokers)).blocks
    assert "no prime brokers" in none.text  # type: ignore[union-attr]

    def no_losses(dataset: xr.Dataset) -> xr.Dataset:
        return dataset.assign({n: 0 * v for n, v in dataset.data_vars.items() if str(n).startswith("broker_loss")})

    (nothing,) = brokers(changed(TREE, no_losses)).blocks
    assert "No prime broker loses" in nothing.text  # type: ignore[union-attr]
    assert f"below {100 * 3 / int(TREE.attrs['paths']):.2g} %" in nothing.text  # type: ignore[union-attr]
