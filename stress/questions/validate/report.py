"""A validation as a table, as a JSON document and as a dataset."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from stress.questions.validate.check import Check
from stress.questions.validate.validation import Validation

if TYPE_CHECKING:
    import xarray as xr
    from rich.table import Table


def table(found: Validation, failed: bool = False) -> Table:
    """A line a check; with `failed` those alone that did not pass."""
    from rich.table import Table

    title = "what failed" if failed else f"{found.name}: engine against reference and against itself"
    result = Table(title=title, title_justify="left")
    for heading, justify in (("of", "left"), ("check", "left"), ("value", "right"), ("at most", "right")):
        result.add_column(heading, justify=justify)  # type: ignore[arg-type]
    result.add_column("")
    for check in (check for check in found.checks if not (failed and check.passed)):
        word = "pass" if check.passed else "FAIL"
        name = f"{check.name} ({check.note})" if check.note else check.name
        result.add_row(check.part, name, f"{check.value:.3g}", f"{check.tolerance:.3g}", word)
    return result


def verdict(found: Validation) -> str:
    """One sentence."""
    failed = [check for check in found.checks if not check.passed]
    aside = f", {len(found.aside)} of them aside" if found.aside else ""
    paths = f"{found.paths} paths by both{aside}, {found.engine_paths:,} by the engine"
    if not failed:
        return f"all {len(found.checks)} checks passed: {paths}"
    return f"{len(failed)} of {len(found.checks)} checks failed: {paths}"


def document(found: Validation) -> dict[str, Any]:
    """The same for JSON; a value that is not finite is null."""
    return {
        "scenario": found.name,
        "passed": found.passed,
        "paths": found.paths,
        "engine_paths": found.engine_paths,
        "seed": found.seed,
        "aside": list(found.aside),
        "checks": [_entry(check) for check in found.checks],
    }


def _entry(check: Check) -> dict[str, Any]:
    value = check.value if math.isfinite(check.value) else None
    entry = {"of": check.part, "check": check.name, "passed": check.passed}
    return entry | {"value": value, "tolerance": check.tolerance, "note": check.note}


def dataset(found: Validation) -> xr.Dataset:
    """Values, tolerances and verdicts by check."""
    import xarray as xr

    checks = found.checks
    data = {
        "of": ("check", np.array([check.part for check in checks])),
        "value": ("check", np.array([check.value for check in checks]), {"long_name": "what came out", "units": "1"}),
        "tolerance": (
            "check",
            np.array([check.tolerance for check in checks]),
            {"long_name": "largest value allowed", "units": "1"},
        ),
        "passed": (
            "check",
            np.array([check.passed for check in checks], np.int8),
            {"long_name": "1 = passed", "units": "1"},
        ),
        "note": ("check", np.array([check.note for check in checks])),
    }
    attrs = {"scenario": found.name, "paths": found.paths, "engine_paths": found.engine_paths, "seed": str(found.seed)}
    attrs |= {"aside": json.dumps(list(found.aside)), "passed": int(found.passed)}
    return xr.Dataset(data, {"check": ("check", np.array([check.name for check in checks]))}, attrs)
