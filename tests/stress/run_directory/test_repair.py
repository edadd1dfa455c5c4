"""A damaged run is made whole again, from what is sound of it, and nothing is lost on the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import stress
from damage import flip, replace_block, said
from same_numbers import same_numbers
from stress.results.files.manifest import faults
from stress.results.files.store import REPLACED, RESULT, RunExists
from stress.run_directory.location import location_of
from stress.run_directory.mend import mend
from stress.run_directory.spec import OtherRun
from stress.run_directory.verify import verify

DAMAGED = [
    (f"{RESULT}/summary/es/c.0.0", "summary/es/c.0.0 has other bytes", False),
    (f"{RESULT}/manifest.json", "manifest.json is damaged", True),
    ("spec.json", "spec.json is not what was run", True),
    (f"{RESULT}/summary/es/c.0.0", "summary/es/c.0.0 has other bytes", True),
    (f"{RESULT}/zarr.json", "zarr.json has other bytes", False),
    (f"{RESULT}/zarr.json", "zarr.json has other bytes", True),
    (f"{RESULT}/manifest.json", "manifest.json is damaged", False),
    ("spec.json", "spec.json is not what was run", False),
]


@pytest.mark.parametrize(
    ("name", "phrase", "gone"), [*DAMAGED[:1], *(pytest.param(*case, marks=pytest.mark.slow) for case in DAMAGED[1:])]
)
def test_what_is_damaged_is_named_and_repaired(run: Path, sealed: Path, name: str, phrase: str, gone: bool) -> None:
    if gone:
        (run / name).unlink()
        phrase = phrase.split(" ")[0]
    else:
        flip(run / name)
    code, out, _ = said("verify", str(run), "--blocks", "0", "--quiet")
    assert code == 9
    assert phrase in " ".join(out.split())
    code, out, _ = said("verify", str(run), "--blocks", "0", "--repair", "--json", "--quiet")
    assert code == 0
    repaired = json.loads(out)
    assert repaired["repaired"][-1] == "the result sealed again"
    assert phrase in " ".join(repaired["was_wrong"])
    assert repaired["agrees"] is True
    assert (run / "spec.json").read_bytes() == (sealed / "spec.json").read_bytes()
    assert not verify(run, blocks=0).problems
    same_numbers(stress.open_result(run), stress.open_result(sealed))


@pytest.mark.slow
def test_resume_makes_a_damaged_run_whole(run: Path, sealed: Path) -> None:
    blocks = sorted((run / "blocks").iterdir())
    flip(blocks[0], at=200)
    flip(run / RESULT / "summary" / "es" / "c.0.0")
    same_numbers(stress.resume(run), stress.open_result(sealed))
    found = verify(run, blocks=0)
    assert not found.problems
    assert not found.notes
    with pytest.raises(RunExists, match="nothing is left"):
        stress.resume(run)


def test_nothing_is_removed_that_cannot_be_computed_again(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = json.loads((run / "spec.json").read_text())
    spec["identity"]["jaxlib"] = "0.0.1"
    (run / "spec.json").write_text(json.dumps(spec))
    flip(run / RESULT / "summary" / "es" / "c.0.0")
    before = sorted(path for path in run.rglob("*") if path.is_file())
    with pytest.raises(OtherRun, match="jaxlib"):
        stress.resume(run)
    assert sorted(path for path in run.rglob("*") if path.is_file()) == before
    with pytest.raises(OtherRun) as refused:
        verify(run)
    assert "summary/es/c.0.0 has other bytes" in refused.value.__notes__[0]


@pytest.mark.slow
def test_blocks_that_hold_wrong_numbers_are_not_what_a_repair_is_made_of(run: Path, sealed: Path) -> None:
    shutil.rmtree(run / RESULT)
    replace_block(run, lambda state: state | {"count_default": state["count_default"] + 1})
    stress.resume(run)
    code, out, errors = said("verify", str(run), "--again", "--blocks", "0", "--repair", "--json", "--quiet")
    assert code == 0, errors
    assert "doubted block" in json.loads(out)["repaired"][0]
    same_numbers(stress.open_result(run), stress.open_result(sealed))


def test_a_result_that_can_be_read_stays_until_the_next_one_is_sealed(run: Path, sealed: Path) -> None:
    shutil.rmtree(run / "blocks")
    assert mend(location_of(run), result=True) == [f"{RESULT} set aside"]
    assert not (run / RESULT).exists()
    assert not faults(run / REPLACED / RESULT)
    same_numbers(stress.resume(run), stress.open_result(sealed))
    assert not (run / REPLACED).exists()


def test_resume_writes_a_spec_again_and_keeps_the_result(run: Path, sealed: Path) -> None:
    (run / "spec.json").write_text("{}")
    before = (run / RESULT).stat().st_ino
    same_numbers(stress.resume(run), stress.open_result(sealed))
    assert (run / RESULT).stat().st_ino == before
    assert (run / "spec.json").read_bytes() == (sealed / "spec.json").read_bytes()
