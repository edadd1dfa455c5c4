"""Tables of numbers in the settings of a report are counted, not written out."""

from __future__ import annotations

from stress.results.report.sections.settings import assumptions


def test_histories_loadings_and_matrices_are_counted() -> None:
    shocks = {
        "bootstrap": {"returns": {"a": [0.125] * 40, "b": [0.375] * 40}, "mean_block": 7},
        "factor": {
            "loadings": {name: {"market": 0.625} for name in "abc"},
            "correlation": {"matrix": {"market": {"market": 1.0, "rates": 0.875}, "rates": {}}},
        },
        "regime": {"correlation": {"matrix": [[1.0, 0.75], [0.75, 1.0]]}},
    }
    written = repr(assumptions({"scenario": {"shocks": shocks}}))
    for words in ("daily returns of 2 assets", "loadings of 3 assets", "a matrix of 2 factors", "a matrix of 2 assets"):
        assert words in written
    assert "shocks.bootstrap.mean_block" in written
    assert not any(number in written for number in ("0.125", "0.625", "0.875", "0.75"))
