"""Jobs for clusters: begin a run, one worker for each part of it, seal the result."""

from __future__ import annotations

import shlex
import string
from importlib.resources import files

FILES = {"slurm": "slurm.sh", "k8s": "k8s.yaml", "sky": "sky.yaml"}
DIRECTORY = {"slurm": "runs/{name}", "k8s": "/runs/{name}", "sky": "s3://BUCKET/{name}"}


class _Template(string.Template):
    delimiter = "@"  # "$" is the shell's


def job(kind: str, scenario: str, paths: int, seed: int, out: str | None, shards: int) -> str:
    """The text of a job.

    Args:
        kind: "slurm", "k8s" or "sky".
        scenario: a library name, or a file that every machine reaches.
        paths: of the run.
        seed: of the run.
        out: run directory that every machine reaches, or its URL; None = a name to be changed.
        shards: parts of the run.

    Raises:
        ValueError: a name that cannot stand in a job.
    """
    where = out or DIRECTORY[kind].format(name=f"{scenario.rsplit('/', 1)[-1].removesuffix('.toml')}-{seed}-{paths}")
    for name in (scenario, where):
        if not name.isprintable() or not name:
            raise ValueError(f"{name!r} cannot stand in a job; allowed: printable characters")
    text = (files("stress.cluster") / "templates" / FILES[kind]).read_text(encoding="utf-8")
    return _Template(text).substitute(
        scenario=shlex.quote(scenario),
        paths=paths,
        seed=seed,
        out=shlex.quote(where),
        shards=shards,
        last=shards - 1,
    )
