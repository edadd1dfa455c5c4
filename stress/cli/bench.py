"""`levstress bench`: how fast this machine is, in parts, and against the same work by other means."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json, say
from stress.cli.exits import ends_with_exit_code


@ends_with_exit_code
def bench(
    workload: Annotated[
        list[str] | None,
        typer.Option(
            "--workload",
            metavar="NAME",
            help="desk-calm, desk, tariff-2025, ai-unwind-2026, street, another scenario of the library or a file; may "
            "be repeated. Default: these five.",
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.01, max=3_600.0, metavar="S", help="Length of a measurement.")
    ] = 2.0,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=1000, metavar="K", help="Turns of each program.")] = 3,
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Also measure blocked NumPy and parallel Numba.")
    ] = True,
    overrides: common.Set = None,
    device: common.Device = "auto",
    devices: common.Devices = None,
    precision: common.Precision = "float32",
    tile: common.Tile = None,
    block_size: common.BlockSize = None,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Measure the simulation in parts, next to NumPy and Numba doing the same work, all in turn in one run.

    \b
    Examples:
      levstress bench
      levstress bench --workload desk --seconds 5 --rounds 5
      levstress bench --workload tariff-2025 --tile 256 --no-baselines
      levstress bench --no-baselines --json > bench.json
    """
    from stress.bench.suite import WORKLOADS, BenchOptions, load_workload, run_suite

    # Paths without end: the block size is that of a long run.
    run = common.run_options(
        paths=2**62, device=device, devices=devices, precision=precision, tile=tile, block_size=block_size
    )
    problems = [load_workload(name, overrides or ()) for name in workload or WORKLOADS]
    document = run_suite(problems, BenchOptions(seconds, rounds, baselines, run), lambda text: say(text, quiet))
    if json:
        print_json(document)
        return
    from stress.bench.table import tables

    screen = console()
    for table in tables(document):
        screen.print(table)
    for measured in document["workloads"]:
        for note in measured["notes"]:
            print(note)
    print(_circumstances(document))


def _circumstances(document: dict[str, Any]) -> str:
    machine, load = document["machine"], document["load_average"]
    text = f"{machine['cpu']}, {machine['cores']} cores; {machine['device']}"
    if load["before"] is None:
        return text
    busy = load["before"][0]
    return f"{text}; load average before the run {busy:.1f}" + (
        " (others were computing: trust ratios, not rates)" if busy > 0.5 * machine["cores"] else ""
    )
