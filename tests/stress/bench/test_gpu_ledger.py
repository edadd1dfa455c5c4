"""The ledger of predicted GPU rates: what is counted in a compiled text, what follows, and whether it is fresh."""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from checkout import ROOT, benchmark_script
from library_scenarios import problem_of
from stress.bench import gpu_ledger
from stress.bench.gpu_ledger import LEDGER, Ledger, Program, digest, read_ledger, state_of, turns
from stress.engine import sizes

gpu_traffic = benchmark_script("gpu_traffic")
gpu_compile = benchmark_script("gpu_compile")
TILE = 8
# Three steps; in each a condition and a cascade. Shapes of 8 paths and 2 or 4 rows.
TEXT = """
HloModule jit_shard
%round_body (p: (s32[], f32[4,8])) -> (s32[], f32[4,8]) {
  %p = (s32[], f32[4,8]) parameter(0)
  %x = f32[4,8]{1,0} get-tuple-element(%p), index=1
  %a = f32[4,8]{1,0} fusion(%x), kind=kLoop, calls=%f
  %b = f32[4,8]{1,0} fusion(%a, %x), kind=kLoop, calls=%f
  ROOT %t = (s32[], f32[4,8]) tuple(%b)
}
%small (p: f32[2,8]) -> f32[2,8] {
  %p = f32[2,8]{1,0} parameter(0)
  ROOT %c = pred[2,8]{1,0} copy(%p)
}
%large (p: f32[4,8]) -> f32[4,8] {
  %p = f32[4,8]{1,0} parameter(0)
  ROOT %c = f32[4,8]{1,0} copy(%p)
}
%step_body (p: (s32[], f32[4,8])) -> (s32[], f32[4,8]) {
  %p = (s32[], f32[4,8]) parameter(0)
  %x = f32[4,8]{1,0} get-tuple-element(%p), index=1
  %y = f32[4,8]{1,0} fusion(%x), kind=kLoop, calls=%f
  %k = f32[4,8]{1,0} conditional(%y, %x, %x), branch_computations={%small, %large}
  %v = (s32[], f32[4,8]{1,0}) while(%p), condition=%c2, body=%round_body
  ROOT %t = (s32[], f32[4,8]) tuple(%y)
}
%tile_body (p: (s32[], f32[4,8])) -> (s32[], f32[4,8]) {
  %p = (s32[], f32[4,8]) parameter(0)
  %s = (s32[], f32[4,8]{1,0}) while(%p), condition=%c3, body=%step_body, backend_config={"known_trip_count":{"n":"3"}}
  %x = f32[4,8]{1,0} get-tuple-element(%s), index=1
  %r = f32[2,8]{1,0} fusion(%x), kind=kLoop, calls=%f
  ROOT %t = (s32[], f32[4,8]) tuple(%r)
}
ENTRY %main (p: f32[4,8]) -> f32[4,8] {
  %p = f32[4,8]{1,0} parameter(0)
  %m = (s32[], f32[4,8]{1,0}) while(%p), condition=%c4, body=%tile_body
  ROOT %o = f32[4,8]{1,0} get-tuple-element(%m), index=1
}
"""
UPDATED = "%u = f32[8,8]{1,0} dynamic-update-slice"
NEW = Program(
    scenario="a",
    program="sales",
    share_of_paths=0.5,
    tile=TILE,
    steps=3,
    trading_steps=2.0,
    rounds=5.0,
    kernels={"step": 1, "trading_step": 2, "round": 2, "around": 3},
    bytes_a_path={"step": 10, "trading_step": 15, "round": 20, "around": 30},
    temporaries_mb=1,
    compile_seconds=1.0,
    paths_per_second=2e6,
    bound_by="memory",
)


def test_kernels_and_bytes_of_a_text_are_counted() -> None:
    parts = gpu_traffic.counted(TEXT, 3, TILE)
    four, two = 4 * 8 * 4, 2 * 8 * 4
    assert parts["round"] == (2, (2 * four + 3 * four) / TILE)
    assert parts["step"] == (1 + 1, (2 * four + two + two / 4) / TILE)  # the cheaper branch makes bytes of numbers
    assert parts["trading_step"] == (1 + 1, (2 * four + 2 * four) / TILE)
    assert parts["around"] == (1, (two + four) / TILE)


def test_the_dearer_or_the_cheaper_branch_is_taken_everywhere() -> None:
    body = gpu_traffic.Body
    bodies = {
        "whole": body(1, 10, [("twice", 2), ("as long as needed", None)], [["cheap", "inner"]]),
        "twice": body(1, 1, [], [["dear", "cheap"]]),
        "as long as needed": body(100, 100),
        "cheap": body(7, 5),
        "dear": body(2, 50),
        "inner": body(1, 6, [], [["cheap", "dear"]]),
    }
    assert gpu_traffic.turn(bodies, "whole") == (1 + 2 * (1 + 2) + 1 + 2, 10 + 2 * (1 + 50) + 6 + 50)
    assert gpu_traffic.turn(bodies, "whole", dearest=False) == (1 + 2 * (1 + 7) + 7, 10 + 2 * (1 + 5) + 5)
    assert gpu_traffic.turn(bodies, "inner", dearest=False) == (1 + 7, 6 + 5)


@pytest.mark.parametrize(
    ("fused", "read", "written"),
    [
        ("ROOT %s = f32[2,8]{1,0} slice(%x), slice={[0:2],[0:8]}", 2, 2),
        ("%b = f32[8,8]{1,0} bitcast(%x)\n  ROOT %s = f32[2,8]{1,0} slice(%b), slice={[0:2],[0:8]}", 2, 2),
        (
            "%s = f32[3,8]{1,0} slice(%x)\n  %r = f32[3,8]{1,0} slice(%x)\n  ROOT %a = f32[8,8]{1,0} fusion(%s, %r)",
            6,
            8,
        ),
        ("%s = f32[2,8]{1,0} slice(%x)\n  ROOT %a = f32[8,8]{1,0} add(%x, %x)", 8, 8),
        (f"ROOT {UPDATED}(%x, %y, %i)", 0, 2),
        (f"%b = f32[8,8]{{1,0}} bitcast(%x)\n  ROOT {UPDATED}(%b, %y, %i)", 0, 2),
        (f"{UPDATED}(%x, %y, %i)\n  ROOT %t = (f32[8,8]{{1,0}}) tuple(%u)", 0, 2),
        (f"{UPDATED}(%x, %y, %i)\n  ROOT {UPDATED.replace('%u', '%v')}(%u, %y, %i)", 0, 4),
        (f"{UPDATED}(%x, %y, %i)\n  ROOT %a = f32[8,8]{{1,0}} add(%x, %u)", 8, 8),
        (f"{UPDATED}(%x, %y, %i)\n  ROOT %a = f32[8,8]{{1,0}} multiply(%u, %u)", 8, 8),
        (f"{UPDATED}(%x, %y, %i)\n  ROOT %a = f32[1,8]{{1,0}} slice(%u)", 8, 1),
    ],
)
def test_of_an_array_that_is_cut_or_changed_in_place_what_is_touched_counts(
    fused: str, read: int, written: int
) -> None:
    """Rows of 8 float32 numbers; beside the array `x` of 8 rows a kernel reads `y` of 2 and a whole number."""
    rows = re.findall(r"f32\[(\d),8\]", fused)[-1]
    text = f"""
%f (x: f32[8,8], y: f32[2,8], i: s32[]) -> f32[{rows},8] {{
  %x = f32[8,8]{{1,0}} parameter(0)
  %y = f32[2,8]{{1,0}} parameter(1)
  %i = s32[] parameter(2)
  {fused}
}}
ENTRY %main (x: f32[8,8], y: f32[2,8], i: s32[]) -> f32[{rows},8] {{
  %x = f32[8,8]{{1,0}} parameter(0)
  %y = f32[2,8]{{1,0}} parameter(1)
  %i = s32[] parameter(2)
  ROOT %k = f32[{rows},8]{{1,0}} fusion(%x, %y, %i), kind=kLoop, calls=%f
}}
"""
    bodies, entry = gpu_traffic.bodies_of(text)
    assert bodies[entry].kernels == 1
    assert bodies[entry].moved == 32 * (read + written + 2) + 4


def test_a_text_without_the_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="no loop of 7 turns"):
        gpu_traffic.counted(TEXT, 7, TILE)


def test_the_slower_of_memory_and_launches_bounds_each_part() -> None:
    tile, launch, second = 1_000, gpu_compile.LAUNCH, gpu_compile.BANDWIDTH
    parts = {
        "step": (10.0, 0.0),
        "trading_step": (10.0, 0.5 * second / tile),
        "round": (0.0, second / tile),
        "around": (0.0, 0.0),
    }
    rate, bound = gpu_compile.predicted(parts, turns(4, 3.0, 2.0), tile)
    assert rate == pytest.approx(tile / (10 * launch + 3 * 0.5 + 2.0))
    assert bound == "memory, most of it in the rounds of the cascade"
    _, bound = gpu_compile.predicted(parts, turns(4, 3.0, 1.0), tile)
    assert bound == "memory, most of it in the steps"
    rate, bound = gpu_compile.predicted(parts, turns(4, 0.0, 0.0), tile)
    assert rate == pytest.approx(tile / (4 * 10 * launch))
    assert bound == "launches, most of it in the steps"
    assert NEW.turns == turns(NEW.steps, NEW.trading_steps, NEW.rounds)


def test_paths_are_dealt_to_tiles_by_their_first_trade(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_compile, "TOGETHER", 256)
    one, four = (gpu_compile.course_of(problem_of("desk"), tiles, 512) for tiles in (1, 4))
    assert 0.28 < one.share < 0.38
    assert one.trading_steps > 8 > four.trading_steps > 4, "of 10; a path trades first in the sixth on average"
    assert one.rounds > 1.3 * four.rounds > 20
    calm = gpu_compile.course_of(problem_of("desk", "shocks.scale=0.01"), 2, 512)
    assert calm == (0.0, 0.0, 0.0)


def test_a_scenario_takes_the_time_of_its_programs_by_the_paths_that_go_through_them() -> None:
    quiet = replace(NEW, program="quiet", share_of_paths=1.0, paths_per_second=1e7)
    ledger = Ledger("a card", "0", "digest", [NEW, quiet])
    assert ledger.rate("a") == pytest.approx(1.0 / (0.5 / 2e6 + 1.0 / 1e7))
    assert math.isnan(ledger.rate("another"))


def test_a_ledger_is_fresh_stale_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    assert state_of(path) == "absent"
    for code, state in ((digest(["desk"]), "fresh"), ("another", "stale")):
        ledger = Ledger("a card", "0", code, [replace(NEW, scenario="desk")])
        path.write_text(json.dumps(ledger.document()), encoding="utf-8")
        assert read_ledger(path) == ledger
        assert state_of(path) == state
    whole = path.read_text(encoding="utf-8")
    for damaged in (whole[: len(whole) // 2], whole.replace('"tile"', '"tiles"'), "[]", "{}"):
        path.write_text(damaged, encoding="utf-8")
        assert state_of(path) == "damaged"


def test_what_the_ledger_follows_from_is_in_its_digest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk = problem_of("desk")
    retold = replace(desk, canonical=desk.canonical | {"title": "Another"})
    longer = replace(desk, canonical=desk.canonical | {"horizon": {"steps": 20}})
    for name in gpu_ledger.DEALT_BY:
        shutil.copy(Path(sizes.__file__).with_name(name), tmp_path)
    seen = [digest(["desk"]), digest(["desk", "calm"])]
    for problem in (retold, longer):
        monkeypatch.setattr(gpu_ledger, "build_problem", lambda scenario, problem=problem: problem)
        seen.append(digest(["desk"]))
    monkeypatch.undo()
    monkeypatch.setattr(sizes, "__file__", str(tmp_path / "sizes.py"))
    assert digest(["desk"]) == seen[0]
    for name in gpu_ledger.DEALT_BY:
        (tmp_path / name).write_text("TILES = 1\n", encoding="utf-8")
        seen.append(digest(["desk"]))
    assert seen[2] == seen[0], "a title is no number"
    assert len(set(seen)) == 6


def row_of(scenario: str, ledger: Ledger) -> str:
    """The scenario in the table of docs/performance.md."""
    programs = [one for one in ledger.programs if one.scenario == scenario and one.share_of_paths > 0]
    slowest = max(programs, key=lambda one: one.share_of_paths / one.paths_per_second)

    def part(name: str) -> str:
        return f"{slowest.kernels[name]}, {slowest.bytes_a_path[name] / 1e3:.1f} kB"

    trades = slowest.program == "sales"
    cells = [
        f"`{scenario}`",
        f"{ledger.rate(scenario) / 1e6:.1f}",
        " and ".join(f"{one.program} {100 * one.share_of_paths:.0f} %" for one in programs),
        part("step") if slowest.turns["step"] else "-",
        part("trading_step") if trades else "-",
        f"{slowest.trading_steps:g} of {slowest.steps}" if trades else "-",
        part("round") if trades else "-",
        f"{slowest.rounds:g}" if trades else "-",
        f"{slowest.temporaries_mb} MB",
        slowest.bound_by,
    ]
    return f"| {' | '.join(cells)} |"


def test_the_docs_have_the_ledger_s_figures_and_say_of_what_code_they_are() -> None:
    ledger = read_ledger()
    assert ledger is not None, f"{LEDGER} is written by benchmarks/gpu_compile.py --write"
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `[\w-]+` \| [\d.]+ \| .*\|$", text[text.index("### Predicted") :], re.MULTILINE)
    assert rows == [row_of(name, ledger) for name in dict.fromkeys(x.scenario for x in ledger.programs)]
    stale = "kernels have changed since" in " ".join(text.split())
    assert stale == (state_of() == "stale"), "say so in docs/performance.md, or renew the ledger"
