"""`levstress calibrate`: what the shock models are to be, from the user's own daily prices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.quantities import parse_positive

if TYPE_CHECKING:
    from stress.calibration.calibration import Calibration

Kind = Annotated[
    Literal["prices", "returns", "log-returns"],
    typer.Option("--kind", help="What the table holds: prices, simple returns or log returns, one row a day."),
]


@ends_with_exit_code
def calibrate(
    prices: Annotated[
        Path, typer.Argument(metavar="PRICES", help="A CSV file: dates in the first column, a column a name.")
    ],
    kind: Kind = "prices",
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Shock model of the part: gaussian, student_t, garch, regime, jump, factor, bootstrap or "
            "filtered_historical. Default: student_t; with more than 300 names factor.",
        ),
    ] = "",
    vol: Annotated[
        str,
        typer.Option(
            "--vol",
            metavar="ewma|garch|sample",
            help="Volatility of the draw: of the last days (ewma), of tomorrow (garch) or of all days (sample). "
            "Default: sample for models that move it by themselves (garch, regime, bootstrap, filtered_historical), "
            "else ewma.",
        ),
    ] = "",
    decay: Annotated[float, typer.Option("--decay", metavar="X", help="Weight of the day before in ewma.")] = 0.94,
    correlation: Annotated[
        Literal["ledoit-wolf", "oas", "sample"], typer.Option("--correlation", help="How correlations are shrunk.")
    ] = "ledoit-wolf",
    factors: Annotated[
        int | None,
        typer.Option(
            "--factors",
            parser=parse_positive,
            metavar="K",
            help="Principal components of the factor model; default: as many as Bai and Ng's criterion says.",
        ),
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option(
            "--given-factors", metavar="FILE", help="Factors of your own: a table like PRICES, on the same days."
        ),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            "--classes",
            metavar="FILE",
            help="Asset classes by name (columns id, asset_class; assets.csv of init): degrees of freedom of each.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write; default: calibrated/NAME.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a calibration that is there.")] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Fit every shock model to daily prices, and write the part of a scenario that says so.

    Volatilities (EWMA, GJR-GARCH), shrunk correlations, degrees of freedom of a multivariate Student-t, two regimes,
    jumps, a factor model and the length of a bootstrap's blocks; beside them tests of what is left in the residuals.

    The folder has shocks.toml (with [shocks], a table of each model, and [correlation]), the CSV files it names,
    volatilities.csv, fit.csv, provenance.json, and qq.png where matplotlib is installed. Needs the extra [calibrate].

    \b
    Examples:
      levstress calibrate prices.csv
      levstress calibrate prices.csv --model garch --out mine/shocks
      levstress calibrate returns.csv --kind returns --vol garch --correlation oas
      levstress calibrate prices.csv --model factor --given-factors factors.csv
      levstress calibrate mybook/returns.csv --kind log-returns --classes mybook/assets.csv
      levstress calibrate prices.csv --json > fit.json
    """
    from stress.calibration.extra import need_calibrate

    need_calibrate("calibrate")
    if factors is not None and given is not None:
        raise typer.BadParameter("--factors and --given-factors: give one of them")
    from stress.calibration.calibration import Choices
    from stress.calibration.calibration import calibrate as fit
    from stress.calibration.classes import read_classes
    from stress.calibration.history import read_history
    from stress.calibration.told.files import write
    from stress.calibration.told.table import document, sentences, table
    from stress.run_directory.writing import writing

    try:
        choices = Choices(model, vol, decay, correlation, factors)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    history = read_history(prices, kind)
    if factors is not None and factors >= len(history.names):
        raise typer.BadParameter(f"--factors {factors}: fewer than the {len(history.names)} names")
    say(f"fitting {len(history.names)} names, {len(history.days):,} days", quiet)
    factor_history = None if given is None else read_history(given, kind)
    found = fit(history, choices, factor_history, None if classes is None else read_classes(classes, history.names))
    folder = out if out is not None else Path("calibrated") / prices.stem
    with writing(folder):
        names = write(found, folder, overwrite)
        names += _picture(found, folder)
    if json:
        print_json(document(found))
    else:
        console().print(table(found))
        for line in sentences(found):
            print(line)
    say(f"wrote {', '.join(names)} in {folder}", quiet)


def _picture(found: Calibration, folder: Path) -> list[str]:
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        return []
    from stress.calibration.told.picture import quantiles
    from stress.results.plot.style import save

    save(quantiles(found).get_figure(root=True), folder / "qq.png")  # type: ignore[arg-type]
    return ["qq.png"]
