"""What the numbers rest on: sources, limits of the model, definitions, and how the run was made."""

from __future__ import annotations

from typing import Any

import xarray as xr

from stress.results.report.elements import Block, Cell, Facts, Folded, Heading, Items, Row, Section, Table, Text, absent
from stress.results.report.numbers import plain
from stress.results.report.parts_of_result import attribute

SOURCES, LIMITS, PROVENANCE = "Sources", "Limits of the model", "Provenance"
ALWAYS = (
    "Impact is a law fitted to flows below a day's volume; what goes beyond is counted and named above.",
    "A fund type is a few members with a stated spread of leverage, not the real population of funds.",
    "Observed moves contain the forced selling of their day: a replay with impact answers “the same news again, with "
    "these funds in the market”, not “what happened”.",
    "Results are conditional on the scenario. They are no forecast and no investment advice.",
)
GRADES = {
    "[F]": "found in a published source",
    "[C]": "computed from daily closes or published factor returns",
    "[R]": "judgement or general knowledge",
}
LONGEST = 300  # characters of a value
ORIGIN = {"file_sha256": "SHA-256", "levstress": "levstress"}
FACTS = {
    "name": "Scenario",
    "spec_sha256": "SHA-256 of the scenario, resolved",
    "seed": "Seed",
    "paths": "Paths",
    "steps": "Steps",
    "steps_per_day": "Steps a day",
    "scenario_members": "Funds simulated (members of all types)",
    "rng": "Random numbers",
    "precision": "Precision",
    "device": "Device",
    "tile": "Paths in a tile",
    "block_size": "Paths in a block",
    "store": "Kept",
}


def sources(tree: xr.DataTree) -> Section:
    """Where the scenario's numbers come from, as its file says."""
    texts = [str(text) for text in attribute(tree, "sources", [])]
    if not texts:
        return absent("sources", SOURCES, "The scenario names no sources.")
    blocks: list[Block] = [Items(tuple(texts))]
    if any(text.startswith(tuple(GRADES)) for text in texts):
        meanings = "; ".join(f"{grade} {meaning}" for grade, meaning in GRADES.items())
        blocks.append(Text(f"Grades of the scenarios that come with levstress: {meanings}.", quiet=True))
    return Section("sources", SOURCES, blocks)


def limits(tree: xr.DataTree) -> Section:
    """What the model leaves out, and how its terms are meant."""
    texts = [_sentence(str(text)) for text in attribute(tree, "model_limits", [])]
    blocks: list[Block] = [Items((*texts, *ALWAYS))]
    terms = attribute(tree, "conventions", {})
    if terms:
        facts = Facts(tuple((str(term), str(meaning)) for term, meaning in sorted(terms.items())), compact=True)
        blocks.append(Folded("How the terms are meant", (facts,)))
    return Section("limits", LIMITS, blocks)


def provenance(tree: xr.DataTree, spec: dict[str, Any] | None) -> Section:
    """All that it takes to compute the same numbers again, and how long it took."""
    facts = [(title, _written(tree.attrs[key])) for key, title in FACTS.items() if key in tree.attrs]
    versions = spec.get("versions") if spec else None
    if not isinstance(versions, dict):
        versions = {
            name: tree.attrs[f"{name}_version"]
            for name in ("jax", "jaxlib", "numpy")
            if f"{name}_version" in tree.attrs
        }
    facts.append(("Versions", ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))))
    facts += _started_from(tree)
    seconds = attribute(tree, "seconds", {})
    if seconds:
        known = {
            str(phase).replace("_", " "): float(s) for phase, s in sorted(seconds.items()) if isinstance(s, int | float)
        }
        parts = ", ".join(f"{phase} {plain(s, 3)}" for phase, s in known.items())
        facts.append(("Seconds", f"{plain(sum(known.values()), 3)}: {parts}"))
    blocks: list[Block] = [
        Text("The same scenario, seed, versions and kind of device give the same numbers, bit for bit."),
        Facts(tuple(facts), compact=True),
    ]
    blocks += _overrides(tree)
    hashes = attribute(tree, "input_hashes", {})
    if hashes:
        rows = tuple(Row(str(name), (Cell(str(digest)),)) for name, digest in sorted(hashes.items()))
        blocks += [Heading("Input files"), Table("Input files and their SHA-256", ("File", "SHA-256"), rows)]
    return Section("provenance", PROVENANCE, blocks)


def _started_from(tree: xr.DataTree) -> list[tuple[str, str]]:
    """What was read, and the options as they were given."""
    facts, origin, options = [], attribute(tree, "origin", {}), attribute(tree, "options", {})
    if origin:
        kind = "library scenario" if origin.get("library") else "scenario file"
        known = [f"{kind} {origin['scenario']}"] if origin.get("scenario") else ["a document of the caller's"]
        known += [f"{name} {origin[key]}" for key, name in ORIGIN.items() if origin.get(key)]
        facts.append(("Started from", ", ".join(known)))
    if options:
        facts.append(("Options", ", ".join(f"{name} {_written(value)}" for name, value in sorted(options.items()))))
    return facts


def _overrides(tree: xr.DataTree) -> list[Block]:
    """Every override as it was given, and what it replaced."""
    given = attribute(tree, "origin", {}).get("overrides")
    changes = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    rows = tuple(Row(str(one.get("given")), (Cell(_or_nothing(one.get("replaced"))),)) for one in changes)
    table = Table("Changes to the scenario, in their order", ("As given", "In place of"), rows)
    return [Heading("Changes"), table] if rows else []


def _or_nothing(replaced: Any) -> str:
    text = "nothing: it was left out" if replaced is None else str(replaced)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _written(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e15 else str(value)
