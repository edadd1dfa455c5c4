"""Rolling forecasts: a right model passes, wrong ones do not, and nothing is known before its day."""

from __future__ import annotations

import numpy as np
import pytest

from stress.questions.backtest.judged import judge, judge_overlapping
from stress.questions.backtest.models.protocol import Floats, Model
from stress.questions.backtest.models.registry import MODELS
from stress.questions.backtest.models.window import Settings, Window
from stress.questions.backtest.rolling import Plan, levels_in_order, overlapping, roll

DAYS, POSITIONS = 1200, np.array([[100.0, -20.0, 80.0], [50.0, 60.0, 110.0]])


class Known(Model):
    """The law of the returns themselves."""

    size = 0.01

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.seen = len(window.returns)

    def day(self, random: np.random.Generator, draws: int) -> Floats:
        return self.size * random.standard_normal((draws, 2))


class Narrow(Known):
    size = 0.006


class Wide(Known):
    size = 0.016


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, model in (("known", Known), ("narrow", Narrow), ("wide", Wide)):
        monkeypatch.setitem(MODELS, name, model)


def returns(seed: int = 3) -> Floats:
    return 0.01 * np.random.default_rng(seed).standard_normal((DAYS, 2))


def plan(**changes: object) -> Plan:
    return Plan(**({"models": ("known", "narrow", "wide"), "window": 200, "draws": 399} | changes))  # type: ignore[arg-type]


@pytest.mark.usefixtures("known")
def test_longer_forecasts_may_overlap() -> None:
    """From every day on; those of every tenth day are the ones that do not overlap, to the bit."""
    asked = plan(horizons=(1, 10), overlapping=True)
    apart, every = (f(returns(), POSITIONS, asked, lambda text: None) for f in (roll, overlapping))
    assert list(every) == [10]
    np.testing.assert_array_equal(every[10].var[:, ::10], apart[10].var)
    np.testing.assert_array_equal(every[10].losses[::10], apart[10].losses)
    found = judge_overlapping(every, ("a", "b", "system"), asked)["overlapping_10"]
    p = found["coverage_p"].sel(level=0.975)
    assert found.attrs == {"horizon_days": 10, "forecasts": 991, "block_days": 20}
    assert float(p.sel(model="narrow").max()) < 0.05
    assert float(p.sel(model="known").min()) > 0.01


@pytest.mark.usefixtures("known")
def test_the_right_model_passes_and_the_others_do_not() -> None:
    dates = tuple(map(str, np.datetime64("2020-01-01") + np.arange(DAYS)))
    tree = judge(roll(returns(), POSITIONS, plan()), ("a", "b", "system"), plan(), dates)
    one = tree["days_1"].to_dataset()
    assert dict(one.sizes) == {"model": 3, "fund": 3, "level": 2, "day": 1000}
    assert str(one["day"].values[0])[:10] == dates[200]
    right, narrow, wide = (one.sel(model=name) for name in ("known", "narrow", "wide"))
    for test in ("kupiec_p", "conditional_coverage_p", "z2_p", "ks_p", "berkowitz_p"):
        assert float(right[test].min()) > 0.01, test
        assert float(narrow[test].max()) < 0.01, test
    assert np.all(right["zone"] == "green")
    assert np.all(narrow["zone"] == "red")
    assert float(narrow["z2"].max()) < -1
    assert float(wide["z2"].min()) > 0.4
    assert float(wide["ks_p"].max()) < 0.01
    assert np.all(one["quantile_score"].argmin("model") == 0)
    assert np.all(right["score_p"] == 1)
    assert np.all(narrow["score_p"] < 0.05)
    assert right["expected_exceptions"].values[0].tolist() == pytest.approx([25, 10])
    ten = tree["days_10"].to_dataset()
    assert ten.sizes["day"] == 100
    assert float(ten["mean_var"].sel(model="known", fund="a", level=0.99)) == pytest.approx(
        10**0.5 * float(right["mean_var"].sel(fund="a", level=0.99)), rel=0.06
    )
    beyond = one["loss"] > one["var"]
    assert np.array_equal(beyond.sum("day").transpose(*one["exceptions"].dims), one["exceptions"])


@pytest.mark.usefixtures("known")
def test_losses_are_those_of_todays_positions_compounded() -> None:
    moves = returns()
    made = roll(moves, POSITIONS, plan(models=("known",), draws=39, levels=(0.975,)))
    assert made[10].days.tolist() == list(range(200, 1191, 10))
    prices = np.exp(moves[210:220].sum(axis=0)) - 1
    assert made[10].losses[1] == pytest.approx(-prices @ POSITIONS)
    assert made[1].losses[5] == pytest.approx(-(np.exp(moves[205]) - 1) @ POSITIONS)


def test_var_es_and_tail_of_draws_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ladder(Known):
        def day(self, random: np.random.Generator, draws: int) -> Floats:
            steps = random.permutation(draws)[:, None] / 1000.0
            return np.log1p(-np.hstack([steps, steps]))

    monkeypatch.setitem(MODELS, "ladder", Ladder)
    settings = plan(models=("ladder",), horizons=(1,))
    made = roll(returns()[:260], np.array([[1000.0], [0.0]]), settings)[1]  # losses 0, 1 ... 398
    assert made.var[0, 7, 0] == pytest.approx([389, 395])  # the tenth and the fourth from the top
    assert made.es[0, 7, 0] == pytest.approx([np.mean(range(389, 399)), np.mean(range(395, 399))])
    assert sorted(made.tails[0, 7, 0]) == pytest.approx(np.arange(389, 399) / 393.5)
    rank = np.sum(np.arange(399) < made.losses[7, 0])
    assert made.ranks[0, 7, 0] == pytest.approx((rank + 0.5) / 400)


@pytest.mark.usefixtures("known")
def test_the_rank_of_var_is_right_for_any_number_of_draws() -> None:
    """With 39 draws the 97.5 % VaR is their largest: a loss beyond it has probability 1/40, not less."""
    count = np.mean(
        [
            np.mean(made.losses[:, 0] > made.var[0, :, 0, 0])
            for seed in range(4)
            for made in roll(
                returns(seed), POSITIONS, plan(models=("known",), draws=39, levels=(0.975,), seed=seed, horizons=(1,))
            ).values()
        ]
    )
    assert abs(count - 0.025) < 4 * np.sqrt(0.025 / 4_000)


def test_nothing_is_known_before_its_day() -> None:
    moves = returns()[:320]
    settings = Plan(("gaussian", "bootstrap"), (1,), (0.975,), 150, 40, 39, 1, Settings())
    made = roll(moves, POSITIONS, settings)[1]
    other = moves.copy()
    other[250:] *= 5
    changed = roll(other, POSITIONS, settings)[1]
    assert np.array_equal(made.var[:, :101], changed.var[:, :101])  # the forecast for day 250 was made before it
    assert not np.array_equal(made.var[0, 101], changed.var[0, 101])
    assert np.array_equal(made.var[1, 101:110], changed.var[1, 101:110])  # not before the next fit, on day 270
    assert not np.array_equal(made.var[1, 120], changed.var[1, 120])


def test_models_do_not_depend_on_which_others_are_asked() -> None:
    moves = returns()[:330]
    alone = roll(moves, POSITIONS, Plan(("bootstrap",), (1,), (0.975,), 200, 500, 39))[1]
    both = roll(moves, POSITIONS, Plan(("gaussian", "bootstrap"), (1,), (0.975,), 200, 500, 39))[1]
    assert np.array_equal(alone.var[0], both.var[1])


def test_plans_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="'garch2'; allowed: gaussian"):
        Plan(models=("garch2",))
    with pytest.raises(ValueError, match=r"level 0\.999 is no rank of 399 draws"):
        Plan(levels=(0.975, 0.999), draws=399)
    with pytest.raises(ValueError, match=r"allowed: 0\.975, which Z2 needs"):
        Plan(levels=(0.99,))
    with pytest.raises(ValueError, match="a window of 100 days"):
        Plan(window=50)
    with pytest.raises(ValueError, match="600 days or more, not 550"):
        roll(returns()[:550], POSITIONS, Plan())
    assert levels_in_order([0.99, 0.95, 0.99]) == (0.95, 0.975, 0.99)
