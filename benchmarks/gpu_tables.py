"""The report of `gpu_suite.py` as tables."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from stress.cli.console import console


def show(report: dict[str, Any]) -> None:
    """Print every part that has something, and what was left out."""
    screen = console()
    card = report.get("ledger", {}).get("device") or "no ledger"
    predicted = f"predicted a tile, {card}"
    checks = Table("check", "found", "allowed", "", title=f"agreement with the CPU: {report['machine']['device']}")
    for line in report["agreement"]:
        passed = "ok" if line["passed"] else "NO"
        found = "not a number" if line["found"] is None else f"{line['found']:.3g}"
        checks.add_row(line["check"], found, f"{line['allowed']:.3g}", passed)
    rates = Table("workload", "tile", "call", "M paths/s", f"predicted, {card}", "compiled in", title="rates")
    for line in [*report.get("rates", []), *report.get("tiles", [])]:
        rates.add_row(
            line["workload"],
            f"{line['tile']:,}",
            f"{line['paths_in_a_call']:,}",
            f"{line['paths_per_second'] / 1e6:.3f}",
            f"{line['predicted'] / 1e6:.1f}" if line["predicted"] else "",
            f"{line['seconds_to_compile']:.1f} s",
        )
    launches = Table("workload", "program", "tiles", "kernels", predicted, "busy", "slowest", title="launches")
    for line in report.get("profile", []):
        by_ledger = line["predicted_kernels_a_tile"]
        launches.add_row(
            line["workload"],
            line["program"],
            str(line["tiles"]),
            f"{line['kernels']:,}",
            f"{by_ledger:,.0f}" if by_ledger else "",
            f"{line['busy_share']:.0%}",
            line["slowest"][0]["kernel"] if line["slowest"] else "",
        )
    for table in (checks, rates, launches):
        if table.row_count:
            screen.print(table)
    for line in report.get("long_run", []):
        print(f"{line['workload']}: {line['paths_done']:,} paths in {line['seconds']:.1f} s", end="")
        first, rate = line["seconds_until_the_first_paths"], line["paths_per_second"]
        print(f", {first:.1f} s until the first ones" if first else "", f", then {rate:,.0f} a second" if rate else "")
    for line in report["left_out"]:
        print(f"left out: {line['part']}: {line['step']} ({line['why']})")
    for line in report["failed"]:
        print(f"failed: {line['part']}: {line['step']} ({line['error']})")
    if report["stopped"]:
        print(report["stopped"])
