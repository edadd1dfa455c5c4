"""The backtest as a person reads it: models side by side for all funds together, then exceptions by fund."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from stress.results.terminal.cells import add_label_column, add_number_columns, money_unit, named, percent, plain_table

if TYPE_CHECKING:
    from rich.table import Table

REFUSED = 0.05  # p-values below are marked


def horizons(tree: xr.DataTree) -> list[str]:
    """Groups that hold forecasts."""
    return [str(name) for name in tree.children if str(name).startswith("days_")]


def tables(tree: xr.DataTree) -> Iterator[Table]:
    """All tables, in the order they are read."""
    for name in horizons(tree):
        yield side_by_side(tree[name].to_dataset())
    for name in horizons(tree):
        if tree[name].sizes["fund"] > 1:
            yield by_fund(tree[name].to_dataset())
    for name in sorted(str(name) for name in tree.children if str(name).startswith("overlapping_")):
        yield by_blocks(tree[name].to_dataset())
    yield beyond(tree["tail"].to_dataset())
    if "attribution" in tree.children:
        yield mapped(tree["attribution"].to_dataset())


def side_by_side(found: xr.Dataset) -> Table:
    """A row a model, for the last fund: all funds together where there are several."""
    fund = str(found["fund"].values[-1])
    one, days = found.sel(fund=fund), found.sizes["day"]
    unit, factor = money_unit(one["mean_var"].values.ravel())
    shown = plain_table(f"{_horizon(found)}, {fund}: {days:,} forecasts, {_dates(found)}", gap=2)
    add_label_column(shown, "model")
    for level in found["level"].values:
        add_number_columns(shown, f"> {percent(level)}\n{days * (1 - level):.1f} due", f"VaR\n{unit}")
    add_number_columns(
        shown, "p of\nKupiec", "\nindep.", "\njoint", "zone", "Z2\nof ES", "\np", "PIT\nKS p", "\nBerk. p"
    )
    add_number_columns(shown, "score to\nthe best")
    top = one.isel(level=-1)
    best = float(top["quantile_score"].min())
    for model in found["model"].values:
        row, of_top = one.sel(model=model), top.sel(model=model)
        cells = []
        for level in found["level"].values:
            at = row.sel(level=level)
            cells += [f"{int(at['exceptions'])}", f"{float(at['mean_var']) * factor:,.3g}"]
        cells += [_p(of_top[name]) for name in ("kupiec_p", "independence_p", "conditional_coverage_p")]
        cells += [str(of_top["zone"].values), f"{float(row['z2']):.2f}", _p(row["z2_p"])]
        cells += [_p(row["ks_p"]), _p(row["berkowitz_p"]), f"{float(of_top['quantile_score']) / best:.3f}"]
        shown.add_row(named(str(model)), *cells)
    return shown


def by_fund(found: xr.Dataset) -> Table:
    """Exceptions at the highest level, a row a fund and a column a model."""
    top = found.isel(level=-1)
    level = float(top["level"])
    days = found.sizes["day"]
    title = f"{_horizon(found)}: losses above VaR {percent(level)}, {days * (1 - level):.1f} expected"
    shown = plain_table(title, gap=2)
    add_label_column(shown, "fund")
    add_number_columns(shown, *(str(model) for model in found["model"].values))
    for fund in found["fund"].values:
        row = top.sel(fund=fund)
        cells = [
            f"{int(one)}{'*' if p < REFUSED else ' '}"
            for one, p in zip(row["exceptions"].values, row["conditional_coverage_p"].values, strict=True)
        ]
        shown.add_row(named(str(fund)), *cells)
    return shown


def by_blocks(found: xr.Dataset) -> Table:
    """Coverage of forecasts that overlap, for the last fund."""
    fund, days = str(found["fund"].values[-1]), int(found.attrs["forecasts"])
    title = f"{found.attrs['horizon_days']} days, {fund}: {days:,} forecasts that overlap, p by blocks of "
    shown = plain_table(f"{title}{found.attrs['block_days']} days", gap=2)
    add_label_column(shown, "model")
    for level in found["level"].values:
        add_number_columns(shown, f"> {percent(level)}\n{days * (1 - level):.1f} due", "p")
    for model in found["model"].values:
        row = found.sel(model=model, fund=fund)
        cells: list[str] = []
        for level in found["level"].values:
            at = row.sel(level=level)
            cells += [f"{int(at['exceptions'])}", _p(at["coverage_p"])]
        shown.add_row(named(str(model)), *cells)
    return shown


def beyond(found: xr.Dataset) -> Table:
    """Tails of the book's own losses."""
    level = found.attrs["level"]
    unit, factor = money_unit(found["es"].values[np.isfinite(found["es"].values)])
    title = f"Beyond the data: generalised Pareto tail of one-day losses, {found.attrs['days']:,} days, {unit}"
    shown = plain_table(title, gap=2)
    add_label_column(shown, "fund")
    add_number_columns(shown, "threshold", "losses\nabove", "xi", "±", f"VaR\n{percent(level)}", "by threshold", "ES")
    for fund in found["fund"].values:
        row = {str(name): float(value) for name, value in found.sel(fund=fund).data_vars.items()}
        shown.add_row(
            named(str(fund)),
            f"{row['threshold'] * factor:,.3g}",
            f"{row['exceedances']:.0f}",
            f"{row['xi']:.2f}",
            f"{row['xi_se']:.2f}",
            f"{row['var'] * factor:,.3g}",
            f"{row['var_low'] * factor:,.3g} to {row['var_high'] * factor:,.3g}",
            f"{row['es'] * factor:,.3g}",
        )
    return shown


def mapped(found: xr.Dataset) -> Table:
    """The P&L attribution test."""
    shown = plain_table(f"P&L attribution of the mapping, last {found.attrs['days']} days", gap=2)
    add_label_column(shown, "fund")
    add_number_columns(shown, "Spearman", "KS", "zone")
    for fund in found["fund"].values:
        row = found.sel(fund=fund)
        shown.add_row(
            named(str(fund)), f"{float(row['spearman']):.3f}", f"{float(row['distance']):.3f}", str(row["zone"].values)
        )
    return shown


def notes(tree: xr.DataTree) -> list[str]:
    """What has to be known to read the tables."""
    first = tree[horizons(tree)[0]].attrs
    return [
        f"{tree.attrs['book']} on {tree.attrs['history']}: {tree.attrs['conventions']}. Models are fitted to "
        f"{first['window']} days every {first['refit']}; volatilities go on every day; {first['draws']:,} draws each.",
        f"p, zone and score are at the highest level; * below {REFUSED:g}, by fund of the joint test. Where a "
        "model is right, one p in twenty lies below.",
    ]


def document(tree: xr.DataTree) -> dict[str, Any]:
    """All numbers but those by day, for a program."""
    found: dict[str, Any] = {"attrs": {str(key): value for key, value in tree.attrs.items()}}
    for name, node in tree.children.items():
        dataset = node.to_dataset()
        small = [str(key) for key, value in dataset.data_vars.items() if "day" not in value.dims]
        found[str(name)] = {
            "attrs": {str(key): value for key, value in dataset.attrs.items()},
            **{str(key): value.values.tolist() for key, value in dataset.coords.items() if str(key) != "day"},
            **{key: {"dims": list(dataset[key].dims), "values": _plain(dataset[key].values.tolist())} for key in small},
        }
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _p(value: xr.DataArray) -> str:
    number = float(value)
    return "-" if np.isnan(number) else f"{number:.3f}{'*' if number < REFUSED else ' '}"


def _horizon(found: xr.Dataset) -> str:
    days = found.attrs["horizon_days"]
    return "One day" if days == 1 else f"{days} days, not overlapping"


def _dates(found: xr.Dataset) -> str:
    first, last = (np.datetime_as_string(found["day"].values[n], "D") for n in (0, -1))
    return f"{first} to {last}"
