"""What is refused of mechanisms from outside, and what their source is: variants of the example of CONTRIBUTING.md."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import xarray as xr

import stress
from extension_example import document, source
from stress.compile.extensions import register_trigger, registered, unregister
from stress.compile.sources import source_digest
from stress.errors import InvariantFailed, WrongExtension
from stress.results.files.store import UnfinishedRun
from stress.run_directory.spec import OtherRun, problem_of, spec_of
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.extensions import VARIABLE, load_extensions
from stress.scenarios.read.loader import scenario_from_document

SALE = "return members_to_books(seen.structure, leaving)"
ALARM = "return any_row(-still.profit >= record.loss)"
LAW_OUT = "return jnp.where(flow < 0, -size, size)"

Variant = Callable[..., ModuleType]


@pytest.fixture
def variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Variant]:
    """Imports the example with some words changed."""
    monkeypatch.syspath_prepend(tmp_path)
    made: list[str] = []

    def make(*changes: tuple[str, str]) -> ModuleType:
        text = source()
        for old, new in changes:
            assert text.count(old) >= 1, old
            text = text.replace(old, new)
        name = f"variant_{tmp_path.name}_{len(made)}"
        made.append(name)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        invalidate_caches()
        return import_module(name)

    try:
        yield make
    finally:
        for extension in registered():
            unregister(extension.name)
        for name in made:
            sys.modules.pop(name, None)


def run(**more: Any) -> Any:
    return stress.run(stress.build_problem(scenario_from_document(document(**more))), paths=64, precision="float64")


def test_the_example_as_it_stands_is_accepted(variant: Variant) -> None:
    variant()
    assert float(run()["summary"]["mean_loss"].sel(fund="f")) > 0.1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('asked_by = "fund"', 'asked_by = "funds"', "asked_by is 'funds', and it is one of brokers, fund, close-out"),
        ('asked_by = "fund"', 'asked_by = "brokers"', "'redemptions' lacks fraction"),
        ("def sale(", "def sales(", "'redemptions' lacks sale"),
        ("def alarm(", "def alarms(", "'redemptions' lacks alarm"),
        ("def sale(", "def build(self, record, own, seen):\n        return None\n\n    def sale(", "builds and grows"),
        ('because = "redemptions"', "pass", "why a fund trades"),
        ('because = "redemptions"', 'because, sells = "it leaves", False', "says sells = False, its kernel True"),
        ('name = "redemptions"', 'name = "Redemptions!"', "'Redemptions!' is no name"),
        ('name = "redemptions"', 'name = "square_root"', "'square_root' is there already"),
        ('name = "redemptions"', 'name = "none"', "'none' is there already"),
        ('name = "logarithmic"', 'name = "margin_call"', "'margin_call' is there already"),
        ("redemption_share", "max_participation", "'max_participation' is there already, of [triggers]"),
        ("redemption_share", "target_vol", "'target_vol' is there already, of vol_target"),
        ("steepness", "permanent", "its key 'permanent' is there already, of [impact]"),
        ("steepness", "coefficient", "its key 'coefficient' is there already, of the law square_root"),
        ("def log_change(", "def log_changes(", "'logarithmic' lacks log_change"),
        ("RedemptionTrigger(), numbers)", "RedemptionTrigger(), numbers.__call__)", "record is no function"),
        (
            "class LogLaw(Law[LogNumbers]):\n",
            "class LogLaw(Law[LogNumbers]):\n    def __init__(self):\n        self.power = 2\n\n",
            "a kernel has no numbers of its own (power)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_when_registered(old: str, new: str, says: str, variant: Variant) -> None:
    before = registered()
    with pytest.raises(ValueError, match=r".") as caught:
        variant((old, new))
    assert says in str(caught.value)
    assert "redemptions" in {one.name for one in registered()} or registered() == before  # all of one, or nothing


def test_keys_of_books_are_checked(variant: Variant) -> None:
    module = variant()
    unregister("redemptions")
    for key in ("priority", "stop_loss"):
        books = type(module.Keys)("BookKeys", (module.Keys.__base__,), {"__annotations__": {key: int}, key: 1})
        table = module.RedemptionTable()
        table.book_keys = books
        with pytest.raises(ValueError, match=f"its key '{key}' is there already"):
            register_trigger(table, module.RedemptionTrigger(), module.numbers)
    assert "redemptions" not in {one.name for one in registered()}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (SALE, SALE + "[:, :1]", "redemptions: sale gives float64[1, 1] and has to give float64[1, "),
        (SALE, SALE + ".astype(jnp.float32)", "redemptions: sale gives float32[1, "),
        (SALE, "return 0.5", "redemptions: sale gives float and has to give"),
        (ALARM, "return -still.profit >= record.loss", "redemptions: alarm gives bool[1, "),
        (LAW_OUT, LAW_OUT + "[:1, :1]", "logarithmic: log_change gives float64[1, 1] and has to give float64[1, "),
        (
            "    def alarm(",
            "    def after_step(self, a, b, record, own, moved):\n        return moved.equity\n\n    def alarm(",
            "redemptions: after_step gives",
        ),
    ],
)
def test_another_shape_or_precision_is_refused(old: str, new: str, says: str, variant: Variant) -> None:
    variant((old, new))
    with pytest.raises(WrongExtension) as caught:
        run()
    assert says in str(caught.value)


def test_an_order_that_is_no_number_fails_the_run(variant: Variant) -> None:
    variant((SALE, f"return {SALE.removeprefix('return ')} * jnp.nan"))
    with pytest.raises(InvariantFailed):
        run()


@pytest.mark.slow
def test_another_version_is_compiled_anew(variant: Variant) -> None:
    """Also where its source is the same: what a module makes of its environment is not in it."""
    losses = []
    for steepness in ("1.0", "3.0"):
        variant(("record.scale *", f"{steepness} * record.scale *"))
        losses.append(float(run()["summary"]["mean_loss"].sel(fund="f")))
        unregister("redemptions")
        unregister("logarithmic")
    assert losses[1] > losses[0] + 1e-4


def test_a_changed_helper_is_another_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    texts = {
        "src_digest_top.py": "import json\nimport numpy\nfrom src_digest_pack.inner import x\n",
        "src_digest_pack/__init__.py": "",
        "src_digest_pack/inner.py": "x = 1\ndef f():\n    import src_digest_lazy\n",
        "src_digest_pack/other.py": "y = 1\n",
        "src_digest_lazy.py": "z = 1\n",
        "src_digest_stranger.py": "w = 1\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    invalidate_caches()
    first = source_digest(["src_digest_top"])
    assert first == source_digest(["src_digest_top", "stress.kernels.triggers.protocol", "typing"])
    for name, text in texts.items():
        (tmp_path / name).write_text(text + "# changed\n", encoding="utf-8")
        assert (source_digest(["src_digest_top"]) == first) == ("stranger" in name), name
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="stands in no file"):
        source_digest(["src_digest_missing"])


def test_the_order_of_loading_does_not_matter(variant: Variant) -> None:
    renamed = [
        ("redemption_", "withdrawal_"),
        ('"redemptions"', '"aaa_withdrawals"'),
        ('"logarithmic"', '"log_two"'),
        ("steepness: Number", "slope: Number"),
        ("table.steepness", "table.slope"),
    ]
    both = {"redemption_loss": 0.05, "withdrawal_loss": 0.06}
    first, second = variant(), variant(*renamed)
    problem = stress.build_problem(scenario_from_document(document(triggers=both)))
    one = spec_of(problem, stress.RunOptions(paths=64))["identity"]
    unregister("redemptions")
    assert first.RedemptionTable.name == "redemptions"
    register_trigger(first.RedemptionTable(), first.RedemptionTrigger(), first.numbers)
    assert [extension.name for extension in registered()][-1] == "redemptions"
    problem = stress.build_problem(scenario_from_document(document(triggers=both)))
    assert spec_of(problem, stress.RunOptions(paths=64))["identity"] == one
    assert set(one["extensions"]) == {"redemptions", "aaa_withdrawals", "logarithmic"}
    assert second.RedemptionTable.name == "aaa_withdrawals"


def test_a_spec_whose_extensions_were_changed_is_refused(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    module = variant()
    spec = spec_of(stress.build_problem(scenario_from_document(document())), stress.RunOptions(paths=64))
    spec = json.loads(json.dumps(spec))
    problem_of(spec, "it")
    for other in (None, {}, ["a"], "os.system", {"redemptions": module.__name__}):
        changed = {key: value for key, value in spec.items() if key != "extensions"}
        changed |= {} if other is None else {"extensions": other}
        with pytest.raises(UnfinishedRun, match="extensions are not those of its identity"):
            problem_of(changed, "it")
    unregister("logarithmic")
    with pytest.raises(OtherRun, match="it: the run uses 'logarithmic' of the module"):
        problem_of(spec, "it")


def test_a_module_that_failed_says_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in (("fails_on_import", "raise RuntimeError('the reason')"), ("leaves", "raise SystemExit(7)")):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        invalidate_caches()
        monkeypatch.setenv(VARIABLE, name)
        for _ in range(2):
            with pytest.raises(ScenarioError, match="cannot be loaded") as caught:
                load_extensions()
            assert caught.value.key == VARIABLE


@pytest.mark.slow
def test_processes_of_a_local_cluster_load_what_was_imported_here(
    variant: Variant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    variant()
    problem = stress.build_problem(scenario_from_document(document("gaussian")))
    one = stress.run(problem, paths=500)
    many = stress.run(problem, paths=500, executor="dask", workers=1)
    assert VARIABLE not in os.environ
    xr.testing.assert_identical(one["distribution"].to_dataset(), many["distribution"].to_dataset())
