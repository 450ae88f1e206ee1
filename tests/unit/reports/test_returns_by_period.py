"""Returns by month and by year: a naive loop over dates agrees, and money that comes in is no gain."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portopt.document.by_period import drawdown_of, monthly, yearly, yearly_of

RETURNS = st.lists(st.floats(-0.05, 0.05), min_size=5, max_size=300)


def days(returns: list[float], flows: np.ndarray) -> dict[str, object]:
    """A history of money with flows, and the benchmark at half of every return."""
    dates = np.busday_offset("2019-11-20", np.arange(len(returns) + 1), roll="forward").astype("datetime64[D]")
    worth = {"net": [100.0], "benchmark": [100.0]}
    for t, r in enumerate(returns, start=1):
        for name, share in (("net", 1.0), ("benchmark", 0.5)):
            worth[name].append(worth[name][-1] * (1.0 + share * r) + flows[t])
    return {"date": [str(d) for d in dates], **worth, "gross": None, "equal_weight": None, "do_nothing": worth["benchmark"]}


def compounded(dates: list[str], returns: list[float], digits: int) -> dict[str, float]:
    found: dict[str, float] = {dates[0][:digits]: 0.0}
    for (_, day), r in zip(pairwise(dates), returns, strict=True):
        found[day[:digits]] = (1.0 + found.get(day[:digits], 0.0)) * (1.0 + r) - 1.0
    return found


@settings(max_examples=60, deadline=None)
@given(returns=RETURNS, amounts=st.lists(st.floats(-5.0, 20.0), min_size=0, max_size=4), seed=st.integers(0, 99))
def test_the_returns_of_each_period_are_those_of_its_days_whatever_comes_in(
    returns: list[float], amounts: list[float], seed: int
) -> None:
    flows = np.zeros(len(returns) + 1)
    rows = np.random.default_rng(seed).integers(1, len(returns) + 1, len(amounts))
    for row, amount in zip(rows, amounts, strict=True):
        flows[row] += amount
    told = days(returns, flows)
    if min(told["net"]) <= 1.0 or min(told["benchmark"]) <= 1.0:
        return
    by_month, by_year = compounded(told["date"], returns, 7), compounded(told["date"], returns, 4)
    assert [f"{row['year']}-{row['month']:02d}" for row in monthly(told, flows)] == list(by_month)
    assert [row["net"] for row in monthly(told, flows)] == pytest.approx(list(by_month.values()), abs=1e-9)
    rows_of_years = yearly(told, flows)
    assert [row["year"] for row in rows_of_years] == [int(year) for year in by_year]
    assert [row["net"] for row in rows_of_years] == pytest.approx(list(by_year.values()), abs=1e-9)
    assert [row["active"] for row in rows_of_years] == [row["net"] - row["benchmark"] for row in rows_of_years]
    assert all(row["gross"] is None for row in rows_of_years)
    assert sum(row["sessions"] for row in rows_of_years) == len(returns)
    of_one = yearly_of(told["net"], told["date"], flows)
    assert [(r["year"], r["total_return"], r["fall"]) for r in of_one] == [
        (r["year"], r["net"], r["fall"]) for r in rows_of_years
    ]


def test_the_fall_of_a_year_is_from_its_own_highest_close() -> None:
    dates = [date(2020, 12, 30), date(2020, 12, 31), date(2021, 1, 4), date(2021, 1, 5), date(2021, 1, 6)]
    worth = [100.0, 80.0, 84.0, 63.0, 90.0]
    told = {
        "date": [d.isoformat() for d in dates],
        **dict.fromkeys(("net", "benchmark", "gross", "equal_weight", "do_nothing"), worth),
    }
    rows = yearly(told, np.zeros(5))
    assert [row["fall"] for row in rows] == pytest.approx([-0.2, -0.25])
    assert [row["net"] for row in rows] == pytest.approx([-0.2, 0.125])


def test_money_taken_out_is_no_drawdown() -> None:
    flows = np.array([0.0, 0.0, -50.0, 0.0])
    assert drawdown_of([100.0, 110.0, 60.0, 54.0], flows) == pytest.approx([0.0, 0.0, 0.0, -0.1])
    assert drawdown_of([100.0, 110.0, 60.0, 66.0], np.zeros(4)) == pytest.approx([0.0, 0.0, 60 / 110 - 1, 66 / 110 - 1])


def test_what_came_to_nothing_has_no_returns() -> None:
    told = {"date": ["2020-01-02", "2020-01-03"], "net": [1.0, 0.0], "benchmark": [1.0, 0.0]}
    assert monthly(told, np.zeros(2)) == [{"year": 2020, "month": 1, "net": None, "benchmark": None}]
    assert yearly_of([1.0, 0.0], told["date"], np.zeros(2)) == []
