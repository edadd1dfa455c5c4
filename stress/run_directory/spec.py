"""What makes two runs the same run: `spec.json` at the start, and a scenario back from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from stress.options import RunOptions
from stress.results.answers.protocol import QUESTION
from stress.results.dataset.tree import spec_digest
from stress.results.files import store
from stress.results.files.durable_write import make_folder, write_durably
from stress.results.files.store import SPEC, UnfinishedRun, spec_bytes
from stress.run_directory.chunk_store import LAYOUT
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.origin import Origin
from stress.scenarios.problem import Problem
from stress.scenarios.read.extensions import VARIABLE, load_extensions
from stress.scenarios.read.loader import scenario_from_document

METHOD_DIGEST = "method_sha256"  # beside what was fitted to a question

if TYPE_CHECKING:
    from stress.engine.weighted.method import Method

KINDS = ("cpu", "gpu")


class OtherRun(RuntimeError):
    """The directory holds another run than the one to be resumed."""


def spec_of(problem: Problem, options: RunOptions, method: Method | None = None) -> dict[str, Any]:
    """What `spec.json` holds: the scenario with every input resolved, how it is run, and with which versions.

    `options` are as given, None among them meaning "chosen"; `identity` is all that decides a path's numbers. With a
    `method` the run has further paths, which serve a question.
    """
    from stress.compile.extensions import used_by
    from stress.compile.structure import structure_of
    from stress.engine.plan import plan
    from stress.kernels.random.normals import GENERATOR

    planned = plan(problem, options)
    versions = {name: version(name) for name in ("levstress", "jax", "jaxlib", "numpy", "xarray", "zarr", "numcodecs")}
    extensions = used_by(structure_of(problem, options.members))
    spec: dict[str, Any] = {
        "scenario": problem.canonical,
        "order": {
            "assets": list(problem.assets.file_order),
            "funds": list(problem.funds.types_file_order),
            "prime_brokers": list(problem.funds.brokers_file_order),
        },
        "origin": problem.origin.document(),
        "inputs_sha256": problem.input_hashes,
        "defaults": list(problem.defaults_filled),
        "options": asdict(options),
        "resolved": {
            "device": planned.device,
            "device_why": planned.device_why,
            "block_size": planned.block_size,
            "tile": planned.tile,
        },
        "versions": versions,
        "identity": {
            "scenario_sha256": spec_digest(problem.canonical),
            "numbers_sha256": numbers_digest(problem, options),
            "seed": options.seed,
            "paths": options.paths,
            "precision": options.precision,
            "members": options.members,
            "every_path_stored": options.store == "paths",
            "rng": GENERATOR,
            "device_kind": planned.device_kind,
            "tile": planned.tile,
            "blocks": LAYOUT,
            "jaxlib": versions["jaxlib"],
            "levstress": versions["levstress"],
        },
    }
    if extensions:
        spec["extensions"] = {extension.name: extension.module for extension in extensions}
        spec["identity"]["extensions"] = {extension.name: extension.digest for extension in extensions}
    if method is not None:
        spec["method"] = method.document()
        spec["identity"][METHOD_DIGEST] = method.digest()
    return spec


def numbers_digest(problem: Problem, options: RunOptions) -> str:
    """SHA-256 of every number and switch that the kernels get."""
    from stress.compile.params import named_arrays, params_of
    from stress.compile.structure import structure_of

    structure = structure_of(problem, options.members)._replace(extensions=())  # have a digest each, see `spec_of`
    # As the repr of a structure without them: runs from before there were loadings and groups are still the same runs.
    there = {name: value for name, value in structure._asdict().items() if value or name not in ("groups", "sources")}
    text = ", ".join(f"{name}={value!r}" for name, value in there.items())
    digest = hashlib.sha256(f"{type(structure).__name__}({text})".encode())
    for name, array in named_arrays(params_of(problem, options.seed, options.precision, options.members)):
        digest.update(repr((name, array.dtype.str, array.shape)).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def identity_digest(spec: dict[str, Any]) -> str:
    """SHA-256 of a spec's identity."""
    return hashlib.sha256(json.dumps(spec["identity"], sort_keys=True).encode()).hexdigest()


def read_spec(out: Path) -> dict[str, Any]:
    """The spec of a run directory.

    Raises:
        UnfinishedRun: there is none, or it is not one of ours.
    """
    return whole_spec(store.read_spec(out), out)


def whole_spec(spec: dict[str, Any], out: Path) -> dict[str, Any]:
    """The spec found in a directory, when it is that of a run.

    Raises:
        UnfinishedRun: it is not.
    """
    if not isinstance(spec.get("identity"), dict) or "options" not in spec:
        raise UnfinishedRun(f"{out / SPEC} is not that of a run that can be taken up again")
    return spec


def spec_of_run(out: Path, tree: xr.DataTree | None) -> tuple[dict[str, Any], str]:
    """The spec of a run, and what is wrong with `spec.json`: a result carries the spec too, and is the one believed.

    Args:
        out: run directory, or a result on its own.
        tree: its result, all of whose files are what was written; None where there is none.

    Raises:
        UnfinishedRun: no spec can be read.
    """
    within = None if tree is None else store.spec_in(tree)
    if tree is None or within is None:
        return read_spec(out), ""
    fault = ""
    if not store.is_of(tree, out / SPEC):
        fault = f"{SPEC} is not what was run: the result says otherwise"
    elif not (store.is_result(out) or (out / SPEC).exists()):
        fault = f"{SPEC} is missing"
    return whole_spec(within, out), fault


def problem_of(spec: dict[str, Any], name: str) -> tuple[Problem, RunOptions]:
    """The scenario and the options of the spec of the run directory `name`, entities in the order of their file.

    The kind of device that "auto" took then is not chosen again.

    Raises:
        OtherRun: the run uses a mechanism from outside the package that is not here.
        UnfinishedRun: the spec has been changed, or is that of an answer.
    """
    if QUESTION in spec:
        asked = spec[QUESTION]["name"]
        raise UnfinishedRun(f"{name} holds the answer of `levstress {asked}`, not a run: allowed are show and report")
    _check_extensions(spec, name)
    try:
        problem = build_problem(scenario_from_document(spec["scenario"]))
        options, order = RunOptions(**spec["options"]), spec["order"]
        options = as_begun(options, spec)
        known = {
            "assets": problem.assets.file_order,
            "funds": problem.funds.types_file_order,
            "prime_brokers": problem.funds.brokers_file_order,
        }
        for name_of_list, ids in known.items():
            if sorted(order[name_of_list]) != sorted(ids):
                raise ValueError(f"order.{name_of_list} = {order[name_of_list]!r}: allowed: these in any order: {ids}")
        problem = replace(
            problem,
            assets=replace(problem.assets, file_order=tuple(order["assets"])),
            funds=replace(
                problem.funds,
                types_file_order=tuple(order["funds"]),
                brokers_file_order=tuple(order["prime_brokers"]),
            ),
            input_hashes=dict(spec["inputs_sha256"]),
            defaults_filled=tuple(spec["defaults"]),
            origin=Origin.from_document(spec["origin"]),
        )
    except Exception as error:  # of whatever a spec leads to that somebody has changed
        raise UnfinishedRun(f"{SPEC} of {name} does not say what was run: {type(error).__name__}: {error}") from error
    if spec_digest(problem.canonical) != spec["identity"].get("scenario_sha256"):
        raise UnfinishedRun(f"{SPEC} of {name} has been changed: its scenario is not the one that was run")
    return problem, options


def as_begun(options: RunOptions, spec: dict[str, Any]) -> RunOptions:
    """Options to go on with a run: a tile and a kind of device that are left open are those that it began with."""
    kind, tile = spec["identity"].get("device_kind"), spec["options"].get("tile")
    device = kind if options.device == "auto" and kind in KINDS else options.device
    return replace(options, device=device, tile=options.tile or tile)


def _check_extensions(spec: dict[str, Any], name: str) -> None:
    wanted, modules = spec["identity"].get("extensions", {}), spec.get("extensions", {})
    if not isinstance(wanted, dict) or not isinstance(modules, dict) or wanted.keys() != modules.keys():
        raise UnfinishedRun(f"{SPEC} of {name} has been changed: its extensions are not those of its identity")
    if not wanted:
        return
    from stress.compile.extensions import registered

    load_extensions()
    here = {extension.name for extension in registered()}
    lacking = {mechanism: module for mechanism, module in sorted(modules.items()) if mechanism not in here}
    if lacking:
        of = _by_module(lacking)
        raise OtherRun(
            f"{name}: the run uses {of}, which is not at hand: put it where Python finds it, and name it in "
            f"{VARIABLE}, {','.join(sorted({str(module) for module in lacking.values()}))}"
        )


def _by_module(modules: dict[str, Any]) -> str:
    """The mechanisms, and where they stand: 'a' and 'b' of the module 'm'."""
    return ", ".join(
        f"{' and '.join(repr(name) for name, its in modules.items() if its == module)} of the module {module!r}"
        for module in sorted({str(module) for module in modules.values()})
    )


def check_same(name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Refuse to go on with something else.

    Raises:
        OtherRun: naming what differs.
    """
    before, now = old["identity"], new["identity"]
    if before == now:
        return
    changed = _changed_extensions(old, before.get("extensions", {}), now.get("extensions", {}))
    told = {METHOD_DIGEST, *({"extensions", "numbers_sha256"} if changed else ())}  # the last follows from extensions
    lines = [
        f"{key}: {before.get(key)} there, {now[key]} now"
        for key in now
        if before.get(key) != now[key] and key not in told
    ]
    lines += changed
    if before.get(METHOD_DIGEST) != now.get(METHOD_DIGEST):
        lines.append(f"method: {_method(old)} there, {_method(new)} now")
    if before.get("scenario_sha256") != now["scenario_sha256"]:
        lines += _differences(old.get("scenario"), new["scenario"], "scenario")[:10]
    raise OtherRun(f"{name} holds another run:\n  " + "\n  ".join(lines))


def _method(spec: dict[str, Any]) -> str:
    table = spec.get("method")
    return f"{table['wanted']} for {table['for']['text']}" if isinstance(table, dict) else "plain"


def _changed_extensions(old: dict[str, Any], before: dict[str, str], now: dict[str, str]) -> list[str]:
    changed = {
        name: old.get("extensions", {}).get(name) for name in sorted(now) if before.get(name, now[name]) != now[name]
    }
    return [f"the source of {_by_module(changed)} has changed since; even a comment counts"] if changed else []


def _differences(before: Any, now: Any, key: str) -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        found = []
        for name in sorted({*before, *now}):
            found += _differences(before.get(name), now.get(name), f"{key}.{name}")
        return found
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [line for i, (a, b) in pairs for line in _differences(a, b, f"{key}[{i}]")]
    return [] if before == now else [f"{key}: {before!r} there, {now!r} now"]


def write_spec(out: Path, spec: dict[str, Any]) -> None:
    """Write the spec; several processes may do so at once for the same run."""
    make_folder(out)
    write_durably(out / SPEC, spec_bytes(spec))
