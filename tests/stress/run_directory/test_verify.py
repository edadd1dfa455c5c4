"""`verify` finds what is wrong with a run, names it, and repairs it when asked."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zarr

import stress
from damage import flip, replace_block, said
from reseal import reseal
from same_numbers import same_numbers
from short_desk import options, short_desk
from stress.results.files.store import RESULT
from stress.run_directory.chunk_store import chunk_of, read_state, write_state
from stress.run_directory.claims import claimed
from stress.run_directory.location import location_of
from stress.run_directory.verify import verify
from stress.run_directory.writing import CannotWrite

PATHS = 60_000


def test_a_sound_run_is_compared_whole(run: Path) -> None:
    found = verify(run, blocks=1)
    assert not found.problems
    assert not found.notes
    assert found.compared
    assert len(found.recomputed) == 1


def change_number(run: Path) -> str:
    array: Any = zarr.open_array(run / RESULT / "timeline" / "called_usd", mode="r+")
    array[-1] = array[-1] * (1 + 1e-15) + 1e-9
    return "timeline/called_usd"


def change_label(run: Path) -> str:
    path = run / RESULT / "zarr.json"
    root = json.loads(path.read_text())
    for node in (root["consolidated_metadata"]["metadata"]["summary/var"], None):
        if node is not None:
            node["attributes"]["long_name"] = "value at no risk"
    path.write_text(json.dumps(root))
    return "summary/var"


def change_attribute(run: Path) -> str:
    path = run / RESULT / "zarr.json"
    root = json.loads(path.read_text())
    root["attributes"]["title"] = "Another desk"
    path.write_text(json.dumps(root))
    return "the attribute title"


def drop_variable(run: Path) -> str:
    tree = stress.open_result(run).load()
    tree["summary"] = tree["summary"].to_dataset().drop_vars("trough_es_ci_low")
    shutil.rmtree(run / RESULT)
    from stress.results.files.zarr_tree import write_tree

    write_tree(tree, run / RESULT)
    return "summary/trough_es_ci_low"


@pytest.mark.parametrize("change", [change_number, change_label, change_attribute, drop_variable])
def test_a_change_whose_manifest_was_written_anew_is_found_by_the_numbers(
    run: Path, change: Callable[[Path], str]
) -> None:
    name = change(run)
    reseal(run / RESULT)
    found = verify(run, blocks=0)
    assert found.compared
    assert f"the result has not what its run gives: {name}" in found.problems[0]


def test_a_result_alone_is_run_again_from_its_own_spec(sealed: Path, tmp_path: Path) -> None:
    alone = tmp_path / "sent.zarr"
    shutil.copytree(sealed / RESULT, alone)
    found = verify(alone)
    assert not found.problems
    assert not found.compared
    assert "--again" in found.notes[0]
    again = verify(alone, again=True)
    assert again.compared
    assert not again.problems
    code, out, _ = said("show", str(alone), "--json")
    assert code == 0
    assert json.loads(out)["name"] == "desk"
    array: Any = zarr.open_array(alone / "summary" / "mean_loss", mode="r+")
    array[0] = array[0] + 1e-12
    reseal(alone)
    assert "summary/mean_loss" in verify(alone, again=True).problems[0]


@pytest.mark.parametrize("words", [["resume"], ["worker"], ["verify", "--repair"]])
def test_nothing_is_written_into_a_result_alone(words: list[str], sealed: Path, tmp_path: Path) -> None:
    alone = tmp_path / "sent.zarr"
    shutil.copytree(sealed / RESULT, alone)
    before = sorted(alone.rglob("*"))
    code, _, err = said(*words, str(alone))
    assert code == 2
    assert "is a sealed result" in err
    with pytest.raises(CannotWrite, match="is a sealed result"):
        stress.run(short_desk(), **options(PATHS), out=alone, overwrite=True)
    assert sorted(alone.rglob("*")) == before
    assert said("show", str(alone))[0] == 0


def test_a_run_that_is_being_replaced_is_not_called_wrong(run: Path) -> None:
    (run / RESULT / "summary" / "var" / "zarr.json").unlink()
    with claimed(location_of(run)):
        code, out, err = said("verify", str(run), "--blocks", "0")
    assert (code, out) == (3, "")
    assert "is in use by process" in err
    assert said("verify", str(run), "--blocks", "0")[0] == 9


def test_blocks_that_are_whole_and_count_a_path_less_give_no_result(run: Path) -> None:
    path = sorted((run / "blocks").glob("*.npz"))[0]
    chunk, state = chunk_of(path.name), read_state(path, path.stem.split("-")[-1])
    assert state is not None
    assert chunk is not None
    state["bins_count"][0] -= 1
    path.unlink()
    write_state(path.parent, chunk, state)
    found = verify(run, blocks=0)
    assert found.problems[0].startswith("its blocks give no result: the run: the histogram of fund_loss of row 1 of")
    code, _, errors = said("verify", str(run), "--blocks", "0")
    assert code == 9, errors


def test_blocks_that_are_wrong_and_agree_with_the_result_are_found_by_simulating(sealed: Path, tmp_path: Path) -> None:
    shutil.copytree(sealed, tmp_path / "run")
    run = tmp_path / "run"
    shutil.rmtree(run / RESULT)
    replace_block(run, lambda state: state | {"count_default": state["count_default"] + 1})
    stress.resume(run)
    assert not verify(run, blocks=0).problems
    assert verify(run, blocks=0, again=True).problems


@pytest.mark.slow
def test_blocks_that_lack_an_array_or_are_none_are_named(run: Path) -> None:
    replace_block(run, lambda state: {name: x for name, x in state.items() if name not in ("scalars", "tail_0_ids")})
    found = verify(run, blocks=1_000)
    assert found.doubted
    assert "other numbers for scalars, tail_0" in found.problems[0]
    assert found.problems[1] == "its blocks give no result: a finished block is no part of this run: 'scalars'"
    for content in (b"", b"no block", b"PK\x03\x04"):
        block = sorted((run / "blocks").iterdir())[0]
        block.unlink()
        (run / "blocks" / f"{block.name[:40]}{hashlib.sha256(content).hexdigest()}.npz").write_bytes(content)
        assert "1 of" in verify(run, blocks=0).problems[0]


@pytest.mark.parametrize("digest", ["0" * 64, "f" * 64])  # read before the sound file, and after it
def test_a_damaged_file_beside_a_sound_one_of_its_paths_is_odd_and_harmless(digest: str, run: Path) -> None:
    shutil.rmtree(run / RESULT)
    block = sorted((run / "blocks").iterdir())[0]
    (run / "blocks" / f"{block.name[:40]}{digest}.npz").write_bytes(block.read_bytes()[:-1])
    found = verify(run, blocks=0)
    assert (found.files - found.verified, found.paths_on_disk, found.paths_missing) == (1, PATHS, 0)
    assert not found.problems
    assert found.notes == ("1 files are damaged or of another run; other files have their paths",)


@pytest.mark.parametrize(
    "kind", ["gone", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("folder", "no table"))]
)
def test_a_result_without_its_metadata_is_damaged(run: Path, sealed: Path, kind: str) -> None:
    (run / RESULT / "manifest.json").unlink()
    if kind == "gone":
        (run / RESULT / "zarr.json").unlink()
    elif kind == "folder":
        (run / RESULT / "manifest.json").mkdir()
    else:
        (run / RESULT / "zarr.json").write_text('{"attributes": 5}')
    code, out, errors = said("verify", str(run), "--blocks", "0", "--quiet")
    assert code == 9, errors
    assert "the result is damaged" in out
    same_numbers(stress.resume(run), stress.open_result(sealed))


def damaged(run: Path, count: int, seed: int) -> None:
    """Flip, cut, delete or swap so many files of a run, one at a time; `verify` notices each."""
    files = sorted(path for path in run.rglob("*") if path.is_file() and path.stat().st_size)
    contents = {path: path.read_bytes() for path in files}
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        path = chance.choice((chance.choice(files), *(run / "blocks").iterdir()))
        before, kind = contents[path], chance.choice(("flip", "cut", "delete", "swap"))
        if kind == "flip":
            flip(path, chance.randrange(len(before)), chance.randrange(8))
        elif kind == "cut":
            path.write_bytes(before[: chance.randrange(len(before))])
        elif kind == "delete":
            path.unlink()
        else:
            path.write_bytes(contents[chance.choice([x for x in files if contents[x] != before])])
        assert verify(run, blocks=0).problems, (number, path.name, kind)
        path.write_bytes(before)


def test_damage_anywhere_in_a_run_is_noticed(run: Path) -> None:
    damaged(run, 12, 1)


@pytest.mark.slow
def test_damage_anywhere_in_a_run_is_noticed_a_thousand_times(run: Path) -> None:
    damaged(run, 1_000, 2)
