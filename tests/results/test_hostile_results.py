"""Results that are damaged or hostile: refused or shown, and nothing in them is executed."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from collected_example import collected
from hostile import TooSlow, watched
from reseal import reseal
from stress.results.dataset.tree import to_datatree
from stress.results.files.checked import CODECS
from stress.results.files.store import DamagedRun, UnfinishedRun, open_result, write_run
from stress.results.files.zarr_tree import write_tree
from stress.results.terminal.summary_table import summary_json, summary_table


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hostile") / "run"
    write_run(to_datatree(collected(paths=600, detail=300)), {"schema": 1}, out, overwrite=False)
    return out


def shown(directory: Path) -> bool:
    """Whether `show` can print it; False where it is refused, and anything else fails."""
    from rich.console import Console

    with watched():
        try:
            tree = open_result(directory)
        except UnfinishedRun as error:
            said = str(error)
        else:
            json.dumps(summary_json(tree), allow_nan=False)
            Console(file=io.StringIO(), width=100).print(summary_table(tree))
            tree.close()
            return True
    assert str(directory) in said
    assert len(said) < 2_000
    return False


def places(here: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON document."""
    for key, value in list(here.items() if isinstance(here, dict) else enumerate(here)):
        yield here, key
        if isinstance(value, dict | list):
            yield from places(value)


JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**6,
    10**13,
    1.5,
    "",
    "x",
    "[/red]",
    "\x1b[2J",
    "NaN",
    [],
    [10**6] * 3,
    {},
    "pickle",
    "float16",
    "<M8[ns]",
)


def damaged(rng: random.Random, path: Path, data: bytes) -> bytes:
    """Bytes of a file of a result, broken."""
    if path.name in ("zarr.json", "spec.json") and rng.random() < 0.8:
        document = json.loads(data)
        top = document.get("consolidated_metadata", {}).get("metadata", {})
        chosen = rng.choice((document, document.get("attributes", {}), top.get(rng.choice(sorted(top) or [""]), {})))
        container, key = rng.choice(list(places(chosen)) or list(places(document)))
        if rng.random() < 0.3:
            del container[key]
        else:
            container[key] = rng.choice(JUNK)
        return json.dumps(document).encode()
    changed = bytearray(data or b"x")
    for _ in range(rng.choice((1, 1, 30))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return rng.choice(
        (bytes(changed), data[: rng.randrange(len(data) + 1)], b"", data * 2, b"\0" * len(data), b"[" * 10_000)
    )


def damage(run: Path, seed: int, count: int) -> None:
    files = sorted(path for path in run.rglob("*") if path.is_file())
    ours = [path for path in files if "summary" in path.parts or "diagnostics" in path.parts or path.parent == run]
    root = run / "result.zarr" / "zarr.json"
    wrong, readable = [], 0
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        path = rng.choice((root, root, rng.choice(ours), rng.choice(files)))
        before = path.read_bytes()
        path.write_bytes(damaged(rng, path, before))
        if rng.random() < 0.9:  # else the manifest tells, and nothing further is looked at
            reseal(run / "result.zarr")
        try:
            readable += shown(run)
        except (Exception, TooSlow) as error:
            wrong.append(f"{number} {path.relative_to(run)}: {type(error).__name__}: {str(error)[:200]}")
        finally:
            path.write_bytes(before)
            reseal(run / "result.zarr")
    assert wrong == []
    assert shown(run)
    assert readable < 0.8 * count


def test_a_damaged_run_is_refused_or_shown(run: Path) -> None:
    damage(run, 1, 15)


@pytest.mark.slow
def test_many_damaged_runs_are_refused_or_shown(run: Path) -> None:
    damage(run, 2, 1_000)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda table: table.drop_vars("mes_se"), "contributions/mes_se is missing"),
        (
            lambda table: table.assign(covar=table["covar"].isel(level=0)),
            "contributions/covar is missing, or not by fund",
        ),
        (
            lambda table: table.assign(covar=table["covar"].astype(str)),
            "contributions/covar is missing, or not by fund",
        ),
        (lambda table: table.assign_coords(asset=["a", "a"]), "contributions/asset holds no labels, or one twice"),
        (lambda table: table.assign_coords(level=["a", "b", "c"]), "contributions/level holds no labels"),
        (lambda table: table.drop_dims("asset"), "'asset'"),
    ],
)
def test_contributions_that_are_none_are_refused(tmp_path: Path, change: Any, reason: str) -> None:
    tree = to_datatree(collected(paths=600, detail=300))
    tree["contributions"] = xr.DataTree(change(tree["contributions"].to_dataset()))
    write_run(tree, {}, tmp_path, overwrite=False)
    with pytest.raises(DamagedRun, match=reason):
        open_result(tmp_path)


def test_a_result_of_a_version_without_contributions_opens(tmp_path: Path) -> None:
    tree = to_datatree(collected(paths=600, detail=300))
    del tree["contributions"]
    write_run(tree, {}, tmp_path, overwrite=False)
    opened = open_result(tmp_path)
    assert opened.stress.es(0.99).size == 4
    with pytest.raises(ValueError, match="no group 'contributions': an earlier version wrote it"):
        opened.stress.mes(0.99)


@pytest.mark.parametrize("text", ["", "{", "[]", "\0", "null", "[" * 5000])
def test_a_spec_that_is_no_json_is_refused(run: Path, text: str) -> None:
    before = (run / "spec.json").read_text()
    (run / "spec.json").write_text(text)
    with pytest.raises(DamagedRun, match=r"spec\.json"):
        open_result(run)
    (run / "spec.json").write_text(before)


@pytest.mark.parametrize("sealed", [True, False])
def test_odd_files_in_a_result_are_refused(run: Path, sealed: bool) -> None:
    if not sealed:  # as an earlier version left it
        tree = open_result(run).load()
        del tree.attrs["manifest"]
        run = run.parent / "earlier"
        run.mkdir()
        write_tree(tree, run / "result.zarr")
        (run / "result.zarr" / "manifest.json").unlink()
    odd = run / "result.zarr" / "summary" / "odd"
    for target in ("", "/dev/zero", "."):
        if target:
            odd.symlink_to(target)
        else:
            os.mkfifo(odd)
        with watched(), pytest.raises(DamagedRun, match="summary/odd"):
            open_result(run)
        odd.unlink()
    assert shown(run)


def test_nothing_in_a_result_is_executed(tmp_path: Path) -> None:
    """Older zarr stores may name pickle as a codec, and reading one would run what it says."""
    assert not any("pickle" in codec for codec in CODECS)
    store = tmp_path / "result.zarr"
    store.mkdir()
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    (store / ".zattrs").write_text('{"complete": true}')
    array: dict[str, Any] = {
        "shape": [1],
        "chunks": [1],
        "dtype": "|O",
        "fill_value": None,
        "order": "C",
        "compressor": None,
    }
    array |= {"zarr_format": 2, "filters": [{"id": "pickle"}]}
    (store / "x").mkdir()
    (store / "x" / ".zarray").write_text(json.dumps(array))
    (store / "x" / "0").write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    with pytest.raises(DamagedRun):
        open_result(tmp_path)
    assert not (tmp_path / "ran").exists()
