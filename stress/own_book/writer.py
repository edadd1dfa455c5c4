"""The folder of an own book: a scenario that runs as it is, what was assumed, returns, and the report on the data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from stress.own_book.book import OwnBook
from stress.own_book.data_report import shown
from stress.results.files.durable_write import make_folder, write_whole
from stress.scenarios.read.assumed import COLUMNS
from stress.scenarios.read.returns import FILE as RETURNS

MARK = "# written by levstress init"
SCENARIO, ASSETS, POSITIONS = "scenario.toml", "assets.csv", "positions.csv"
TOGETHER = {"matrix": "correlation.csv", "factor": "loadings.csv"}  # by key of [correlation]
ASSUMED, REPORT = "assumed.csv", "data-report.md"
FILES = (SCENARIO, ASSETS, POSITIONS, *TOGETHER.values(), RETURNS, ASSUMED, REPORT)
_ASSET_COLUMNS = ("id", "asset_class", "region", "sector", "vol", "adv", "margin", "in_net")


def refuse_foreign(folder: Path, overwrite: bool) -> None:
    """Leave a folder alone in which something is.

    Raises:
        FileExistsError: a file of ours and no leave to overwrite it, or a file of ours that is not of ours.
        NotADirectoryError: a file is in the way.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; name a folder with --out")
    there = [name for name in FILES if (folder / name).exists()]
    if there and not overwrite:
        raise FileExistsError(
            f"{folder} holds {there[0]}: --overwrite replaces an own book, --out DIR writes elsewhere"
        )
    if there and not is_ours(folder):
        raise FileExistsError(
            f"{folder} holds {there[0]}, and its {SCENARIO} was not written by levstress init: it stays as it is; "
            "choose another folder, or move it away"
        )
    if not there and folder.exists() and any(folder.iterdir()) and not overwrite:
        raise FileExistsError(f"{folder} is not empty: --overwrite writes beside what is there, --out DIR elsewhere")


def is_ours(folder: Path) -> bool:
    """Whether a folder holds an own book."""
    try:
        with (folder / SCENARIO).open(encoding="utf-8") as file:
            return file.readline().startswith(MARK)
    except (OSError, UnicodeDecodeError):
        return False


def write_book(book: OwnBook, folder: Path) -> list[Path]:
    """Write the files, the scenario last, so that a folder with one is whole; returns them.

    Raises:
        OSError: whatever the system refuses.
    """
    ids = [row["id"] for row in book.assets]
    assets = [["" if key in row["assumed"] else _cell(row[key]) for key in _ASSET_COLUMNS] for row in book.assets]
    greeks = [key for key in ("gamma", "theta") if any(fund[key] for fund in book.funds)]
    held = [
        [fund["id"], asset, shown(usd), *(shown(fund[key].get(asset, 0.0)) for key in greeks)]
        for fund in book.funds
        for asset, usd in fund["positions"].items()
    ]
    rows = ([name, *map(shown, line)] for name, line in zip(ids, book.together.values.tolist(), strict=True))
    assumed = [[row.key, shown(row.value), row.rule, row.grade, row.source] for row in book.report.assumed]
    texts = {
        ASSETS: _csv(_ASSET_COLUMNS, assets),
        POSITIONS: _csv(("fund", "asset", "position", *greeks), held),
        TOGETHER[book.together.key]: _csv(("asset", *book.together.columns), rows),
        ASSUMED: _csv(COLUMNS, assumed),
        REPORT: book.report.markdown(f"Data report: {book.name}"),
    }
    if book.returns is not None:
        texts[RETURNS] = book.returns.to_csv(index_label="date", date_format="%Y-%m-%d", float_format="%.9g")
    texts[SCENARIO] = scenario_text(book)
    make_folder(folder)
    for name in (RETURNS, *TOGETHER.values()):  # of an own book that was here before
        (folder / name).unlink(missing_ok=True)
    for name, text in texts.items():
        write_whole(folder / name, text.encode())
    return [folder / name for name in texts]


def scenario_text(book: OwnBook) -> str:
    """The scenario file: what stands in other files by their names."""
    lines = [
        f"{MARK}: edit freely; `levstress init --overwrite` writes it anew",
        "schema = 1",
        f"name = {_toml(book.name)}",
        f"title = {_toml(book.title)}",
        f"sources = {_toml(list(book.sources))}",
        f'assets = "{ASSETS}"      # volatilities; volumes and margin rates that were given',
        f'assumed = "{ASSUMED}"    # everything that nobody has given, with rule and grade: edit it there',
        "",
        "[correlation]",
        f'{book.together.key} = "{TOGETHER[book.together.key]}"',
        "",
        "[shocks]",
        'model = "student_t"        # its degrees of freedom: assumed.csv',
    ]
    for table, keys in book.settings().items():
        lines += ["", f"[{table}]", *(f"{key} = {_toml(value)}" for key, value in keys.items())]
    for fund in book.funds:
        lines += ["", "[[funds]]", f"id = {_toml(fund['id'])}"]
        lines += [f"{key} = {_toml(fund[key])}" for key in ("strategy", "region") if fund[key]]
        lines += [] if fund["assumed"] else [f"nav = {_toml(fund['nav'])}"]
        lines += [f'positions = "{POSITIONS}"']
        if fund["margin"] is not None:
            lines += ["[funds.margin]", *(f"{key} = {_toml(value)}" for key, value in fund["margin"].items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Text, numbers, lists and tables of numbers as TOML has them; JSON's escapes are TOML's."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        tables = ("{ " + ", ".join(f"{key} = {_toml(x)}" for key, x in one.items()) + " }" for one in value)
        return f"[{', '.join(tables)}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return shown(value) if isinstance(value, float | int | str) else str(value)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()
