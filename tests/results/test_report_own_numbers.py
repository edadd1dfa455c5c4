"""Numbers beside the report's pictures are those of the fund that the picture is of."""

from __future__ import annotations

import pytest

from plot_example import TREE
from stress.results.report.elements import Gallery
from stress.results.report.sections.losses import amplification, outside

KEPT = TREE["tails"].to_dataset()["fund_loss"]


@pytest.mark.parametrize("fund", [str(fund) for fund in KEPT["fund"].values])
def test_the_worst_path_outside_the_axis_is_the_funds_own(fund: str) -> None:
    worst = 100 * float(KEPT.sel(fund=fund).max())
    assert outside(TREE, fund, -1.0, worst / 2).count(f", the worst {worst:.2f} %") == 1


def test_the_live_bars_of_amplification_have_their_errors() -> None:
    (gallery,) = (block for block in amplification(TREE).blocks if isinstance(block, Gallery))
    (trace,) = gallery.pictures[0].live["data"]
    summary = TREE["summary"].to_dataset().sel(level=0.99)
    for name, ratio, spread in zip(trace["y"], trace["x"], trace["error_x"]["array"], strict=True):
        at = summary.sel(fund=name) if name in summary["fund"].values else None
        value, error = (
            float(summary[f"system_amplification{end}"] if at is None else at[f"amplification{end}"])
            for end in ("", "_se")
        )
        assert float(ratio) == pytest.approx(value, rel=1e-4)
        assert spread == pytest.approx(2 * error)
