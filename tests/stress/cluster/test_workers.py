"""Several processes on one run directory: parts in any order, twice, at once, and the job templates as they are run."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
import yaml
from typer.testing import CliRunner, Result

import stress
from same_numbers import same_numbers
from short_desk import SIZED, undisturbed_run
from stress.cli import app
from stress.cluster.worker import shard_of, work_on
from stress.engine.chunks import Chunk
from stress.run_directory.verify import verify

FOLDER = Path(sys.executable).parent
PATHS = 40_000
WORDS = ["--paths", str(PATHS), *SIZED]
JOB = {"scenario": "desk", "paths": "2000", "seed": "5", "shards": "3"}


def levstress(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture(scope="module")
def undisturbed() -> xr.DataTree:
    return undisturbed_run(PATHS)


def begun(out: Path | str) -> str:
    ended = levstress("run", *WORDS, "--out", str(out), "--prepare")
    assert ended.exit_code == 0, ended.output
    return str(out)


def test_the_parts_are_the_whole() -> None:
    for paths, count in ((10, 3), (2, 5), (7, 1), (10**9 + 7, 64)):
        parts = [shard_of(paths, index, count) for index in range(count)]
        assert parts[0].first == 0
        assert parts[-1].last == paths
        assert all(one.last == other.first for one, other in itertools.pairwise(parts))


@pytest.mark.slow  # that parts overlap, and that two run at once, is seen below
@pytest.mark.parametrize("order", [[2, 0, 1], [1, 1, 0, 2, 0]])
def test_parts_in_any_order_and_twice(order: list[int], undisturbed: xr.DataTree, tmp_path: Path) -> None:
    out = begun(tmp_path / "run")
    for number, index in enumerate(order):
        done = work_on(out, index, 3)
        again = index in order[:number]
        assert done.found == (done.paths if again else 0)
    assert done.missing_elsewhere == 0
    same_numbers(stress.resume(out), undisturbed)
    assert not verify(out).problems
    done = work_on(out, 0, 3)
    assert done.sealed
    assert levstress("run", *WORDS, "--out", out, "--prepare", "--resume").exit_code == 0


def test_two_workers_at_once_one_of_them_on_the_same_part(undisturbed: xr.DataTree, tmp_path: Path) -> None:
    out = begun(tmp_path / "run")
    command = [str(FOLDER / "levstress"), "worker", out, "--json", "--quiet", "--shard"]
    workers = [
        subprocess.Popen([*command, shard], stdout=subprocess.PIPE, text=True) for shard in ("0/2", "1/2", "1/2")
    ]
    reports = [json.loads(worker.communicate(timeout=300)[0]) for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    assert sum(report["paths"] for report in reports[:2]) == PATHS
    same_numbers(stress.resume(out), undisturbed)
    assert not verify(out, blocks=0).problems


def test_overlapping_parts_count_once(undisturbed: xr.DataTree, tmp_path: Path) -> None:
    out = begun(tmp_path / "run")
    for index, count in ((0, 2), (1, 3), (2, 3)):
        work_on(out, index, count)
    same_numbers(stress.resume(out), undisturbed)


def test_a_worker_says_what_it_found_and_what_it_computed(tmp_path: Path) -> None:
    out, half = begun(tmp_path / "run"), PATHS // 2
    for shard, found, elsewhere in (("0/2", 0, half), ("0/2", half, half), ("1/2", 0, 0), ("0/1", PATHS, 0)):
        ended = levstress("worker", out, "--shard", shard, "--json", "--quiet")
        paths = PATHS if shard == "0/1" else half
        assert json.loads(ended.stdout) == {
            "directory": out,
            "shard": shard,
            "paths": paths,
            "paths_found": found,
            "paths_computed": paths - found,
            "paths_missing_elsewhere": elsewhere,
            "sealed": False,
        }
    said = levstress("worker", out, "--shard", "1/2")
    assert said.stdout == f"shard 1/2: {half:,} paths, {half:,} of them found, 0 computed\n"
    assert f"all paths are there; to seal the result: levstress resume {out}" in said.stderr


def test_what_a_worker_refuses(tmp_path: Path) -> None:
    for shard in ("2/2", "-1/2", "a/b", "1", "1/0", "1/2/3", "٣/8 "):
        ended = levstress("worker", str(tmp_path), "--shard", shard)
        assert ended.exit_code == 2, shard
        assert "0/8" in ended.output
    assert levstress("worker", str(tmp_path)).exit_code == 3
    out = begun(tmp_path / "run")
    spec = json.loads(Path(out, "spec.json").read_text())
    spec["identity"]["levstress"] = "0.0.0"
    Path(out, "spec.json").write_text(json.dumps(spec))
    ended = levstress("worker", out)
    assert ended.exit_code == 3
    assert "levstress: 0.0.0 there" in ended.output


@pytest.mark.slow
def test_a_worker_that_is_stopped_says_how_to_go_on(tmp_path: Path) -> None:
    out = str(tmp_path / "a run")
    assert levstress("run", "desk", "--paths", "2e8", "--out", out, "--prepare").exit_code == 0
    command = [str(FOLDER / "levstress"), "worker", out, "--shard", "1/2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "paths of the shard" in process.stderr.readline()  # it works
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert f"levstress worker '{out}' --shard 1/2" in errors


def test_preparing_twice_is_the_same_run_or_is_refused(tmp_path: Path) -> None:
    out = begun(tmp_path / "run")
    assert levstress("run", *WORDS, "--out", out, "--prepare", "--resume").exit_code == 0
    assert levstress("run", *WORDS, "--out", out, "--prepare").exit_code == 2
    other = [*WORDS, "--set", "horizon.steps=5"]
    assert levstress("run", *other, "--out", out, "--prepare", "--resume").exit_code == 3


def job(kind: str, out: str) -> str:
    words = [word for name, value in JOB.items() for word in (f"--{name}", value)]
    ended = levstress("template", kind, "--out", out, *words)
    assert ended.exit_code == 0, ended.output
    return ended.output


def shell(script: str, **variables: str) -> None:
    environment = os.environ | {"PATH": f"{FOLDER}:{os.environ['PATH']}"} | variables
    ended = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def is_whole(out: str) -> None:
    assert stress.open_result(out).attrs["paths"] == int(JOB["paths"])
    assert not verify(out, blocks=1).problems


Shell = Callable[..., None]


@pytest.fixture(
    params=[
        pytest.param(False, id="its commands here"),
        pytest.param(True, id="in processes of their own", marks=pytest.mark.slow),
    ]
)
def job_shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    """Runs a script of a job: its `levstress` is the program, or notes each command, which is then carried out here."""
    if request.param:
        return shell
    notes = tmp_path / "bin"
    notes.mkdir()
    (notes / "levstress").write_text(f"#!/usr/bin/env bash\nprintf '%s\\0' \"$#\" \"$@\" >>'{notes}/said'\n")
    (notes / "levstress").chmod(0o755)

    def noted(script: str, **variables: str) -> None:
        shell(script, **({"PATH": f"{notes}:{os.environ['PATH']}"} | variables))
        said = (notes / "said").read_text().split("\0")[:-1]
        (notes / "said").unlink()
        while said:
            count = 1 + int(said[0])
            ended = levstress(*said[1:count])
            assert ended.exit_code == 0, ended.output
            said = said[count:]

    return noted


SBATCH = """#!/usr/bin/env bash
# Runs a job at once, the tasks of an array one after the other.
script=$(cat)
for word in "$@"; do case "$word" in --array=*) tasks=$(eval "echo {${word#--array=}}" | sed 's/-/../') ;; esac; done
for task in $(eval "echo ${tasks:-0}"); do SLURM_ARRAY_TASK_ID=$task bash -c "$script" >&2 || exit 1; done
echo 17
"""


@pytest.mark.slow
def test_the_slurm_job_runs(tmp_path: Path) -> None:
    (tmp_path / "sbatch").write_text(SBATCH)
    (tmp_path / "sbatch").chmod(0o755)
    out = str(tmp_path / "it's $HOME `x`")
    shell(job("slurm", out), PATH=f"{tmp_path}:{FOLDER}:{os.environ['PATH']}")
    is_whole(out)


@pytest.mark.slow
def test_the_kubernetes_job_runs(job_shell: Shell, tmp_path: Path) -> None:
    out = str(tmp_path / 'a "name": # of a run')
    documents: list[Any] = list(yaml.safe_load_all(job("k8s", out)))
    chunk_simulator, seal = (document["spec"]["template"]["spec"]["containers"][0] for document in documents)
    assert documents[0]["spec"]["completions"] == documents[0]["spec"]["parallelism"] == 3
    for index in (2, 0, 1, 1):
        job_shell(chunk_simulator["args"][0], JOB_COMPLETION_INDEX=str(index))
    job_shell(seal["args"][0])
    is_whole(out)


@pytest.mark.slow
def test_the_sky_job_runs(job_shell: Shell, tmp_path: Path) -> None:
    out = f"file://{tmp_path}/run"
    document: Any = yaml.safe_load(job("sky", out))
    assert document["num_nodes"] == 3
    for rank in (0, 2, 1):
        job_shell(document["run"], SKYPILOT_NODE_RANK=str(rank))
    job_shell(f"levstress resume '{out}'")
    is_whole(f"{tmp_path}/run")


@pytest.mark.parametrize("devices", ["2", *(pytest.param(x, marks=pytest.mark.slow) for x in ("1", "4"))])
def test_one_two_and_four_devices_have_the_same_numbers(devices: str, undisturbed: xr.DataTree, tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    words = ["run", *WORDS, "--devices", devices, "--quiet", "--out", out]
    if devices == "4":  # more than there are here
        subprocess.run([FOLDER / "levstress", *words], stdout=subprocess.DEVNULL, check=True)
    else:
        assert levstress(*words).exit_code == 0
    tree = stress.open_result(out)
    assert tree.attrs["device"] == f"cpu x {devices}"
    same_numbers(tree, undisturbed)


def test_a_name_that_breaks_a_job_is_refused() -> None:
    ended = levstress("template", "slurm", "--out", "run\nrm -rf x")
    assert ended.exit_code == 2
    assert "printable" in ended.output


def test_chunks_of_a_part_lie_inside() -> None:
    assert Chunk(2, 4).inside(Chunk(2, 4))
    assert not Chunk(1, 4).inside(Chunk(2, 4))
    assert not Chunk(2, 5).inside(Chunk(2, 4))
