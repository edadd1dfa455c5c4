"""The run directory: round trip without our code, sealed, never overwritten unasked."""

import io
import json
import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from collected_example import collected
from reseal import reseal
from stress.results.dataset.tree import to_datatree
from stress.results.files import zarr_format, zarr_tree
from stress.results.files.durable_write import create_whole
from stress.results.files.store import (
    DamagedRun,
    RunExists,
    UnfinishedRun,
    check_unreplaced,
    open_result,
    spec_bytes,
    write_run,
)

SPEC = {"schema": 1, "name": "example", "title": "Ein Beispiel: 39 %, größer"}


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return to_datatree(collected(paths=600, detail=300))


@pytest.fixture(scope="module")
def run(tree: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "deep" / "run"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        written = write_run(tree, SPEC, out, overwrite=False)
    assert written == out / "result.zarr"
    return out


def test_plain_xarray_reads_back_the_same_tree_without_warnings(tree: xr.DataTree, run: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = xr.open_datatree(run / "result.zarr", engine="zarr").load()
    assert set(back.children) == set(tree.children)
    for name in tree.children:
        xr.testing.assert_identical(back[name].to_dataset(), tree[name].to_dataset())
        for key, variable in tree[name].to_dataset().variables.items():
            if variable.dtype.kind != "U":
                assert back[name].to_dataset()[key].dtype == variable.dtype
    assert back.attrs == {
        **tree.attrs,
        "complete": True,
        "spec": spec_bytes(SPEC).decode(),
        "manifest": "manifest.json",
    }
    assert "complete" not in tree.attrs


def test_large_path_ids_and_labels_survive(tree: xr.DataTree, run: Path) -> None:
    back = open_result(run)
    ids = back["tails"]["path_id"]
    assert ids.dtype == np.uint64
    assert int(ids.max()) > 2**63
    assert back["summary"]["es"].sel(fund="zeta", level=0.99).item() == tree["summary"]["es"].sel(
        fund="zeta", level=0.99
    )
    paths = back["paths"].to_dataset()
    first = paths["path"].values[0]
    assert paths["fund_loss"].sel(path=first, fund="mid").shape == ()


def test_a_result_that_is_gone_or_another_by_now_is_noticed(tree: xr.DataTree, tmp_path: Path) -> None:
    write_run(tree, SPEC, tmp_path, overwrite=False)
    opened = open_result(tmp_path)
    check_unreplaced(opened, tmp_path)
    check_unreplaced(opened, tmp_path / "result.zarr")
    write_run(tree, SPEC | {"title": "another"}, tmp_path, overwrite=True)
    with pytest.raises(UnfinishedRun, match="removed or replaced while it was read"):
        check_unreplaced(opened, tmp_path)
    shutil.rmtree(tmp_path / "result.zarr")
    with pytest.raises(UnfinishedRun, match="removed or replaced while it was read"):
        check_unreplaced(opened, tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("paths", 0, "paths is 0"),
        ("paths", -5, "paths is -5"),
        ("paths", 10**30, "paths is 1000000"),
        ("model_limits", '["[red]"]', "model_limits is no list of plain texts"),
        ("model_limits", "{}", "model_limits is no list of texts in JSON"),
        ("switched_off", "margin", "switched_off is no list of texts in JSON"),
        ("starts_in_call", "[1]", "starts_in_call is no list of texts in JSON"),
        ("origin", "[]", "origin is no table in JSON"),
    ],
)
def test_an_attribute_that_cannot_be_read_is_named(
    tree: xr.DataTree, tmp_path: Path, name: str, value: object, said: str
) -> None:
    write_run(tree, SPEC, tmp_path, overwrite=False)
    path = tmp_path / "result.zarr" / "zarr.json"
    root = json.loads(path.read_text())
    root["attributes"][name] = value
    path.write_text(json.dumps(root))
    reseal(tmp_path / "result.zarr")
    with pytest.raises(DamagedRun, match=f"the attribute {said}"):
        open_result(tmp_path)


def test_the_format_is_zarr_3_with_metadata_in_one_place(run: Path) -> None:
    metadata = json.loads((run / "result.zarr" / "zarr.json").read_text())
    assert metadata["zarr_format"] == 3
    assert "summary/es" in metadata["consolidated_metadata"]["metadata"]
    assert zarr.open_group(run / "result.zarr", mode="r").attrs["complete"] is True


def test_the_spec_is_beside_the_result_and_nothing_is_left_over(run: Path) -> None:
    assert json.loads((run / "spec.json").read_text(encoding="utf-8")) == SPEC
    assert sorted(path.name for path in run.iterdir()) == ["result.zarr", "spec.json"]


def test_long_path_axes_are_chunked(tree: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zarr_format, "PATHS_PER_CHUNK", 256)
    write_run(tree, SPEC, tmp_path, overwrite=False)
    array = zarr.open_group(tmp_path / "result.zarr", mode="r")["paths/fund_loss"]
    assert isinstance(array, zarr.Array)
    assert array.chunks == (256, 3)
    xr.testing.assert_identical(open_result(tmp_path)["paths"].to_dataset().load(), tree["paths"].to_dataset())


def test_a_finished_run_is_replaced_only_when_asked(tree: xr.DataTree, tmp_path: Path) -> None:
    write_run(tree, SPEC, tmp_path, overwrite=False)
    before = (tmp_path / "spec.json").read_bytes()
    with pytest.raises(RunExists, match="already holds"):
        write_run(tree, {"other": 1}, tmp_path, overwrite=False)
    assert (tmp_path / "spec.json").read_bytes() == before
    changed = to_datatree(collected(paths=500, detail=300, seed=8))
    write_run(changed, {"other": 1}, tmp_path, overwrite=True)
    assert open_result(tmp_path).attrs["seed"] == 8
    assert json.loads((tmp_path / "spec.json").read_text()) == {"other": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.zarr", "spec.json"]


def test_an_interrupted_write_leaves_no_result(
    tree: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(folder: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(zarr_tree, "flush", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_run(tree, SPEC, tmp_path, overwrite=False)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UnfinishedRun, match="did not finish"):
        open_result(tmp_path)
    with pytest.raises(UnfinishedRun):
        open_result(tmp_path, allow_unfinished=True)


def test_a_failed_replacement_keeps_the_old_run(
    tree: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tree, SPEC, tmp_path, overwrite=False)

    def full_disk(folder: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(zarr_tree, "flush", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_run(tree, {"other": 1}, tmp_path, overwrite=True)
    assert open_result(tmp_path).attrs["complete"] is True
    assert json.loads((tmp_path / "spec.json").read_text(encoding="utf-8")) == SPEC


def test_a_result_not_marked_complete_is_refused_unless_asked(tree: xr.DataTree, tmp_path: Path) -> None:
    write_run(tree, SPEC, tmp_path, overwrite=False)
    group = tmp_path / "result.zarr" / "zarr.json"
    metadata = json.loads(group.read_text())
    metadata["attributes"]["complete"] = False
    group.write_text(json.dumps(metadata))
    reseal(tmp_path / "result.zarr")
    with pytest.raises(UnfinishedRun, match="not marked complete"):
        open_result(tmp_path)
    assert open_result(tmp_path, allow_unfinished=True)["summary"]["es"].size
    with pytest.raises(FileNotFoundError, match="no such run directory"):
        open_result(tmp_path / "elsewhere")


def test_a_reader_that_fails_is_not_taken_for_damage(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_version(*_: object, **__: object) -> None:
        raise AttributeError("no attribute 'read_only'")

    monkeypatch.setattr(xr, "open_datatree", other_version)
    with pytest.raises(DamagedRun, match=r"read_only', though its files are those that were sealed \(xarray .*, zarr "):
        open_result(run)


def test_a_result_that_is_written_file_by_file_is_the_same(
    tree: xr.DataTree, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zarr_tree, "WAITING_AT_MOST", 0)
    written = write_run(tree, SPEC, tmp_path / "large", overwrite=False)
    small = run / "result.zarr"
    names = sorted(path.relative_to(small) for path in small.rglob("*") if path.is_file())
    assert sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file()) == names
    assert all((written / name).read_bytes() == (small / name).read_bytes() for name in names)


def test_a_file_that_cannot_be_filled_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    def fdopen(handle: int, _: str) -> Full:
        os.close(handle)
        return Full()

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", fdopen)
        with pytest.raises(OSError, match="No space left"):
            create_whole(tmp_path / "alone.json", b"whose")
    assert list(tmp_path.iterdir()) == []
    assert create_whole(tmp_path / "alone.json", b"whose")
