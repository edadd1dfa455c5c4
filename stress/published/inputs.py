"""The inputs of a model from its defaults, a data file and `--set`, checked.

A TOML file holds any inputs as `key = value`. A CSV file has a row for each bank: a column `bank` with its name
(optional), and a column for each input by bank; an input by bank and something else, as holdings by asset, is as many
columns named `key.NAME`, or one column named `key`.
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stress.published.model import Floats, Input, Model
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.read.overrides import parse_value


@dataclass
class Inputs:
    """Every input of a model, resolved."""

    values: dict[str, Floats]
    labels: dict[str, list[str]]  # names of the entries of each axis
    data_file: str = ""
    data_sha256: str = ""
    given: dict[str, str] = field(default_factory=dict)  # file or "--set", of each input that is not a default


def read_inputs(model: Model, data: Path | None = None, assignments: Iterable[str] = ()) -> Inputs:
    """All inputs: the defaults, over them the data file, over it the assignments `key=value`.

    Raises:
        ScenarioError: a key that the model does not have, a value that is not allowed, an input that is missing, sizes
            that do not fit; names file, key, value and what is allowed.
    """
    raw: dict[str, Any] = {x.key: x.default for x in model.inputs if x.default is not None}
    found = Inputs({}, {})
    labels: dict[str, list[str]] = {}
    if data is not None:
        found.data_file = str(data)
        content = _read(data)
        found.data_sha256 = hashlib.sha256(content).hexdigest()
        read, labels = _table(model, data, content) if data.suffix.lower() == ".csv" else (_toml(data, content), {})
        for key, value in read.items():
            _known(model, key, value, str(data))
            raw[key], found.given[key] = value, str(data)
    for text in assignments:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not key or not value:
            raise ScenarioError(
                "is no assignment", file="--set", key=key, value=text, allowed="KEY=VALUE, as shock=0.2"
            )
        _known(model, key, value, "--set")
        raw[key], found.given[key] = parse_value(value), "--set"
    for x in model.inputs if data is not None else ():
        # The user's banks are not to be mixed with the published ones: only what is alike for all of them is filled in.
        if x.dims[:1] == ("bank",) and x.key in raw and x.key not in found.given and not _alike(np.array(raw[x.key])):
            del raw[x.key]
    arrays = {x.key: _array(x, raw[x.key], _origin(model, found, x.key)) for x in model.inputs if x.key in raw}
    missing = [x for x in model.inputs if x.key not in raw]
    if missing:
        further = tuple(_missing(model, x, data) for x in missing[1:])
        raise _missing(model, missing[0], data, further)
    found.values = _fitted(model, arrays, found)
    found.labels = _labels(model, found.values, labels)
    faults = [_fault(model, found, *fault) for fault in model.faults(found.values)]
    if faults:
        first = faults[0]
        first.further = tuple(faults[1:])
        raise first
    return found


def as_bounded(item: Input, value: Floats, file: str) -> Floats:
    """`value` itself.

    Raises:
        ScenarioError: an entry is not within the bounds of the input.
    """
    refused = np.argwhere(item.refuses(value))
    if len(refused):
        where = tuple(int(i) for i in refused[0])
        key = item.key + "".join(f"[{i}]" for i in where)
        raise ScenarioError("is not allowed", file=file, key=key, value=float(value[where]), allowed=item.allowed)
    return value


def _known(model: Model, key: str, value: object, file: str) -> None:
    keys = [x.key for x in model.inputs]
    if key not in keys:
        raise ScenarioError(f"is no input of {model.name}", file=file, key=key, value=value, allowed=suggest(key, keys))


def _origin(model: Model, found: Inputs, key: str) -> str:
    return found.given.get(key, f"default of {model.name}")


def _alike(array: Floats) -> bool:
    return bool(np.all(array == array.flat[0]))


def _missing(model: Model, item: Input, data: Path | None, further: tuple[ScenarioError, ...] = ()) -> ScenarioError:
    file = str(data) if data is not None else f"model {model.name}"
    how = "" if data is not None else "; give it with --data FILE or --set"
    return ScenarioError("is missing", file=file, key=item.key, allowed=item.allowed + how, further=further)


def _fault(model: Model, found: Inputs, key: str, value: object, problem: str, allowed: str) -> ScenarioError:
    name, _, rest = key.partition("[")
    banks = found.labels.get("bank", [])
    position = rest.rstrip("]")
    if position.isdigit() and int(position) < len(banks):
        problem = f"of bank {banks[int(position)]} {problem}"
    return ScenarioError(problem, file=_origin(model, found, name), key=key, value=value, allowed=allowed)


def _array(item: Input, value: Any, file: str) -> Floats:
    if not _numeric(value):
        raise ScenarioError("is not allowed", file=file, key=item.key, value=value, allowed=item.allowed)
    try:
        array = np.array(value, dtype=np.float64)
    except (ValueError, OverflowError) as error:  # lists of different lengths, a number beyond all floats
        text = "has rows of different lengths" if isinstance(error, ValueError) else "is too large"
        raise ScenarioError(text, file=file, key=item.key, value=value, allowed=item.allowed) from error
    if array.ndim == 1 and len(item.dims) == 2:
        array = array[:, None]  # one asset
    if array.size == 0 or array.ndim not in (0, len(item.dims)):
        raise ScenarioError("is not allowed", file=file, key=item.key, value=value, allowed=item.allowed)
    return as_bounded(item, array, file)


def _numeric(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_numeric(x) for x in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _fitted(model: Model, arrays: dict[str, Floats], found: Inputs) -> dict[str, Floats]:
    """Every array by the same number of banks, assets and so on; lone numbers and lone defaults are spread."""
    sizes: dict[str, tuple[int, str]] = {}
    # What was given decides; a default of one entry, or of equal ones, adapts.
    order = sorted(model.inputs, key=lambda x: (x.key not in found.given, -arrays[x.key].size))
    for item in order:
        for axis, size in zip(item.dims, arrays[item.key].shape, strict=False):
            sizes.setdefault(axis, (size, item.key))
    fitted = {}
    for item in model.inputs:
        array = arrays[item.key]
        wanted = tuple(sizes[axis][0] if axis in sizes else 1 for axis in item.dims)
        alike = item.key not in found.given and _alike(array)
        if array.shape != wanted:
            if array.ndim and not alike:
                axis = next(a for a, n, m in zip(item.dims, array.shape, wanted, strict=True) if n != m)
                raise ScenarioError(
                    f"does not fit: {dict(zip(item.dims, array.shape, strict=True))[axis]} along {axis}",
                    file=_origin(model, found, item.key),
                    key=item.key,
                    value=array.tolist(),
                    allowed=f"{sizes[axis][0]} along {axis}, as in {sizes[axis][1]}",
                )
            array = np.full(wanted, array.flat[0])
        fitted[item.key] = array
    return fitted


def _labels(model: Model, values: dict[str, Floats], read: dict[str, list[str]]) -> dict[str, list[str]]:
    labels = dict(read)
    for item in model.inputs:
        for axis, size in zip(item.dims, values[item.key].shape, strict=True):
            if len(labels.get(axis, ())) != size:
                labels[axis] = [str(i + 1) for i in range(size)]
    if model.asset_labels:
        labels["asset"] = list(model.asset_labels)
    labels.setdefault("asset", ["1"])
    return labels


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(f"cannot be read: {reason}", file=str(path), key="") from error


def _toml(path: Path, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        allowed = "TOML with key = value, or a .csv file with a row for each bank"
        raise ScenarioError(f"is not TOML: {error}", file=str(path), key="", allowed=allowed) from error


def _table(model: Model, path: Path, content: bytes) -> tuple[dict[str, Any], dict[str, list[str]]]:
    file = str(path)
    try:
        rows = list(csv.reader(content.decode("utf-8-sig").splitlines(), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ScenarioError(f"is no CSV file: {error}", file=file, key="") from error
    rows = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    by_bank = [x for x in model.inputs if x.dims[:1] == ("bank",)]
    columns = ", ".join(x.key if len(x.dims) == 1 else f"{x.key}.NAME" for x in by_bank)
    if not by_bank:
        raise ScenarioError(f"{model.name} has no inputs by bank", file=file, key="", allowed="a .toml file")
    if len(rows) < 2:
        raise ScenarioError("has no rows", file=file, key="", allowed=f"a row for each bank with the columns {columns}")
    header, body = rows[0], rows[1:]
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise ScenarioError("is there twice", file=file, key=twice, allowed="every column once")
    for number, row in enumerate(body, 2):
        if len(row) != len(header):
            raise ScenarioError(f"row {number} has {len(row)} cells", file=file, key="", allowed=f"{len(header)} cells")
    names = [row[header.index("bank")] for row in body] if "bank" in header else [str(i + 1) for i in range(len(body))]
    found: dict[str, Any] = {}
    labels = {"bank": names}
    for item in by_bank:
        wide = [name for name in header if len(item.dims) == 2 and name.startswith(f"{item.key}.")]
        used = wide or [name for name in header if name == item.key]
        if not used:
            continue
        table = [
            [_cell(row[header.index(c)], file, c, name) for c in used] for row, name in zip(body, names, strict=True)
        ]
        found[item.key] = table if len(item.dims) == 2 else [row[0] for row in table]
        if wide:
            labels[item.dims[1]] = [name[len(item.key) + 1 :] for name in wide]
    unknown = [c for c in header if c != "bank" and c.partition(".")[0] not in [x.key for x in by_bank]]
    if unknown:
        raise ScenarioError("is no column of this model", file=file, key=unknown[0], allowed=f"bank, {columns}")
    return found, labels


def _cell(text: str, file: str, column: str, bank: str) -> float:
    try:
        if "_" in text:
            raise ValueError
        return float(text)
    except ValueError:
        raise ScenarioError(
            f"of bank {bank} is not allowed", file=file, key=column, value=text, allowed="a number"
        ) from None
