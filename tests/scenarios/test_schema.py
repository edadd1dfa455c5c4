from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scenario_example import example, full_example
from stress.scenarios.library import library_path, list_names
from stress.scenarios.schema.scenario import json_schema


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_schema_accepts_a_scenario(validator: Draft202012Validator) -> None:
    validator.validate(example())
    validator.validate(full_example())


@pytest.mark.parametrize("name", list_names())
def test_the_schema_accepts_the_library(validator: Draft202012Validator, name: str) -> None:
    validator.validate(tomllib.loads(library_path(name).read_text(encoding="utf-8")))


def _set(document: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    here: Any = document
    *path, last = key.split("/")
    for part in path:
        here = here[int(part)] if part.isdigit() else here[part]
    here[last] = value
    return document


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("casade", {}),
        ("schema", 2),
        ("shocks/model", "cauchy"),
        ("shocks/dof", {"stocks": 4}),
        ("shocks/bootstrap", {"mean_block": 3}),
        ("shocks/scael", 1.0),
        ("horizon/steps", 0),
        ("horizon/steps", 2.5),
        ("assets/0/vol", "39 bn USD"),
        ("assets/0/vol", -1),
        ("assets/0/shock_vol", -1),
        ("assets/0/id", "a=b"),
        ("funds/0/nav", "10 %"),
        ("funds/0/triggers/max_leverage", "1.25 x NAV"),
        ("shocks/drift", "fair"),
        ("impact/half_life", "never"),
        ("impact/half_life", 0),
        ("impact/law", "cubic"),
        ("impact/lambda", "steep"),
        ("impact/slope", 1e-13),
        ("impact/B", 1),
        ("margin/method", "span"),
        ("margin/hike", {"level": 2}),
        ("margin/scenarios", {"equity": -0.1}),
        ("margin/concentration", {"per_day": -1}),
        ("triggers/target_vol", "0.1 x NAV"),
        ("triggers/speed", 0),
        ("triggers/two_way", "yes"),
        ("prime_brokers", {"pb_a": {"rate": 1}}),
        ("prime_brokers", {"pb_a": {"rate_factor": 0}}),
        ("crowding", {"quant": {"count": 3}}),
        ("funds/0/books/0/overlay", [[0.1]]),
        ("funds/0/books/0/priority", -1),
    ],
)
def test_the_schema_refuses(validator: Draft202012Validator, key: str, value: object) -> None:
    assert not validator.is_valid(_set(example(), key, value))


def test_the_schema_says_what_numbers_may_be(validator: Draft202012Validator) -> None:
    assert validator.is_valid(example(assets="assets.csv", funds="funds.csv"))
    assert validator.is_valid(_set(example(), "correlation/matrix", "matrix.csv"))
    assert validator.is_valid(_set(example(), "funds/0/triggers/max_leverage", "none"))
    assert validator.is_valid(_set(example(), "impact/half_life", "none"))
    assert validator.is_valid(_set(example(), "impact/half_life", 2.5))
    for target in ("start", "1.1 x start", "10 %", 0.1, "none"):
        assert validator.is_valid(_set(example(), "triggers/target_vol", target))
    assert validator.is_valid(_set(example(), "impact", {"law": "linear", "lambda": {"equity": 1e-13}}))
    assert validator.is_valid(_set(example(), "impact", {"law": "exponential", "pi": "5 %", "outstanding": "1 tn USD"}))
    assert "null" not in str(json_schema())


def test_the_scenario_layer_needs_no_jax() -> None:
    code = (
        "import sys, stress.scenarios.build.problem_builder, stress.scenarios.start, stress.scenarios.read.loader; "
        "print(sorted({'jax', 'xarray', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_library_is_listed_without_pydantic() -> None:
    code = (
        "import sys; from stress.scenarios.library import list_scenarios; "
        "list_scenarios(); print('pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
