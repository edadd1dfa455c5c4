"""`levstress init`: from a file of positions and one of prices to a scenario folder that runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stress.cli import options as common
from stress.cli.console import print_json, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.quantities import parse_positive

if TYPE_CHECKING:
    from stress.own_book.book import OwnBook


@ends_with_exit_code
def init(
    positions: Annotated[
        str, typer.Argument(metavar="POSITIONS", help="Positions of all funds: a CSV or Parquet file, long or wide.")
    ],
    prices: Annotated[
        str | None,
        typer.Option(
            "--prices", metavar="FILE", help="Daily prices or returns, wide or long, pairs such as EURUSD too."
        ),
    ] = None,
    volumes: Annotated[
        str | None, typer.Option("--volumes", metavar="FILE", help="Average volumes (adv, USD) or daily ones (shares).")
    ] = None,
    funds: Annotated[
        str | None, typer.Option("--funds", metavar="FILE", help="NAV by fund; strategy and region where known.")
    ] = None,
    fx: Annotated[
        str | None, typer.Option("--fx", metavar="FILE", help="Exchange rates: EURUSD, USDJPY ..., if not in --prices.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Scenario folder to write.")] = Path("book"),
    currency: Annotated[
        str, typer.Option("--currency", metavar="CODE", help="Currency of positions that name none.")
    ] = "USD",
    kind: Annotated[
        Literal["auto", "prices", "returns", "log-returns"],
        typer.Option("--kind", help="What --prices holds; auto: by headings, signs and sizes."),
    ] = "auto",
    proxy: Annotated[
        list[str] | None,
        typer.Option("--proxy", metavar="NAME=COLUMN", help="Prices of an instrument that has none; may be repeated."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="NAME@DAY", help="A move that is real and no error; may be repeated."),
    ] = None,
    gap_days: Annotated[
        int,
        typer.Option("--gap-days", parser=parse_positive, metavar="N", help="Days over which a price is carried."),
    ] = 5,
    stale_days: Annotated[
        int,
        typer.Option("--stale-days", parser=parse_positive, metavar="N", help="Unchanged closes that are no prices."),
    ] = 10,
    assumed: Annotated[
        str | None,
        typer.Option(
            "--assumed", metavar="FILE", help="Values in place of assumptions: an assumed.csv that was edited."
        ),
    ] = None,
    overwrite: common.Overwrite = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the report on the data, or refuse what would be refused; write nothing."),
    ] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Make a scenario of your own positions and prices, with a report on the data.

    The folder runs as it is: `levstress run DIR`. What nobody has given (volumes, margin rates, NAV) is assumed by
    stated rules and stands in one file, assumed.csv, to be edited. What was read, mended and left out stands in
    data-report.md. Data that no rule mends end with 3.

    \b
    Examples:
      levstress init positions.csv --prices prices.csv --out mybook
      levstress init book.parquet --prices closes.csv --fx rates.csv --funds navs.csv --currency EUR
      levstress init positions.csv --prices prices.csv --proxy "NEWCO US=SPY US" --keep "XYZ@2020-03-16" --dry-run
      levstress init positions.csv --prices prices.csv --out mybook --overwrite --assumed mybook/assumed.csv
    """
    proxies, kept = _pairs(proxy, "=", "--proxy", "NAME=COLUMN"), _pairs(keep, "@", "--keep", "NAME@DAY")
    from stress.own_book.from_book import from_book
    from stress.own_book.mending.rules import Rules
    from stress.own_book.writer import refuse_foreign, write_book
    from stress.run_directory.writing import check_writable, writing
    from stress.scenarios.guessed import sentence

    with writing(out):
        refuse_foreign(out, overwrite)
    book = from_book(
        positions,
        prices,
        volumes,
        funds,
        fx,
        name=_name(out),
        currency=currency,
        kind=kind,
        proxies=dict(proxies),
        rules=Rules(gap_days=gap_days, stale_days=stale_days, keep=frozenset(kept)),
        assumed=assumed,
    )
    if dry_run:
        check_writable(out)
    else:
        with writing(out):
            write_book(book, out)
    if json:
        print_json({"directory": str(out), "written": not dry_run, **_summary(book), **book.report.document()})
    else:
        print(f"{book.title}\n{book.report.short()}")
    if not (dry_run or json):
        say(f"{out} is written; all assumptions: {out}/assumed.csv, the whole report: {out}/data-report.md", quiet)
        say(f"next: levstress run {out}", quiet)
    if book.guessed:
        say(f"{sentence(book.guessed)} By gross / 4, or more where margin asks for it; give --funds.", quiet)


def _pairs(given: list[str] | None, sign: str, option: str, form: str) -> list[tuple[str, str]]:
    pairs = []
    for text in given or []:
        first, found, second = (part.strip() for part in text.rpartition(sign))
        if not (first and found and second):
            raise typer.BadParameter(f"{text!r} is not {form}", param_hint=option)
        pairs.append((first, second))
    return pairs


def _name(out: Path) -> str:
    """A name of a scenario from that of its folder."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", out.resolve().name).lstrip(".-")[:64]
    return name or "book"


def _summary(book: OwnBook) -> dict[str, object]:
    funds = {
        fund["id"]: {
            "nav": fund["nav"],
            "gross": sum(abs(usd) for usd in fund["positions"].values()) / fund["nav"],
            "net": sum(fund["positions"].values()) / fund["nav"],
            "positions": len(fund["positions"]),
        }
        for fund in book.funds
    }
    return {"name": book.name, "assets": len(book.assets), "funds": funds}
