"""`[shocks] replay`: which moves, which days in which steps, and which name follows what."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from replay_examples import BETAS, IDS, replay_document, replayed, returns
from scenario_example import differences, problem_of, refused
from stress.questions.validate.kernels import engine_draws
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.read.loader import load_scenario
from stress.scenarios.replay.episode import episode_names, read_episode
from stress.scenarios.replay.report import replay_facts, replay_sentences

SEED, PATHS = 7, 20_000


def of(problem: Any, asset: str) -> int:
    return int(problem.assets.ids.index(asset))


def test_names_follow_by_the_first_rule_that_applies() -> None:
    asked = replayed()
    given = asked.shocks.replay
    assert given is not None
    how = dict(zip(asked.assets.ids, given.how, strict=True))
    assert how == {
        "AAA": "by regression",
        "BBB": "by regression",
        "CCC": "by its sector",
        "DDD": "by its class",
        "EEE": "by hand",
        "SPY US": "by its ticker",
        "semis": "itself",
    }
    observed = read_episode("tariff-2025", "observed", "", "").returns
    script = asked.shocks.script
    np.testing.assert_allclose(script[:5, of(asked, "semis")], observed["semis"], rtol=1e-12)
    np.testing.assert_allclose(script[:5, of(asked, "CCC")], observed["health"], rtol=1e-12)
    np.testing.assert_allclose(script[:5, of(asked, "DDD")], observed["hy_credit"], rtol=1e-12)
    np.testing.assert_allclose(script[:5, of(asked, "EEE")], (1 + np.array(observed["tech"])) ** -4.0 - 1, rtol=1e-12)
    assert (script[5] == 0).all()
    market = script[:5, of(asked, "SPY US")]
    assert np.abs(market - [-0.0484, -0.0597, -0.0023, -0.0157, 0.0952]).max() < 0.013  # the S&P 500 of these days
    columns = {name: np.array(values) for name, values in returns().items()}
    for name in BETAS:
        x = np.column_stack([np.ones(400), columns["SPY US"], columns["semis"]])
        betas, *_ = np.linalg.lstsq(x, columns[name], rcond=None)
        expected = (1 + market) ** betas[1] * (1 + np.array(observed["semis"])) ** betas[2] - 1
        np.testing.assert_allclose(script[:5, of(asked, name)], expected, rtol=1e-9)
        left = np.sqrt(((columns[name] - x @ betas) ** 2).mean()) / columns[name].std()
        assert given.residual[of(asked, name)] == pytest.approx(left, rel=1e-9)


def test_days_of_a_replay_draw_residuals_alone_and_later_steps_as_ever() -> None:
    """Against the same draws in NumPy: what the regressed names share with those that they follow is taken out."""
    made = replay_document()
    asked = problem_of(made)
    found, given = engine_draws(asked, SEED, PATHS), asked.shocks.replay
    assert given is not None
    del made["shocks"]["replay"]
    plain = engine_draws(problem_of(made), SEED, PATHS)
    np.testing.assert_array_equal(found[5], plain[5])
    mean = 0.2 / 252
    freed = [of(asked, "SPY US"), of(asked, "semis")]
    sd = asked.assets.shock_vol / np.sqrt(252)
    covariance = np.outer(sd, sd) * asked.shocks.correlation
    betas = np.linalg.solve(covariance[np.ix_(freed, freed)], covariance[freed])
    for name in IDS:
        i, raw = of(asked, name), plain[:5] - mean
        if name not in ("AAA", "BBB", "EEE"):
            assert (found[:5, i] == 0).all(), name
            continue
        rest = raw[:, i] - np.einsum("f,sfp->sp", betas[:, i], raw[:, freed])
        left = covariance[i, i] - betas[:, i] @ covariance[freed, i]
        kept = given.residual[i] * sd[i] / np.sqrt(left)
        np.testing.assert_allclose(found[:5, i], kept * rest, rtol=1e-9, atol=1e-12)
        wanted = given.residual[i] * sd[i]
        error = (found[:5, i] ** 2).std() / np.sqrt(5 * PATHS)
        assert abs((found[:5, i] ** 2).mean() - wanted**2) < 5 * error
        assert abs(np.mean(found[:5, i] * raw[:, freed[0]])) < 5 * np.std(found[:5, i] * raw[:, freed[0]]) / np.sqrt(
            5 * PATHS
        )


def test_day_k_fills_the_first_step_of_its_day() -> None:
    made = replay_document(steps=9)
    made["horizon"]["steps_per_day"] = 2
    asked = problem_of(made)
    assert asked.shocks.replay is not None
    assert asked.shocks.replay.steps == (1, 3, 5, 7, 9)
    assert (asked.shocks.script[[0, 2, 4, 6, 8]] != 0).any(axis=1).all()
    assert (asked.shocks.script[[1, 3, 5, 7]] == 0).all()
    made["horizon"]["steps"] = 8
    refused(made, "horizon.steps", "is shorter than the 5 days of tariff-2025")


def test_the_street_decides_between_observed_moves_and_news() -> None:
    facts = replay_facts(replayed())
    assert facts is not None
    assert (facts["moves"], facts["because"][:42]) == ("observed", "the funds of the episode are not in the sc")
    street = load_scenario("tariff-2025").set("shocks.script", [])
    problem = build_problem(street.set("shocks.replay", "tariff-2025"))
    original = build_problem(load_scenario("tariff-2025"))
    assert problem.shocks.replay is not None
    assert problem.shocks.replay.moves == "news"
    assert set(problem.shocks.replay.how) == {"itself"}
    np.testing.assert_allclose(problem.shocks.script, original.shocks.script, rtol=1e-12, atol=1e-15)
    said = replay_sentences(replay_facts(problem))
    assert said[0].startswith("Replay of tariff-2025: the news without the street's own selling (the funds of the")
    assert replay_facts(replayed(moves="news"))["because"] == "as asked for"  # type: ignore[index]


def test_one_fund_of_the_street_is_not_the_street() -> None:
    made = replay_document()
    made["funds"][0]["id"] = "multi_strat"
    assert "multi_strat" in {fund.id for fund in load_scenario("tariff-2025").funds}
    facts = replay_facts(problem_of(made))
    assert facts is not None
    assert facts["moves"] == "observed"


def test_an_episode_without_observed_moves_says_so() -> None:
    asked = replayed(episode="ai-unwind-2026")
    assert asked.shocks.replay is not None
    assert asked.shocks.replay.moves == "news"
    assert asked.shocks.replay.because.endswith("the library has the news alone")
    assert asked.shocks.replay.steps == (1, 2, 3)
    assert {"tariff-2025", "long-short-2025-04-03", "quant-2007-08", "archegos-2021"} < set(episode_names())


def test_the_canonical_document_needs_no_returns() -> None:
    asked = replayed()
    again = problem_of(copy.deepcopy(asked.canonical))
    assert "returns" not in asked.canonical["shocks"]["replay"]
    assert differences(asked.shocks, again.shocks) == []
    np.testing.assert_array_equal(engine_draws(asked, SEED, 64), engine_draws(again, SEED, 64))


@pytest.mark.parametrize(
    ("change", "key", "phrase"),
    [
        ({"episode": "crash-1929"}, "shocks.replay.episode", "is no episode of the library"),
        ({"map": {}}, "shocks.replay", "has nothing that EEE could follow"),
        ({"map": {"EEE": "teck"}}, "shocks.replay.map.EEE", "'teck' does not move in the episode"),
        ({"map": {"EEE": "tech", "FFF": "tech"}}, "shocks.replay.map.FFF", "'FFF' is no asset"),
        ({"map": {"EEE": {"tech": 1, "residual": 2}}}, "shocks.replay.map.EEE.residual", "is no share"),
        ({"map": {"EEE": {"tech": 1e6}}}, "shocks.replay.map.EEE", "moves EEE by inf on a day"),
        ({"map": {"EEE": {"tech": -1e3}}}, "shocks.replay.map.EEE", "on a day, by hand"),
        ({"freed": ["tech"]}, "shocks.replay.freed", "'tech' is no asset"),
        ({"episode": "archegos-2021"}, "shocks.replay.map.EEE", "'tech' does not move"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], key: str, phrase: str) -> None:
    refused(replay_document(steps=12, **change), key, phrase)


def test_a_script_or_a_condition_beside_a_replay_is_refused() -> None:
    made = replay_document()
    made["shocks"]["script"] = [{"step": 2, "moves": {"AAA": "-1 %"}}]
    refused(made, "shocks.script at step 2, AAA", "is moved by the replay of tariff-2025, too")
    made["shocks"]["script"] = []
    made["shocks"]["condition"] = [{"step": 2, "moves": {"AAA": "-1 %"}}]
    refused(made, "shocks.condition[0].moves.AAA", "has a scripted move at step 2, too")
    made["shocks"]["condition"][0]["step"] = 6
    assert problem_of(made).shocks.conditions
    made["shocks"]["condition"] = [{"step": 2, "moves": {"EEE": "-1 %"}}]
    made["shocks"]["replay"]["map"]["EEE"] = {"residual": 0.5}  # stands still but for a part of its own draw
    refused(made, "shocks.condition[0].moves.EEE", "has a scripted move at step 2, too")


def test_a_name_may_be_drawn_as_ever() -> None:
    made = replay_document(map={"EEE": "draw"})
    asked = problem_of(made)
    found = engine_draws(asked, SEED, 64)
    del made["shocks"]["replay"]
    plain = engine_draws(problem_of(made), SEED, 64)
    assert "1 draws as ever: EEE" in replay_sentences(replay_facts(asked))[1]
    i = of(asked, "EEE")
    np.testing.assert_allclose(found[:, i], plain[:, i], rtol=1e-12)
    assert (asked.shocks.script[:, i] == 0).all()


def test_an_index_of_the_returns_that_nobody_holds_serves_regressions() -> None:
    held = replayed()
    made = replay_document(map={"EEE": "draw", "semis": "draw"})
    made["assets"] = [asset for asset in made["assets"] if asset["id"] != "SPY US"]
    del made["funds"][0]["positions"]["SPY US"]
    found = problem_of(made)
    assert held.shocks.replay is not None
    assert found.shocks.replay is not None
    assert found.shocks.replay.how[of(found, "BBB")] == "by regression"
    alone = np.polyfit(returns()["SPY US"], returns()["BBB"], 1)[0]
    market = held.shocks.script[:5, of(held, "SPY US")]
    np.testing.assert_allclose(found.shocks.script[:5, of(found, "BBB")], (1 + market) ** alone - 1, rtol=1e-3)
