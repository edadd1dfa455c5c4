"""A sealed result proves itself: what is flipped, cut, gone, added or swapped is noticed and named."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import xarray as xr
import zarr

from collected_example import collected
from reseal import reseal
from stress.results.dataset.tree import to_datatree
from stress.results.files import zarr_tree
from stress.results.files.checked import Damaged, check_sums
from stress.results.files.manifest import MANIFEST, faults, files_below, sealed_table
from stress.results.files.store import DamagedRun, is_of, open_result, write_run

SPEC = {"schema": 1, "name": "example"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sealed") / "run"
    write_run(to_datatree(collected(paths=600, detail=300)), SPEC, out, overwrite=False)
    return out


def flip(chance: random.Random, path: Path, _: list[Path]) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(chance: random.Random, path: Path, _: list[Path]) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def lengthen(chance: random.Random, path: Path, _: list[Path]) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.randrange(1, 9)))


def delete(_: random.Random, path: Path, __: list[Path]) -> None:
    path.unlink()


def swap(chance: random.Random, path: Path, files: list[Path]) -> None:
    content = path.read_bytes()
    other = chance.choice([x for x in files if x.read_bytes() != content])
    path.write_bytes(other.read_bytes())


KINDS: tuple[Callable[[random.Random, Path, list[Path]], None], ...] = (flip, flip, flip, cut, lengthen, delete, swap)


def refusal(result: Path, name: str) -> str:
    """What is said of a damaged file: by what opening looks at, or for stored paths by what `verify` does."""
    try:
        check_sums(result, () if name.startswith("paths/") else ("paths",))
    except Damaged as error:
        return str(error)
    return ""


def noticed(result: Path, count: int, seed: int) -> None:
    """Damage a result so many times, one file each; each is named, outside of `paths` by what opening looks at."""
    files = sorted(path for path in result.rglob("*") if path.is_file() and path.stat().st_size)
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        path = chance.choice(files)
        before, name = path.read_bytes(), path.relative_to(result).as_posix()
        chance.choice(KINDS)(chance, path, files)
        try:
            assert name in refusal(result, name), (number, name)
        finally:
            path.write_bytes(before)
    assert not faults(result)


def test_damage_of_any_file_is_noticed_and_named(run: Path) -> None:
    noticed(run / "result.zarr", 60, 1)


@pytest.mark.slow
def test_ten_thousand_damages_are_noticed_and_named(run: Path) -> None:
    noticed(run / "result.zarr", 10_000, 2)


def test_opening_refuses_what_is_damaged(run: Path) -> None:
    result = run / "result.zarr"
    names = ["summary/es/c.0.0", "summary/es/zarr.json", "timeline/price/c.0.0.0", "zarr.json", MANIFEST]
    for name in (name for name in names if (result / name).exists()):
        before = (result / name).read_bytes()
        for damage in (before[:-1], bytes([before[0] ^ 1]) + before[1:]):
            (result / name).write_bytes(damage)
            with pytest.raises(DamagedRun, match=name.replace(".", r"\.")):
                open_result(run)
        (result / name).unlink()
        with pytest.raises(DamagedRun):
            open_result(run)
        (result / name).write_bytes(before)
    open_result(run).close()


def test_a_file_that_does_not_belong_is_named_and_one_of_a_file_manager_is_not(run: Path) -> None:
    result = run / "result.zarr"
    for name, belongs in (("summary/es/c.9.9", False), ("summary/new", False), (".DS_Store", True)):
        (result / name).write_bytes(b"x")
        assert faults(result) == ([] if belongs else [f"{name} does not belong to it"])
        (result / name).unlink()


def test_stored_paths_are_compared_by_size_when_opened_and_whole_when_asked(run: Path) -> None:
    result = run / "result.zarr"
    chunk = next(path for path in (result / "paths" / "fund_loss").iterdir() if path.name.startswith("c"))
    before = chunk.read_bytes()
    chunk.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    open_result(run).close()
    assert faults(result) == [f"paths/fund_loss/{chunk.name} has other bytes than were written"]
    chunk.write_bytes(before[:-1])
    with pytest.raises(DamagedRun, match=f"paths/fund_loss/{chunk.name} has {len(before) - 1} bytes"):
        open_result(run)
    chunk.write_bytes(before)


def test_any_reader_of_zarr_refuses_a_damaged_chunk_of_any_array(run: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.zarr"
    shutil.copytree(run / "result.zarr", result)
    chance, seen = random.Random(3), 0
    for chunk in (result / name for name in files_below(result) if Path(name).name[0] == "c"):
        array = zarr.open_array(chunk.parent, mode="r")
        before = bytearray(chunk.read_bytes())
        before[chance.randrange(len(before))] ^= 1 << chance.randrange(8)
        chunk.write_bytes(before)
        with pytest.raises(ValueError, match="checksum"):
            array[...]
        seen += 1
    assert seen > 100


def test_the_result_carries_its_spec_and_refuses_another_beside_it(run: Path) -> None:
    spec = run / "spec.json"
    before = spec.read_bytes()
    for changed in (before.replace(b"example", b"examples"), before + b" "):
        spec.write_bytes(changed)
        with pytest.raises(DamagedRun, match=r"spec\.json is not what was run"):
            open_result(run)
    spec.unlink()
    open_result(run).close()
    spec.mkdir()
    with open_result(run / "result.zarr") as tree:
        assert not is_of(tree, spec)
    spec.rmdir()
    spec.write_bytes(before)
    alone = open_result(run / "result.zarr")
    assert alone.attrs["spec"].encode() == before


def test_a_result_of_an_earlier_version_has_no_manifest_and_opens(run: Path, tmp_path: Path) -> None:
    tree = xr.open_datatree(run / "result.zarr", engine="zarr").load()
    for name in ("manifest", "spec"):
        del tree.attrs[name]
    zarr_tree.write_tree(tree, tmp_path / "result.zarr")
    (tmp_path / "result.zarr" / MANIFEST).unlink()
    open_result(tmp_path).close()
    (tmp_path / "result.zarr" / MANIFEST).write_text("{}")
    with pytest.raises(DamagedRun, match=r"manifest\.json is damaged"):
        open_result(tmp_path)
    reseal(tmp_path / "result.zarr")
    open_result(tmp_path).close()


def test_a_pipe_in_the_place_of_the_manifest_is_not_waited_for(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "result.zarr", tmp_path / "result.zarr")
    (tmp_path / "result.zarr" / MANIFEST).unlink()
    os.mkfifo(tmp_path / "result.zarr" / MANIFEST)
    with pytest.raises(DamagedRun, match=r"manifest\.json is no file"):
        open_result(tmp_path)


def test_a_link_to_a_file_elsewhere_is_no_file_of_the_result(run: Path, tmp_path: Path) -> None:
    chunk = run / "result.zarr" / "summary" / "es" / "c.0.0"
    before = chunk.read_bytes()
    (tmp_path / "elsewhere").write_bytes(before)
    chunk.unlink()
    chunk.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DamagedRun, match=r"summary/es/c\.0\.0 is no file"):
        open_result(run)
    chunk.unlink()
    chunk.write_bytes(before)


def test_a_manifest_whose_list_is_damaged_is_named_and_not_the_files_in_it(run: Path) -> None:
    manifest = run / "result.zarr" / MANIFEST
    before = manifest.read_text()
    for old, new in (("summary/es/c.0.0", "summary/es/c.0.1"), ("1", "2"), ("a", "b")):
        changed = before.replace(old, new, 1) if len(old) > 1 else new.join(before.rsplit(old, 1))
        manifest.write_text(changed)
        assert faults(run / "result.zarr") == [f"{MANIFEST} is damaged"]
    manifest.write_text(before)


@pytest.mark.parametrize("entry", ['["1", "a"]', "[1, 2]", "[null, null]", "[1]", "7"])
def test_a_manifest_with_values_of_another_type_is_damaged(tmp_path: Path, entry: str) -> None:
    (tmp_path / "x").write_bytes(b"x")
    (tmp_path / MANIFEST).write_bytes(sealed_table({"x": json.loads(entry)}))
    assert faults(tmp_path) == [f"{MANIFEST} is damaged"]
