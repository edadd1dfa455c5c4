"""The Typer application: one module per command, put together here."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from contextlib import suppress
from typing import Annotated, TextIO

import typer

from stress.cli.ablate import ablate
from stress.cli.backtest import backtest
from stress.cli.bench import bench
from stress.cli.calibrate import calibrate
from stress.cli.check import check
from stress.cli.command import Command
from stress.cli.compare import compare
from stress.cli.console import say
from stress.cli.demo import demo
from stress.cli.doctor import doctor
from stress.cli.exits import BUG, DONE, output_lost
from stress.cli.init import init
from stress.cli.library import library
from stress.cli.rare import rare
from stress.cli.replay import replay
from stress.cli.report import report
from stress.cli.resume import resume
from stress.cli.reverse import reverse
from stress.cli.run import run
from stress.cli.schema import schema
from stress.cli.sensitivity import sensitivity
from stress.cli.show import show
from stress.cli.signals import listen
from stress.cli.start import early
from stress.cli.streams import standard_streams
from stress.cli.sweep import sweep
from stress.cli.validate import validate
from stress.cli.verify import verify
from stress.cli.worker import template, worker

app = typer.Typer(
    name="levstress",
    help="Monte Carlo stress tests of leveraged funds: margin calls, forced sales and price impact over many paths.",
    epilog="Start with: levstress demo",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.command(cls=Command)(demo)
app.command(cls=Command)(run)
app.command(cls=Command)(init)
app.command(cls=Command)(resume)
app.command(cls=Command)(verify)
app.command(cls=Command)(worker)
app.command(cls=Command)(template)
app.command(cls=Command)(show)
app.command(cls=Command)(compare)
app.command(cls=Command)(sensitivity)
app.command(cls=Command)(sweep)
app.command(cls=Command)(reverse)
app.command(cls=Command)(ablate)
app.command(cls=Command)(rare)
app.command(cls=Command)(replay)
app.command(cls=Command)(report)
app.add_typer(library, name="scenarios")
app.command(cls=Command)(check)
app.command(cls=Command)(schema)
app.command(cls=Command)(calibrate)
app.command(cls=Command)(backtest)
app.command(cls=Command)(doctor)
app.command(cls=Command)(bench)
app.command(cls=Command)(validate)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"levstress {version('levstress')}")
        raise typer.Exit


@app.callback()
def before_every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Monte Carlo stress tests of leveraged funds: margin calls, forced sales and price impact over many paths."""
    warnings.showwarning = _show_warning


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    say(f"levstress: warning: {message}")


def main() -> None:
    """Entry point of the `levstress` command."""
    listen()
    if sys.argv[1:2] == ["run"]:
        early()
    output, code = standard_streams(), DONE
    try:
        app(prog_name="levstress")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else BUG
    except OSError as error:
        if error is not output.failed:
            raise
    with suppress(OSError):
        output.flush()
    if output.failed is not None and code in (DONE, BUG):
        code = output_lost(output.failed)
    sys.stderr.flush()
    if threading.active_count() > 1:  # a program is still being compiled: the interpreter cannot end it, only leave
        os._exit(code)
    raise SystemExit(code)
