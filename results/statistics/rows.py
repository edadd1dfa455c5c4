"""Some rows of a simulation's output: the funds and the system, or the funds of a group and the group in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import PathTable, Sample, SimulationOutput, Slices, Table, Timeline

SYSTEM = "system"
BY_ROW = ("gross_leverage", "net_leverage", "fund_loss")  # of `Timeline.quantiles`
OF_ASSETS = ("price", "depth", "volatility", "forced_flow_usd")  # of `Timeline.means`


def with_groups(output: SimulationOutput) -> SimulationOutput:
    """The output of a run whose rows are funds, groups and the system: without the groups, and each group apart."""
    problem, funds = output.problem, len(output.groups)
    kind = {member: problem.funds.types[t] for member, t in zip(problem.funds.ids, problem.funds.type_of, strict=True)}
    kind |= {name: name for name in problem.funds.types}
    last, found = len(output.group_nav) - 1, {}
    for row, (name, types) in enumerate(problem.fund_groups.items(), start=funds):
        chosen = [n for n, fund in enumerate(output.groups) if kind[fund] in types]
        found[name] = of_rows(output, [*chosen, row], name)
        found[name] = replace(found[name], timeline=replace(found[name].timeline, slices=None))  # by the system's loss
    return replace(of_rows(output, [*range(funds), last], SYSTEM), of_groups=found)


def of_rows(output: SimulationOutput, rows: Sequence[int], whole: str) -> SimulationOutput:
    """Some rows, the last of which is called the system; `whole` is its name among the worst paths."""
    chosen, funds = np.array(rows), len(output.groups)
    groups = tuple(output.groups[row] for row in rows[:-1])

    def picked(values: Any, axis: int = 0) -> Any:
        return np.take(np.asarray(values), chosen, axis)

    def worst(tables: dict[str, PathTable]) -> dict[str, PathTable]:
        named = {name: tables[name] for name in groups} | {SYSTEM: tables[whole]} if tables else {}
        return {name: of_paths(table, chosen) for name, table in named.items()}

    marks = {name: values if name == "paths" else picked(values, 1) for name, values in output.checkpoints.items()}
    return replace(
        output,
        groups=groups,
        groups_file_order=tuple(name for name in output.groups_file_order if name in groups),
        group_nav=picked(output.group_nav),
        distributions={name: [every[row] for row in rows] for name, every in output.distributions.items()},
        sums={name: picked(values) for name, values in output.sums.items()},
        squares={name: picked(values) for name, values in output.squares.items()},
        cross=picked(output.cross),
        counts={
            name: counts if name == "broker_loss" else picked(counts, -1) for name, counts in output.counts.items()
        },
        checkpoints=marks,
        sample=_sample(output.sample, chosen),
        timeline=_timeline(output.timeline, chosen, funds),
        worst=worst(output.worst),
        worst_by_trough=worst(output.worst_by_trough),
        stored=None if output.stored is None else of_paths(output.stored, chosen),
    )


def of_paths(table: PathTable, rows: Any) -> PathTable:
    """Metrics of paths of some rows."""
    return replace(
        table,
        metrics={name: values[rows] for name, values in table.metrics.items()},
        first_call_step=table.first_call_step[rows],
        defaulted=table.defaulted[rows],
    )


def _sample(sample: Sample, rows: Any) -> Sample:
    return replace(
        sample,
        fund_loss=sample.fund_loss[rows],
        fund_loss_static=sample.fund_loss_static[rows],
        attribution={name: values[rows] for name, values in sample.attribution.items()},
        parts={name: values[rows] for name, values in sample.parts.items()},
        shared=None if sample.shared is None else of_paths(sample.shared, rows),
    )


def _timeline(line: Timeline, rows: Any, funds: int) -> Timeline:
    def histogram(every: FloatHistogram) -> FloatHistogram:
        return replace(every, counts=every.counts[:, rows].copy())

    def table(one: Table) -> Table:
        if "fund" not in one.dims:
            return one
        axis = one.dims.index("fund")
        mine = rows[:-1] if one.mean.shape[axis] == funds else rows  # without the system
        return one._replace(mean=np.take(one.mean, mine, axis), error=np.take(one.error, mine, axis))

    def both(pair: Any, mine: Any) -> Any:
        return tuple(values[:, mine] for values in pair)

    slices = line.slices
    if slices is not None:
        slices = Slices(slices.names, slices.paths, {name: table(one) for name, one in slices.tables.items()})
    return replace(
        line,
        quantiles={name: histogram(one) if name in BY_ROW else one for name, one in line.quantiles.items()},
        means={name: pair if name in OF_ASSETS else both(pair, rows) for name, pair in line.means.items()},
        flow_by_fund=both(line.flow_by_fund, rows[:-1]),
        tables={name: table(one) for name, one in line.tables.items()},
        slices=slices,
    )
