"""`levstress validate`: a scenario against the reference; published models on their own numbers and on the user's."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stress.cli import options as common
from stress.cli.console import SECONDS_BETWEEN_LINES, console, print_json, say
from stress.cli.exits import MISMATCH, ends_with_exit_code
from stress.cli.quantities import parse_positive

if TYPE_CHECKING:
    import xarray as xr

    from stress.engine.devices import Devices
    from stress.options import RunOptions
    from stress.published.inputs import Inputs
    from stress.published.model import Model
    from stress.scenarios.schema.scenario import Scenario

PUBLISHED = (
    "oxford",
    "cont-schaanning",
    "glt",
    "breuer",
    "liquidity-spiral",
    "option-books",
)  # as in `published.registry`
SUFFIXES = (".nc", ".zarr")


@ends_with_exit_code
def validate(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="A scenario file (.toml) or the name of one in the library; or the name of a published model.",
            show_default=False,
        ),
    ] = None,
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
    paths: Annotated[
        int | None,
        typer.Option(
            "--paths",
            parser=parse_positive,
            metavar="N",
            help="Paths that engine and reference both follow; default: 16 to 400, by the size of the scenario.",
        ),
    ] = None,
    seed: common.Seed = 1,
    probes: Annotated[
        bool, typer.Option("--probes/--no-probes", help="Also walk through the built-in probes of every mechanism.")
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the checks, or the grid, as a dataset: .nc or .zarr."),
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
    """Check that the engine computes the model: a scenario against the reference, or a published model.

    With SCENARIO, engine and reference (the model in plain NumPy) follow the same paths in float64, and every metric is
    compared path by path; float32 with float64, one seed with another, one block size with another; the summary is
    recomputed from the stored paths, and what must hold is looked at; built-in probes do the same where every mechanism
    acts. A line a check, those that failed once more at the end; exit 9 when one fails.

    With a published model's name its outputs are compared with the published ones; exit 9 when one differs by
    more than its printed digits. With other inputs the outputs are printed. `oxford` needs --data, as its balance
    sheets are not part of this package.

    \b
    Examples:
      levstress validate tariff-2025
      levstress validate my.toml --paths 1000 --out checks.nc
      levstress validate
      levstress validate cont-schaanning
      levstress validate --model breuer --set leverage_limit=40 --json
      levstress validate option-books --set threshold=311 --set dof=5
      levstress validate --model oxford --data eba_2018.csv --set impact=0.02
      levstress validate --model oxford --data eba_2018.csv --grid shock=0:0.3:1000 --grid impact=0:0.08:500
    """
    if scenario in PUBLISHED:
        if model is not None and model != scenario:
            raise typer.BadParameter(f"{scenario} and --model {model}: give one of them")
        scenario, model = None, scenario
    if scenario is not None and (model is not None or data is not None or grid or list_models):
        raise typer.BadParameter("--model, --data, --grid and --list belong to published models, not to a scenario")
    if scenario is None and out is not None and not grid:
        raise typer.BadParameter("--out writes the checks of a scenario, or a grid: give SCENARIO or --grid")
    if scenario is None and model is None and (data is not None or assignments or grid):
        raise typer.BadParameter("--data, --set and --grid need --model")
    if scenario is None and paths is not None:
        raise typer.BadParameter("--paths needs SCENARIO")
    if out is not None:
        _check_out(out, overwrite)
    from stress.engine.devices import set_up

    found = set_up(device, devices)
    if scenario is not None:
        from stress.options import RunOptions
        from stress.scenarios.read.loader import load_scenario

        options = RunOptions(seed=seed, device=found.kind, devices=devices)
        _scenario(load_scenario(scenario, assignments or ()), options, paths, probes, out, json, quiet)
        return
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


def _scenario(
    scenario: Scenario, options: RunOptions, paths: int | None, probes: bool, out: Path | None, json: bool, quiet: bool
) -> None:
    from stress.questions.validate.report import dataset, document, table, verdict
    from stress.questions.validate.validation import validate
    from stress.scenarios.build.problem_builder import build_problem

    found = validate(build_problem(scenario), options, paths, probes, lambda text: say(text, quiet))
    if out is not None:
        _write(dataset(found), out)
        say(f"wrote {out}", quiet)
    if json:
        print_json(document(found))
    else:
        console().print(table(found))
        if not found.passed:
            console().print(table(found, failed=True))
        print(verdict(found))
    if not found.passed:
        failed = [check.name for check in found.checks if not check.passed]
        say(f"levstress: {found.name}: {len(failed)} checks failed, the first: {failed[0]}")
        raise typer.Exit(MISMATCH)


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
