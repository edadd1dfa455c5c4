"""`levstress doctor`: what this machine offers, and what is missing."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stress.cli.console import print_json
from stress.cli.exits import ends_with_exit_code
from stress.cli.quantities import format_size

LEDGER = {
    "fresh": "fresh: docs/performance.md predicts these kernels",
    "stale": "stale: docs/performance.md predicts earlier kernels (in a checkout: benchmarks/gpu_compile.py --write)",
    "absent": "absent",
    "damaged": "damaged: it cannot be read",
}


@ends_with_exit_code
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Say what this machine offers: versions, devices, memory, disk, compile cache, and what a GPU would need.

    \b
    Examples:
      levstress doctor
      levstress doctor --json > doctor.json
    """
    from stress.cli.machine import describe_machine

    facts = describe_machine()
    if json:
        print_json(facts)
    else:
        print("\n".join(_lines(facts)))


def _lines(facts: dict[str, Any]) -> list[str]:
    cpu, memory, disk, cache = facts["cpu"], facts["memory"], facts["disk"], facts["compile_cache"]
    versions = ", ".join(f"{name} {version or 'absent'}" for name, version in facts["versions"].items())
    state = f"mode {cache['mode']}, {format_size(cache['bytes'])}" if cache["exists"] else "made at the first run"
    rows = {
        "versions": versions,
        "python": f"{facts['python']} on {facts['platform']}",
        "cpu": f"{cpu['model'] or 'unknown'}, {cpu['cores_usable']} usable cores",
        "cpu features": " ".join(cpu["features"]) or "none of those that matter here",
        "cpu compiler": _compiler(cpu["passes_on"]),
        "memory": f"{_size(memory['available_bytes'])} free of {_size(memory['total_bytes'])}",
        "disk": f"{_size(disk['free_bytes'])} free in {disk['folder']}",
        "compile cache": f"{cache['folder']} ({state})",
        "devices": ", ".join(facts["devices"]) or "none",
        "nvidia driver": facts["gpu"]["driver"] or "not found",
        "cuda plugin": facts["gpu"]["plugin"] or "not installed",
        "gpu ledger": LEDGER[facts["gpu"]["ledger"]],
    }
    lines = [f"{name + ':':<16}{value}" for name, value in rows.items()]
    missing = facts["missing"]
    return [*lines, "", *(f"missing: {text}" for text in missing)] if missing else [*lines, "", "nothing is missing"]


def _compiler(passes_on: list[str] | None) -> str:
    if passes_on is None:
        return "unknown: JAX does not start"
    return "passes that cost time are on" if passes_on else "heeds what is to be worked out once"


def _size(number: int | None) -> str:
    return "unknown" if number is None else format_size(number)
