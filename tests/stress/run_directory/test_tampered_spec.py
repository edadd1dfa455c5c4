"""A spec that somebody has changed is refused by name, whatever stands in it; nothing in it ends in a bug."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from short_desk import short_desk
from stress.errors import DeviceNotFound, NotEnoughResources
from stress.options import RunOptions
from stress.results.files.store import UnfinishedRun, spec_bytes
from stress.run_directory.spec import OtherRun, check_same, problem_of, read_spec, spec_of
from stress.scenarios.build.problem_builder import build_problem

JUNK: tuple[Any, ...] = (None, True, -1, 0, 1.5, 10**30, "", "x", [], {}, [[1]], {"a": 1})


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    text = spec_bytes(spec_of(build_problem(short_desk()), RunOptions(paths=1000)))
    read: dict[str, Any] = json.loads(text)
    return read


def places(here: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a JSON document."""
    for key, value in here.items() if isinstance(here, dict) else enumerate(here):
        yield (key,)
        if isinstance(value, dict | list):
            yield from ((key, *rest) for rest in places(value))


def changed(spec: dict[str, Any], way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(spec)
    place: Any = document
    for key in way[:-1]:
        place = place[key]
    if value is ...:
        del place[way[-1]]
    else:
        place[way[-1]] = value
    return document


def taken_up(folder: Path, document: dict[str, Any]) -> bool:
    """Whether `resume` would go on with it; refused by name otherwise."""
    (folder / "spec.json").write_bytes(spec_bytes(document))
    try:
        read = read_spec(folder)
        problem, options = problem_of(read, "this run")
        check_same("this run", read, spec_of(problem, options))
    except (DeviceNotFound, NotEnoughResources):
        return False
    except (UnfinishedRun, OtherRun) as error:
        if not ("this run" in str(error) or "spec.json" in str(error)):
            raise AssertionError("the message does not say which run") from error
        return False
    return True


def tampered(spec: dict[str, Any], folder: Path, count: int) -> None:
    ways, wrong = list(places(spec)), []
    tops = [way for way in ways if len(way) <= 2]
    for number in range(count):
        chance = random.Random(number)
        way, value = chance.choice((chance.choice(ways), chance.choice(tops))), chance.choice((..., *JUNK))
        document = changed(spec, way, value)
        if document == spec:
            continue
        try:
            same = value in (None, ...) and way[0] == "scenario"  # a default that is left out is the same scenario
            if taken_up(folder, document) and way[0] in ("scenario", "identity") and not same:
                wrong.append(f"{way} = {value!r} is taken up")
        except Exception as error:
            wrong.append(f"{way} = {value!r}: {type(error).__name__}: {error}")
    assert wrong == []


def test_a_spec_that_was_changed_is_refused_by_name(spec: dict[str, Any], tmp_path: Path) -> None:
    assert taken_up(tmp_path, spec)
    tampered(spec, tmp_path, 60)


@pytest.mark.slow
def test_a_spec_changed_in_thousands_of_ways_is_refused_by_name(spec: dict[str, Any], tmp_path: Path) -> None:
    tampered(spec, tmp_path, 3_000)


def test_every_key_of_the_identity_is_needed(spec: dict[str, Any], tmp_path: Path) -> None:
    for key in spec["identity"]:
        for value in (..., "other"):
            assert not taken_up(tmp_path, changed(spec, ("identity", key), value)), key


def test_an_order_of_other_funds_is_named(spec: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_bytes(spec_bytes(changed(spec, ("order", "funds"), ["another"])))
    with pytest.raises(UnfinishedRun, match=r"order\.funds = \['another'\]"):
        problem_of(read_spec(tmp_path), "this run")
