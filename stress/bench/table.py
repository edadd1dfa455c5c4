"""The benchmark document as tables for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from stress.bench.suite import NUMBA, NUMPY, PROGRAMS


def tables(document: dict[str, Any]) -> Iterator[Table]:
    """Two tables for each workload: rates with ratios, and seconds by part."""
    for workload in document["workloads"]:
        yield rates_table(workload)
        yield seconds_table(workload)


def rates_table(workload: dict[str, Any]) -> Table:
    """Paths per second of every program and baseline, over the baselines and over the floor."""
    size = workload["size"]
    title = f"{workload['workload']}: {size['assets']} assets, {size['funds']} funds, {size['books']} books, "
    table = Table(title=f"{title}{size['steps']} steps")
    table.add_column("program")
    for heading in ("paths/s", "x NumPy", "x Numba", "of the floor"):
        table.add_column(heading, justify="right")
    for name, rate in workload["paths_per_second"].items():
        over = [workload["ratios"].get(f"{name} / {baseline}") for baseline in (NUMPY, NUMBA)]
        table.add_row(
            PROGRAMS.get(name, name),
            f"{rate:,.0f}",
            *("" if value is None else f"{value:.2f}" for value in over),
            f"{workload['share_of_floor'][name]:.0%}",
        )
    return table


def seconds_table(workload: dict[str, Any]) -> Table:
    """Where the time of a million paths goes; what takes less than the noise of a measurement may come out below 0."""
    table = Table(title=f"{workload['workload']}: seconds for a million paths")
    table.add_column("part")
    table.add_column("seconds", justify="right")
    for name, seconds in workload["seconds_per_million_paths"].items():
        table.add_row(name, f"{seconds:.3f}")
    table.add_row("once: compiling the block, without a cache", f"{workload['seconds_to_compile']:.2f}")
    return table
