"""Tables of prices and returns: read, or refused with file, cell and what is allowed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stress.calibration.history import history_of, read_history
from stress.scenarios.errors import ScenarioError


def prices(days: int = 150) -> pd.DataFrame:
    random = np.random.default_rng(1)
    moves = 0.01 * random.standard_normal((days, 2))
    index = pd.bdate_range("2024-01-01", periods=days, name="date")
    return pd.DataFrame(100 * np.exp(np.cumsum(moves, axis=0)), index, ["BRK.B", "7203 JP"])


def test_prices_become_log_returns(tmp_path: Path) -> None:
    table = prices()
    table.to_csv(tmp_path / "p.csv")
    found = read_history(tmp_path / "p.csv")
    assert found.names == ("BRK.B", "7203 JP")
    assert found.returns == pytest.approx(np.diff(np.log(table.to_numpy()), axis=0))
    assert (found.days[0], found.days[-1]) == ("2024-01-02", "2024-07-26")
    assert len(found.sha256) == 64
    again = history_of(table)
    assert again.returns == pytest.approx(found.returns)
    assert again.days == found.days
    simple = table.pct_change().iloc[1:]
    assert history_of(simple, "returns").returns == pytest.approx(found.returns)
    assert history_of(np.log1p(simple), "log-returns").returns == pytest.approx(found.returns)
    assert found.simple == pytest.approx(simple.to_numpy())


def test_names_that_move_as_one_are_refused() -> None:
    table = prices()
    for twin in (table["BRK.B"] * 3.0, 1e4 / table["BRK.B"]):
        with pytest.raises(ScenarioError, match=r"twin: moves exactly as BRK\.B"):
            history_of(table.assign(twin=twin))


def test_a_day_that_nobody_has_is_left_out() -> None:
    table = prices()
    holiday = table.copy()
    holiday.iloc[50] = np.nan
    found = history_of(holiday)
    assert found.left_out == 1
    assert found.returns == pytest.approx(history_of(table.drop(table.index[50])).returns)


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        ((30, 1), np.nan, r"7203 JP, 2024-02-12: is empty, one of 1 such cells\n .*: take its returns\.csv"),
        ((30, 0), -1.0, r"BRK\.B, 2024-02-12 = -1\.0: cannot be\n  allowed: a price above 0"),
        ((30, 0), np.inf, r"BRK\.B, 2024-02-12 = inf: cannot be"),
        ((30, 0), "n/k", r"BRK\.B, 2024-02-12 = 'n/k': is no number"),
    ],
)
def test_cells_that_cannot_be(tmp_path: Path, cell: tuple[int, int], value: object, said: str) -> None:
    table = prices().astype(object)
    table.iloc[cell] = value
    table.to_csv(tmp_path / "p.csv")
    with pytest.raises(ScenarioError, match=r"p\.csv: " + said):
        read_history(tmp_path / "p.csv")


def test_tables_that_cannot_be(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    with pytest.raises(ScenarioError, match="is not there"):
        read_history(file)
    file.write_text("")
    with pytest.raises(ScenarioError, match="is no table"):
        read_history(file)
    file.write_text("date\n2024-01-01\n")
    with pytest.raises(ScenarioError, match="has no names"):
        read_history(file)
    table = prices()
    table.iloc[::-1].to_csv(file)
    with pytest.raises(ScenarioError, match="row 2 = '2024-07-25': does not come after the date above it"):
        read_history(file)
    table.reset_index(drop=True).to_csv(file)
    with pytest.raises(ScenarioError, match="row 1 = '0': is no date"):
        read_history(file)
    prices(100).to_csv(file)
    with pytest.raises(ScenarioError, match="days = 99: has too few days"):
        read_history(file)
    still = table.assign(**{"BRK.B": 5.0})
    with pytest.raises(ScenarioError, match=r"BRK\.B: never moves"):
        history_of(still)
    with pytest.raises(ScenarioError, match="header = 'a': stands there twice"):
        history_of(table.set_axis(["a", " a"], axis=1))
    with pytest.raises(ScenarioError, match=r"= -1\.0: cannot be\n  allowed: a simple return above -1"):
        history_of(table * 0 - 1.0, "returns")
    with pytest.raises(ValueError, match="allowed: prices, returns, log-returns"):
        history_of(table, "levels")
