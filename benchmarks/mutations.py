"""Which small errors in the code do the tests see? One error at a time by cosmic-ray, in a copy of the checkout.

    pip install -e '.[mutation]'
    python benchmarks/mutations.py                                        # 60 errors, a few minutes
    python benchmarks/mutations.py results/statistics --sample 0          # every error of a folder
    python benchmarks/mutations.py stress/engine/gatherer.py --sample 40 --seed 2

An error is an operator, a comparison, a number or a keyword replaced by another. The tests of its file (`TESTS`) run
against it, the first that fails ends them. What survives is printed as a difference: it is an error that does
nothing, or one that no test sees.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("stress", "kernels", "scenarios", "results", "tests", "docs", "benchmarks")
SECONDS = 300  # that the tests of one error may take
# What may be changed, the longest name that fits: the tests that have to see it.
TESTS: dict[str, tuple[str, ...]] = {
    "results/statistics": (
        "tests/results/test_estimators.py",
        "tests/results/test_histogram.py",
        "tests/results/test_few_paths.py",
        "tests/results/test_streams_of_results.py",
        "tests/results/test_contributions.py",
        "tests/stress/engine/test_standard_errors.py",
    ),
    "results/statistics/paired.py": ("tests/results/test_paired.py",),
    "results/statistics/running_tail.py": (
        "tests/results/test_streams_of_results.py",
        "tests/stress/engine/test_accounting.py",
    ),
    "results/statistics/checkpoints.py": ("tests/stress/engine/test_diagnostics.py",),
    "results/statistics/slice_means.py": ("tests/stress/engine/test_errors_by_step.py",),
    "results/dataset": (
        "tests/results/test_dataset.py",
        "tests/results/test_dataset_detail.py",
        "tests/results/test_start_group.py",
        "tests/results/test_first_facts.py",
        "tests/results/test_accessor.py",
        "tests/stress/engine/test_errors_by_step.py",
    ),
    "results/terminal": ("tests/results/test_table.py", "tests/results/test_show.py"),
    "results/plot": (
        "tests/results/test_plot.py",
        "tests/results/test_plot_risk.py",
        "tests/results/test_plot_flows.py",
    ),
    "stress/engine": ("tests/stress/engine/test_accounting.py", "tests/stress/engine/test_diagnostics.py"),
    "stress/engine/gatherer.py": (
        "tests/stress/engine/test_accounting.py",
        "tests/stress/engine/test_diagnostics.py",
        "tests/stress/engine/test_engine.py",
    ),
    "stress/engine/tiles.py": ("tests/stress/engine/test_tiles.py", "tests/stress/engine/test_accounting.py"),
    "stress/engine/exact_quantiles.py": (
        "tests/stress/engine/test_refine.py",
        "tests/stress/engine/test_accounting.py",
    ),
    "stress/engine/detail": (
        "tests/stress/engine/test_errors_by_step.py",
        "tests/stress/engine/test_invariants.py",
        "tests/stress/engine/test_parts.py",
        "tests/stress/engine/test_fund_flows.py",
    ),
    "stress/compile": ("tests/kernels/test_plain_draw.py", "tests/kernels/test_kernels_twin.py"),
    "stress/questions": ("tests/stress/questions/test_limits.py", "tests/stress/questions/test_limit_grammar.py"),
    "stress/run_directory/spec.py": ("tests/stress/run_directory/test_identity.py",),
}
CHOSEN = ("results/statistics", "stress/engine/gatherer.py", "stress/engine/totals.py")
# `|` stands in annotations, which are never evaluated.
LEFT_OUT = "BinaryOperator_BitOr"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=CHOSEN, help="files or folders of results/ and stress/")
    parser.add_argument("--sample", type=int, default=60, help="errors in all, chosen at random; 0 = every one")
    parser.add_argument("--seed", type=int, default=1, help="of that choice")
    given = parser.parse_args()
    files = [path for part in given.parts for path in modules(part)]
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder) / "checkout")
        seen, unseen = mutated(copy, files, given.sample, random.Random(given.seed))
    print(f"{seen} seen, {unseen} not seen")


def modules(part: str) -> list[str]:
    """Files of a part, relative to the root."""
    path = ROOT / part
    found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [str(file.relative_to(ROOT)) for file in found if file.name != "__init__.py"]


def tests_of(module: str) -> tuple[str, ...]:
    """The tests that have to see an error in a file.

    Raises:
        KeyError: none are named.
    """
    fitting = [part for part in TESTS if module == part or module.startswith(f"{part}/")]
    if not fitting:
        raise KeyError(f"{module}: no tests are named for it in TESTS")
    return TESTS[max(fitting, key=len)]


def copied(folder: Path) -> Path:
    """The checkout in a new folder, where files are changed; it is its own package for whatever runs in it."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / file, folder)
    return folder


def mutated(copy: Path, files: list[str], sample: int, chance: random.Random) -> tuple[int, int]:
    """How many errors were seen, and how many were not: these are printed as they are found.

    Raises:
        subprocess.CalledProcessError: the tests fail without an error, too.
    """
    from cosmic_ray.work_db import use_db
    from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

    sessions = {file: copy / f"session-{number}.sqlite" for number, file in enumerate(files)}
    jobs = []
    for file, session in sessions.items():
        session.with_suffix(".toml").write_text(configuration(file), encoding="utf-8")
        ray("init", session.with_suffix(".toml"), session, at=copy)
        with use_db(str(session)) as database:
            every = list(database.pending_work_items)
        jobs += [(file, one.job_id) for one in every if LEFT_OUT not in one.mutations[0].operator_name]
    kept = {*(jobs if sample == 0 else chance.sample(jobs, min(sample, len(jobs))))}
    seen, unseen = 0, 0
    for file, session in sessions.items():
        if not any(of == file for of, _ in kept):
            continue
        with use_db(str(session)) as database:
            for item in list(database.pending_work_items):
                if (file, item.job_id) not in kept:
                    database.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
        ray("baseline", session.with_suffix(".toml"), at=copy)
        ray("exec", session.with_suffix(".toml"), session, at=copy)
        with use_db(str(session)) as database:
            results = [one for _, one in database.results if one.worker_outcome is not WorkerOutcome.SKIPPED]
        survived = [str(one.diff) for one in results if one.test_outcome is TestOutcome.SURVIVED]
        seen, unseen = seen + len(results) - len(survived), unseen + len(survived)
        print(f"{file}: {len(results)} errors, {len(survived)} not seen", *survived, sep="\n", flush=True)
    return seen, unseen


def configuration(file: str) -> str:
    """What cosmic-ray is asked to do with one file."""
    command = f"{sys.executable} -m pytest -q -x -n 0 -p no:cacheprovider {' '.join(tests_of(file))}"
    return f"""[cosmic-ray]
module-path = "{file}"
timeout = {SECONDS}.0
excluded-modules = []
test-command = "{command}"
[cosmic-ray.distributor]
name = "local"
"""


def ray(*words: str | Path, at: Path) -> None:
    """Run one of cosmic-ray's commands."""
    subprocess.run([Path(sys.executable).with_name("cosmic-ray"), *words], cwd=at, check=True, capture_output=True)


if __name__ == "__main__":
    main()
