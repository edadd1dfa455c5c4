"""Numbers of a result as a file for other programs: one long table (CSV, Parquet, JSON) or labelled groups (netCDF)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xarray as xr

from stress.errors import MissingExtra
from stress.results.files.durable_write import write_durably
from stress.results.files.long_table import ESTIMATE, Columns, long_rows, long_table
from stress.scenarios.errors import ScenarioError

Groups = Mapping[str, xr.Dataset]
NEEDED = {".csv": "", ".json": "", ".nc": "h5netcdf", ".parquet": "pyarrow"}  # suffix -> module, of the extra `export`
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the beginning of one


def check_export(path: Path, overwrite: bool) -> None:
    """Refuse a file that cannot be meant, before anything is read.

    Raises:
        ValueError: a suffix other than those of `NEEDED`.
        FileExistsError: the file is there and `overwrite` is off, or it is no file.
        MissingExtra: the format needs a module that is not installed.
    """
    if path.suffix not in NEEDED:
        raise ValueError(f"{path}: the name has to end with {', '.join(NEEDED)}")
    if path.is_dir():
        raise FileExistsError(f"{path} is a folder")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already; --overwrite replaces it")
    module = NEEDED[path.suffix]
    if module and find_spec(module) is None:
        raise MissingExtra(f"{path.suffix} needs {module}: pip install 'levstress[export]'")


def export(groups: Groups, attrs: Mapping[Any, Any], path: Path, parts: Mapping[str, str] = ESTIMATE) -> None:
    """Write the numbers to `path`; the file is there whole or not at all.

    Args:
        groups: group of the result -> dataset.
        attrs: about the run; only netCDF has room for it.
        path: its suffix chooses the format; the folder exists.
        parts: columns of the long table, see `long_table`.

    Raises:
        ScenarioError: a label that a spreadsheet would take for a formula, in CSV.
        OSError: whatever the system refuses.
    """
    write: dict[str, Callable[[], bytes]] = {
        ".csv": lambda: _csv(long_table(groups, parts), str(path)),
        ".json": lambda: (json.dumps(long_rows(groups, parts), indent=1, allow_nan=False) + "\n").encode(),
        ".nc": lambda: _netcdf(groups, attrs),
        ".parquet": lambda: _parquet(long_table(groups, parts), set(parts.values())),
    }
    write_durably(path, write[path.suffix]())


def _csv(columns: Columns, file: str) -> bytes:
    """UTF-8 with a header; floats with as many digits as give the same bits back, missing cells empty."""
    for name, column in columns.items():
        for cell in column:
            if isinstance(cell, str) and cell.startswith(FORMULA):
                raise ScenarioError(
                    "begins like a formula, which a spreadsheet would compute",
                    file=file,
                    key=name,
                    value=cell,
                    allowed="such a label in .parquet, .json or .nc only",
                )
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _parquet(columns: Columns, numbers: set[str]) -> bytes:
    """Numbers as float64, ids as uint64, labels as they are; what a row does not have is null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def kind(name: str, column: list[Any]) -> Any:
        first = next((cell for cell in column if cell is not None), None)
        if name in numbers or isinstance(first, float):
            return pa.float64()
        if isinstance(first, bool):
            return pa.bool_()
        if isinstance(first, int):
            return pa.uint64() if name == "path_id" else pa.int64()
        return pa.string()

    table = pa.table({name: pa.array(column, kind(name, column)) for name, column in columns.items()})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _netcdf(groups: Groups, attrs: Mapping[Any, Any]) -> bytes:
    """netCDF-4 with the groups of the result; attributes that are yes or no become 1 or 0."""
    about = {name: int(value) if isinstance(value, bool) else value for name, value in attrs.items()}
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs=about), **groups})
    with TemporaryDirectory() as folder:
        file = Path(folder) / "result.nc"
        tree.to_netcdf(file, engine="h5netcdf")
        return file.read_bytes()
