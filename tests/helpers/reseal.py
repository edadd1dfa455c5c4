"""A result changed on purpose, by someone who writes the manifest anew: only its numbers can tell."""

from __future__ import annotations

import json
from pathlib import Path

from stress.results.files.manifest import MANIFEST, files_below, manifest_bytes, sum_of_file


def reseal(result: Path) -> None:
    """Write the manifest of a folder as its files are now."""
    sums = {name: sum_of_file(result / name) for name in files_below(result)}
    (result / MANIFEST).write_bytes(manifest_bytes(sums))


def say_spec(result: Path, text: str) -> None:
    """Have a result carry another spec."""
    root = json.loads((result / "zarr.json").read_text(encoding="utf-8"))
    root["attributes"]["spec"] = text
    (result / "zarr.json").write_text(json.dumps(root), encoding="utf-8")
    reseal(result)
