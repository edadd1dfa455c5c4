"""A result from disk is looked at before it is believed: files, metadata, and what every reader of it relies on."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from stress.results.answers.protocol import QUESTION
from stress.results.files.manifest import MANIFEST, faults
from stress.results.files.zarr_format import METADATA, TYPES

LARGEST_METADATA = 64 << 20  # bytes
LARGEST_ARRAY = 256 << 20  # bytes, of an array beside those of the group `paths`
MOST_OF_PATHS = 1 << 36  # numbers in an array of the group `paths`
MANIFEST_ATTRIBUTE = "manifest"  # of the root: there is one, it cannot be left out
CODECS = {"bytes", "blosc", "crc32c", "gzip", "sharding_indexed", "transpose", "vlen-utf8", "zstd"}
BESIDE = "rare"  # group of a run that answers a question
TEXTS = ("name", "title", "model_limits")
COUNTS = ("paths", "scenario_members")
LISTS = {"model_limits": list, "switched_off": list, "starts_in_call": list, "sources": list, "origin": dict}
SHARES = ("called_nav_share", "prob_called_over_10pct", "prob_called_over_50pct", "defaulted_nav_share")
ESTIMATES = (*SHARES, "prob_margin_call", "prob_default", "expected_forced_sales_usd")  # by fund
BY_LEVEL = ("var", "es", "trough_var", "trough_es", "amplification", "added_loss")
CONTRIBUTIONS = {
    "es_contribution": "fund",
    "es_contribution_by_asset": "asset",
    **dict.fromkeys(("mes", "covar", "delta_covar"), "fund"),
}


class Damaged(ValueError):
    """What is wrong with a result."""


def open_tree(path: Path) -> xr.DataTree:
    """Open `result.zarr` lazily, its files compared with the manifest, its summary and diagnostics checked.

    Files of the group `paths`, which may be any number of gigabytes, are compared by size alone.

    Raises:
        Damaged: it cannot be read, or is no result of this program.
        PermissionError: as the system says.
    """
    sealed = ""
    try:
        if not (path / METADATA).is_file():
            raise Damaged(f"it holds no {METADATA}")
        check_sums(path, ("paths",))
        _check_files(path)
        if (path / MANIFEST).exists():
            sealed = f", though its files are those that were sealed (xarray {xr.__version__}, zarr {version('zarr')})"
        tree = xr.open_datatree(path, engine="zarr", zarr_format=3, decode_times=False)
    except (Damaged, PermissionError):
        raise
    except Exception as error:  # of zarr, its codecs, xarray: whatever a damaged store leads them to
        raise Damaged(f"{_reason(error)}{sealed}") from error
    try:
        _check_tree(tree)
    except Exception as error:
        tree.close()
        if isinstance(error, Damaged | PermissionError):
            raise
        raise Damaged(_reason(error)) from error
    return tree


def check_sums(path: Path, by_size: tuple[str, ...] = ()) -> None:
    """Compare a result with its manifest, see `faults`; an earlier version wrote none, and said so by not naming it.

    Raises:
        Damaged: naming the files.
        PermissionError: as the system says.
    """
    try:
        if not (path / MANIFEST).exists():
            root = _json(path / METADATA)
            attributes = root.get("attributes") if isinstance(root, dict) else None
            if isinstance(attributes, dict) and MANIFEST_ATTRIBUTE in attributes:
                raise Damaged(f"{MANIFEST} is missing")
            return
        found = faults(path, by_size)
    except PermissionError:
        raise
    except OSError as error:  # a file that is none, or is gone
        raise Damaged(_reason(error)) from error
    if found:
        more = f", and {len(found) - 5} more files" if len(found) > 5 else ""
        raise Damaged(f"{'; '.join(found[:5])}{more}")


def read_table(path: Path) -> dict[str, Any]:
    """A JSON table, such as `spec.json`.

    Raises:
        Damaged: it is none.
    """
    table = _json(path)
    if not isinstance(table, dict):
        raise Damaged(f"{path.name} holds no table")
    return table


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _json(path: Path) -> Any:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_METADATA:
        raise Damaged(f"{path.name} is no file of {LARGEST_METADATA >> 20} MiB at most")
    try:
        return json.loads(path.read_bytes(), parse_constant=str)  # NaN is equal to itself, as a text
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{path.name} is no JSON: {_reason(error)}") from error


def _check_files(path: Path) -> None:
    """Plain files only, the format that this program writes, and arrays of a size that can be meant."""
    for parent, folders, files in os.walk(path):
        for name in (*folders, *files):
            place = Path(parent) / name
            mode = place.stat().st_mode
            if not (stat.S_ISREG(mode) or (stat.S_ISDIR(mode) and not place.is_symlink())):
                raise Damaged(f"{place.relative_to(path)} is neither a file nor a folder")
        if METADATA in files:
            group = Path(parent).relative_to(path).as_posix()
            for where, node in _nodes(_json(Path(parent) / METADATA), "" if group == "." else group):
                _check_node(where, node)


def _nodes(metadata: Any, where: str) -> Iterator[tuple[str, Any]]:
    """A group or array, and those that its consolidated metadata describe."""
    yield where, metadata
    inner = metadata.get("consolidated_metadata") if isinstance(metadata, dict) else None
    for name, node in (inner.get("metadata", {}) if isinstance(inner, dict) else {}).items():
        yield f"{where}/{name}".lstrip("/"), node


def _check_node(where: str, node: Any) -> None:
    if not isinstance(node, dict) or node.get("zarr_format") != 3 or node.get("node_type") not in ("group", "array"):
        raise Damaged(f"{where or METADATA} is no group or array of zarr 3")
    if node["node_type"] == "group":
        return
    if node.get("data_type") not in TYPES:
        raise Damaged(f"{where} has the data type {str(node.get('data_type'))[:40]!r}")
    chunks = node["chunk_grid"]["configuration"]["chunk_shape"]
    for shape in (node["shape"], chunks):
        if not isinstance(shape, list) or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise Damaged(f"{where} has the shape {str(shape)[:40]}")
        most = MOST_OF_PATHS if where.startswith("paths/") and shape is not chunks else LARGEST_ARRAY // 8
        if math.prod(shape) > most:
            raise Damaged(f"{where} has the shape {shape}")
    for codec in _codecs(node["codecs"]):
        if codec not in CODECS:
            raise Damaged(f"{where} is packed with {codec[:40]!r}")


def _codecs(codecs: Any) -> Iterator[str]:
    """Names of codecs, those inside of others too."""
    for codec in codecs:
        yield str(codec["name"])
        inner = codec.get("configuration", {})
        for key in ("codecs", "index_codecs"):
            yield from _codecs(inner.get(key, ()))


def _check_tree(tree: xr.DataTree) -> None:
    """Names, kinds and dimensions that the table, the JSON and the accessor read; loads the groups with few numbers."""
    for name, kind in (*((text, str) for text in TEXTS), *((count, int) for count in COUNTS)):
        if not isinstance(tree.attrs.get(name), kind):
            raise Damaged(f"the attribute {name} is {str(tree.attrs.get(name))[:40]!r}")
    for count in COUNTS:
        if not 0 < tree.attrs[count] < 1 << 63:
            raise Damaged(f"the attribute {count} is {str(tree.attrs[count])[:40]}")
    for name, content in LISTS.items():
        if name in tree.attrs:  # an earlier version wrote fewer
            _check_list(name, tree.attrs[name], content)
    if not all(x.isprintable() and "[" not in x for x in json.loads(tree.attrs["model_limits"])):
        raise Damaged("the attribute model_limits is no list of plain texts")
    if QUESTION in tree.attrs:  # an answer has a group of its own in the place of a run's
        if tree.attrs[QUESTION] not in tree.children:
            raise Damaged(f"it lacks the group {str(tree.attrs[QUESTION])[:40]}")
        for part in tree.children.values():
            part.load()
        return
    for group in ("summary", "diagnostics"):
        if group not in tree.children:
            raise Damaged(f"it lacks the group {group}")
        tree[group].load()
    _check_summary(tree["summary"].to_dataset())
    if "contributions" in tree.children:  # a result of an earlier version has none
        _check_contributions(tree["contributions"].load().to_dataset())
    if BESIDE in tree.children:  # a figure beside those of the run
        from stress.results.answers.rare.beside import lacking

        if fault := lacking(tree):
            raise Damaged(f"{fault} is missing, or is not what its name says")
    diagnostics = tree["diagnostics"].to_dataset()
    for key, variable in diagnostics.data_vars.items():
        if variable.dtype.kind not in "fiub" or (variable.ndim == 0 and not math.isfinite(variable.item())):
            raise Damaged(f"diagnostics/{key} is no number")
    if diagnostics["correlation_repair_distance"].ndim:
        raise Damaged("diagnostics/correlation_repair_distance is no number")


def _check_list(name: str, text: object, content: type) -> None:
    """An attribute that is a list, or a table, in JSON."""
    try:
        found: Any = json.loads(text) if isinstance(text, str) else None
    except (RecursionError, ValueError):
        found = None
    other = not isinstance(found, content)
    if other or (content is list and not all(isinstance(x, str) for x in found)):
        what = "list of texts" if content is list else "table"
        raise Damaged(f"the attribute {name} is no {what} in JSON: {str(text)[:40]!r}")


def _check_summary(summary: xr.Dataset) -> None:
    funds, levels = summary["fund"], summary["level"]
    if funds.dims != ("fund",) or not all(isinstance(fund, str) for fund in funds.values.tolist()):
        raise Damaged("summary/fund holds no names")
    if levels.dims != ("level",) or levels.dtype.kind != "f" or not ((levels >= 0) & (levels < 1)).all():
        raise Damaged("summary/level holds no levels")
    if not (levels > 0).any() or len(np.unique(levels)) < len(levels) or len(set(funds.values.tolist())) < len(funds):
        raise Damaged("summary/level or summary/fund is empty or names one twice")
    for key, variable in summary.data_vars.items():
        if variable.dtype.kind not in "fiub" or not set(variable.dims) <= {"fund", "level", "prime_broker"}:
            raise Damaged(f"summary/{key} is no estimate")
    for prefix, dims in (("", ("fund",)), ("system_", ())):
        names = {f"{prefix}{name}{end}": dims for name in ESTIMATES for end in ("", "_se")}
        names |= {f"{prefix}{name}{end}": (*dims, "level") for name in BY_LEVEL for end in ("", "_se")}
        for name, wanted in (names | {f"{prefix}nav_usd": dims}).items():
            if name not in summary or summary[name].dims != wanted:
                raise Damaged(f"summary/{name} is missing, or not by {' and '.join(wanted) or 'itself'}")
        if not bool((summary[f"{prefix}nav_usd"] > 0).all()):
            raise Damaged(f"summary/{prefix}nav_usd is not positive")
    if "prime_broker" in summary.dims or "broker_loss_mean" in summary:
        _check_brokers(summary)


def _check_contributions(table: xr.Dataset) -> None:
    for dim in ("fund", "asset", "level"):
        kind = float if dim == "level" else str
        labels = table[dim].values.tolist() if table[dim].dims == (dim,) else [None]
        if not all(isinstance(label, kind) for label in labels) or len(set(labels)) < len(labels):
            raise Damaged(f"contributions/{dim} holds no labels, or one twice")
    for name, dim in CONTRIBUTIONS.items():
        for variable in (name, f"{name}_se"):
            if variable not in table or table[variable].dims != (dim, "level") or table[variable].dtype.kind != "f":
                raise Damaged(f"contributions/{variable} is missing, or not by {dim} and level")


def _check_brokers(summary: xr.Dataset) -> None:
    brokers = summary["prime_broker"]
    if brokers.dims != ("prime_broker",) or not all(isinstance(broker, str) for broker in brokers.values.tolist()):
        raise Damaged("summary/prime_broker holds no names")
    wanted = {"prob": ("prime_broker",), "mean": ("prime_broker",), "es": ("prime_broker", "level")}
    for name, dims in wanted.items():
        for variable in (f"broker_loss_{name}", f"broker_loss_{name}_se"):
            if variable not in summary or summary[variable].dims != dims:
                raise Damaged(f"summary/{variable} is missing, or not by {' and '.join(dims)}")
