"""`levstress backtest`: which shock model would have been right for this book on these returns?"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stress.cli import options as common
from stress.cli.calibrate import Kind
from stress.cli.console import console, print_json, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.quantities import parse_positive

if TYPE_CHECKING:
    import xarray as xr

SUFFIXES = (".nc", ".zarr", ".png", ".svg", ".pdf")


@ends_with_exit_code
def backtest(
    book: Annotated[
        str,
        typer.Argument(
            metavar="BOOK",
            help="Positions in USD, a file as init reads it; or a scenario: file, folder or library name.",
        ),
    ],
    prices: Annotated[
        Path, typer.Option("--prices", metavar="FILE", help="A CSV file: dates in the first column, a column a name.")
    ],
    kind: Kind = "prices",
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME", help="A shock model; may be repeated. Default: every one that draws."),
    ] = None,
    horizon: Annotated[
        list[int] | None,
        typer.Option("--horizon", metavar="DAYS", help="Days of a forecast; may be repeated. Default: 1 and 10."),
    ] = None,
    level: Annotated[
        list[float] | None,
        typer.Option("--level", metavar="P", help="Level of VaR; may be repeated. Default: 0.975 (always) and 0.99."),
    ] = None,
    window: Annotated[
        int, typer.Option("--window", parser=parse_positive, metavar="DAYS", help="Days that models are fitted to.")
    ] = 500,
    refit: Annotated[
        int, typer.Option("--refit", parser=parse_positive, metavar="DAYS", help="Days between fits.")
    ] = 125,
    draws: Annotated[
        int, typer.Option("--draws", parser=parse_positive, metavar="N", help="Draws of a forecast, one fewer is made.")
    ] = 2000,
    overlapping: Annotated[
        bool,
        typer.Option("--overlapping", help="Also forecasts of several days from every day on, p by a block bootstrap."),
    ] = False,
    vol: Annotated[
        Literal["ewma", "sample"],
        typer.Option("--vol", help="Volatility of gaussian, student_t, factor and jump: of the last days, or of all."),
    ] = "ewma",
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            metavar="FILE",
            help="A CSV with name, proxy, loading: the P&L attribution test of pricing names by others.",
        ),
    ] = None,
    seed: common.Seed = 1,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the dataset (.nc, .zarr) or a picture (.png, .svg, .pdf); repeatable."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files of --out that are there.")] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Hold the forecasts of every shock model against what your book would have lost, by fund and in total.

    Today's positions are held on every day of the history. Each model is fitted to the days before a forecast and draws
    one-day losses for every day, ten-day losses for stretches that do not overlap. Coverage (Kupiec, Christoffersen,
    traffic light), ES (Acerbi-Szekely), the whole forecast (PIT) and the quantile score, models side by side; then a
    generalised Pareto tail for levels beyond the data. Needs the extra [calibrate].

    \b
    Examples:
      levstress backtest positions.csv --prices prices.csv
      levstress backtest my.toml --prices prices.csv --model garch --model student_t --out backtest.nc
      levstress backtest positions.csv --prices returns.csv --kind returns --window 1000 --out exceptions.png
      levstress backtest positions.csv --prices prices.csv --mapping proxies.csv --json
    """
    from stress.calibration.extra import need_calibrate

    need_calibrate("backtest")
    for file in out or ():
        _check(file, overwrite)
    from stress.calibration.history import read_history
    from stress.questions.backtest.backtest import backtest as hold
    from stress.questions.backtest.book import read_book
    from stress.questions.backtest.mapping import read_mapping
    from stress.questions.backtest.models.registry import MODELS
    from stress.questions.backtest.models.window import Settings
    from stress.questions.backtest.rolling import LEVELS, Plan, levels_in_order
    from stress.questions.backtest.table import document, notes, tables

    try:
        plan = Plan(
            tuple(dict.fromkeys(model or MODELS)),
            tuple(sorted(set(horizon or (1, 10)))),
            levels_in_order(level or LEVELS),
            window,
            refit,
            draws - 1,
            seed,
            Settings(vol=vol),
            overlapping,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    history = read_history(prices, kind)
    held = read_book(book, history.names, history.file)
    proxies = None if mapping is None else read_mapping(mapping, history.names)
    tree = hold(history, held, plan, proxies, lambda text: say(text, quiet))
    for file in out or ():
        _write(tree, file)
        say(f"wrote {file}", quiet)
    if json:
        print_json(document(tree))
        return
    for table in tables(tree):
        console().print(table)
    for note in notes(tree):
        print(note)


def _check(file: Path, overwrite: bool) -> None:
    from stress.run_directory.writing import check_writable

    if file.suffix not in SUFFIXES:
        raise typer.BadParameter(f"--out {file}: the name has to end with {', '.join(SUFFIXES)}")
    if file.exists() and not overwrite:
        raise FileExistsError(f"{file} is there already; --overwrite replaces it")
    if file.exists() and (file / "zarr.json").is_file() != (file.suffix == ".zarr"):
        raise FileExistsError(f"{file} is not of that kind, and is left alone")
    if file.suffix == ".nc":
        from stress.results.files.export import check_export

        check_export(file, overwrite)
    if file.suffix in (".png", ".svg", ".pdf"):
        from stress.results.plot.style import need_matplotlib

        need_matplotlib()
    check_writable(file.parent)


def _write(tree: xr.DataTree, file: Path) -> None:
    from stress.run_directory.writing import writing

    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".nc":
            from stress.results.files.export import export

            export({str(name): node.to_dataset() for name, node in tree.children.items()}, tree.attrs, file)
        elif file.suffix == ".zarr":
            from stress.results.files.zarr_tree import write_tree

            shutil.rmtree(file, ignore_errors=True)
            write_tree(tree, file)
        else:
            from stress.questions.backtest.picture import exceptions
            from stress.results.plot.style import save

            save(exceptions(tree).get_figure(root=True), file)  # type: ignore[arg-type]
