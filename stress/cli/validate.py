"""`levstress validate`: published models on their own numbers and on the user's."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stress.cli import options as common
from stress.cli.console import SECONDS_BETWEEN_LINES, console, print_json, say
from stress.cli.exits import MISMATCH, ends_with_exit_code

if TYPE_CHECKING:
    import xarray as xr

    from stress.engine.devices import Devices
    from stress.published.inputs import Inputs
    from stress.published.model import Model

SUFFIXES = (".nc", ".zarr")


@ends_with_exit_code
def validate(
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="oxford, cont-schaanning, glt, breuer or liquidity-spiral; none = list them.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="Inputs: a .csv with a row for each bank, or a .toml."),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one input, as impact=0.02; may be repeated."),
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", metavar="KEY=LOW:HIGH:COUNT", help="Run a grid of an input; once or twice."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the grid as a dataset: .nc or .zarr.")
    ] = None,
    list_models: Annotated[
        bool, typer.Option("--list", help="List the models with sources, inputs, defaults.")
    ] = False,
    overwrite: common.Overwrite = False,
    device: common.Device = "cpu",
    devices: common.Devices = None,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Run a published fire-sale model, in float64, and compare its outputs with the published ones.

    With the published inputs every output is compared; exit 9 when one differs by more than its printed digits. With
    other inputs the outputs are printed. `oxford` needs --data, as its balance sheets are not part of this package.

    \b
    Examples:
      levstress validate
      levstress validate --model cont-schaanning
      levstress validate --model breuer --set leverage_limit=40 --json
      levstress validate --model oxford --data eba_2018.csv --set impact=0.02
      levstress validate --model oxford --data eba_2018.csv --grid shock=0:0.3:1000 --grid impact=0:0.08:500
    """
    if out is not None and not grid:
        raise typer.BadParameter("--out writes a grid: give --grid too")
    if model is None and (data is not None or assignments or grid):
        raise typer.BadParameter("--data, --set and --grid need --model")
    if out is not None:
        _check_out(out, overwrite)
    from stress.engine.devices import set_up

    found = set_up(device, devices)
    from stress.published.registry import MODELS, find_model

    if model is None or list_models:
        _list([find_model(model)] if model is not None else list(MODELS.values()), json)
        return
    from stress.published.inputs import read_inputs

    chosen = find_model(model)
    inputs = read_inputs(chosen, data, assignments or ())
    if grid:
        _grid(chosen, inputs, grid, found, out, json, quiet)
    else:
        _point(chosen, inputs, json, quiet)


def _list(models: list[Model], json: bool) -> None:
    from stress.published.report import model_document, models_table

    if json:
        print_json({"models": [model_document(x) for x in models]})
        return
    screen = console()
    for table in models_table(models):
        screen.print(table)


def _point(model: Model, inputs: Inputs, json: bool, quiet: bool) -> None:
    from stress.published.report import compared_table, result_document, result_tables
    from stress.published.solve import compare, solve

    outputs = solve(model, inputs)
    compared = compare(model, inputs, outputs)
    if json:
        print_json(result_document(model, inputs, outputs, compared))
    else:
        screen = console()
        for table in result_tables(model, inputs, outputs):
            screen.print(table)
        if compared:
            screen.print(compared_table(compared))
        for note in model.notes(outputs):
            print(note)
    wrong = [x.name for x in compared if not x.agrees]
    if wrong:
        say(f"levstress: {model.name} does not agree with what is published: {', '.join(wrong)}")
        raise typer.Exit(MISMATCH)
    if not compared:
        say("nothing is published for these inputs: not compared", quiet)


def _grid(
    model: Model, inputs: Inputs, texts: list[str], devices: Devices, out: Path | None, json: bool, quiet: bool
) -> None:
    from stress.published.grid import counted_points, parse_axis, run_grid, to_dataset
    from stress.published.report import grid_document, grid_table

    axes = tuple(parse_axis(model, inputs, text) for text in texts)
    result = run_grid(model, inputs, axes, devices, _lines(quiet))
    if out is not None:
        _write(to_dataset(model, inputs, result), out)
        say(f"wrote {out}", quiet)
    if json:
        print_json(grid_document(model, inputs, result, None if out is None else str(out)))
        return
    console().print(grid_table(model, inputs, result))
    say(f"{counted_points(result.points)} in {result.seconds:.1f} s on {devices.describe()}", quiet)


def _lines(quiet: bool) -> Callable[[int, int], None]:
    """A line now and then on how far a grid is."""
    from stress.published.grid import counted_points

    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if done < total and time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            say(f"{done:,} of {counted_points(total)}", quiet)

    return tell


def _check_out(out: Path, overwrite: bool) -> None:
    if out.suffix not in SUFFIXES:
        raise typer.BadParameter(f"--out {out}: the name has to end with {' or '.join(SUFFIXES)}")
    if out.exists() and not overwrite:
        raise FileExistsError(f"{out} is there already; --overwrite replaces it")
    if out.exists() and out.is_dir() != (out.suffix == ".zarr"):
        raise FileExistsError(f"{out} is not a dataset of that kind, and is left alone")
    from stress.run_directory.writing import check_writable

    check_writable(out.parent)


def _write(dataset: xr.Dataset, out: Path) -> None:
    from stress.run_directory.writing import writing

    out.parent.mkdir(parents=True, exist_ok=True)
    with writing(out.parent):
        if out.suffix == ".nc":
            dataset.to_netcdf(out, engine="scipy", format="NETCDF3_64BIT")
        else:
            dataset.to_zarr(out, mode="w", consolidated=False)
