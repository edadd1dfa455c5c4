"""Books of options: published probabilities and gains, and the sampler against convolution at other settings."""

from __future__ import annotations

import numpy as np
import pytest

from published_reference import solved
from stress.published.convolution import loss_tail
from stress.published.inputs import read_inputs
from stress.published.registry import MODELS
from stress.scenarios.errors import ScenarioError

PUBLISHED = {
    "ten calls and five puts": (),
    "shorter options": ("maturity=0.1", "threshold=196.5"),
    "hedged": ("maturity=0.1", "threshold=206.6", "hedged=1"),
    "student_t": ("threshold=311", "dof=5"),
}


QUICK = ("hedged",)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(value, id=name, marks=() if name in QUICK else pytest.mark.slow)
        for name, value in PUBLISHED.items()
    ],
)
def test_as_published(settings: tuple[str, ...]) -> None:
    outputs, compared = solved("option-books", "draws=100000", *settings)
    # `draws` is no published number, so that only the convolution is looked at here.
    assert [x.name for x in compared if not x.agrees] == []
    found = float(loss_tail(read_inputs(MODELS["option-books"], None, list(settings)).values))
    case = next(case for case in MODELS["option-books"].cases if _settings(settings) == dict(case.inputs))
    for expected in case.outputs:
        ours = found if expected.name == "probability" else float(outputs[expected.name])
        assert abs(ours - float(expected.printed)) <= 1.3 * expected.tolerance(), expected.name


def _settings(texts: tuple[str, ...]) -> dict[str, float]:
    return {key: float(value) for key, value in (text.split("=") for text in texts)}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(("threshold=20", "strata=5"), marks=pytest.mark.slow),  # not rare
        pytest.param(("calls=[30, 1, 5]", "puts=[0, 12, 5]", "threshold=150", "maturity=0.3"), marks=pytest.mark.slow),
        pytest.param(("calls=[0, 4]", "puts=[3, 0]", "threshold=60", "dof=3"), marks=pytest.mark.slow),
        pytest.param(("dof=30", "hedged=1", "vol=0.6", "horizon=0.1", "threshold=900"), marks=pytest.mark.slow),
    ],
)
def test_elsewhere(settings: tuple[str, ...]) -> None:
    outputs, compared = solved("option-books", "draws=40000", *settings)
    assert {x.name: x.difference for x in compared if not x.agrees} == {}
    assert len(compared) == 4
    assert 0 < outputs["probability"] < 1
    assert outputs["stratified_se"] < outputs["probability_se"]


@pytest.mark.slow  # that the quadratic gains what it should is seen above
def test_a_wrong_quadratic_is_unbiased_but_loses_the_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delta, gamma and theta only guide: with another delta the probability is the same, and the variance larger."""
    from stress.published import option_books

    right, _ = solved("option-books", "draws=40000")
    whole = option_books.greeks

    def wrong(*arguments: object) -> option_books.Greeks:
        found = whole(*arguments)  # type: ignore[arg-type]
        return found._replace(delta=(0.2 * found.delta[0], 0.2 * found.delta[1]))

    monkeypatch.setattr(option_books, "greeks", wrong)
    outputs, compared = solved("option-books", "draws=40000")
    assert next(x for x in compared if x.name == "probability").agrees
    assert outputs["variance_ratio"] < 0.7 * right["variance_ratio"]


@pytest.mark.slow
def test_weights_that_are_wrong_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from stress.kernels.published.quadratic_twist import draw
    from stress.published import option_books

    def planted(*arguments: object) -> object:
        drawn = draw(*arguments)  # type: ignore[arg-type]
        return drawn._replace(weight=drawn.weight * 1.05)

    monkeypatch.setattr(option_books, "draw", planted)
    _, compared = solved("option-books")
    wrong = {x.name for x in compared if not x.agrees}
    assert {"probability", "stratified_probability", "quadratic_sampled"} <= wrong


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["dof=2"], "has no variance"),
        (["horizon=0.6"], "is not within the options' lives"),
        (["calls=0", "puts=0"], "no option is sold"),
        (["threshold=-1"], "threshold"),
    ],
)
def test_what_is_refused(settings: list[str], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        read_inputs(MODELS["option-books"], None, settings)


def test_the_convolution_of_one_asset_is_an_integral() -> None:
    given = read_inputs(MODELS["option-books"], None, ["calls=[10]", "puts=[5]", "threshold=40"]).values
    from scipy import optimize, special

    from stress.published.convolution import losses

    (loss, count), *rest = losses(given)
    assert (count, rest) == (1, [])
    up = optimize.brentq(lambda x: float(loss(np.asarray(x))) - 40.0, 0.0, 9.0)
    down = optimize.brentq(lambda x: float(loss(np.asarray(x))) - 40.0, -9.0, -1.0)
    assert float(loss_tail(given)) == pytest.approx(special.ndtr(-up) + special.ndtr(down), abs=3e-6)
