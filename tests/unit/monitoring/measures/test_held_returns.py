"""Returns of what was held, against a naive loop over days and assets."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.monitoring.measures.fulfilment import DeclaredBook
from portopt.monitoring.measures.held_returns import held_returns

FIRST = date(2024, 1, 1)
IDS = ("A", "B", "C")


def at(day: int) -> datetime:
    return datetime.combine(FIRST + timedelta(days=day), time(21), UTC)


def drawn(seed: int, days: int = 30) -> tuple[list[date], np.ndarray]:
    rng = np.random.default_rng(seed)
    prices = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, (days, 3)), axis=0))
    return [FIRST + timedelta(days=k) for k in range(days)], prices


@given(st.integers(0, 10_000), st.lists(st.integers(0, 29), min_size=1, max_size=4, unique=True))
def test_every_return_is_that_of_the_newest_book_of_an_earlier_day(seed: int, declared: list[int]) -> None:
    days, prices = drawn(seed)
    rng = np.random.default_rng(seed)
    books = [DeclaredBook(at(k), {a: float(rng.integers(1, 50)) for a in IDS}, float(rng.integers(0, 500))) for k in declared]
    found = held_returns(books, IDS, days, prices)
    expected = {}
    for t in range(1, len(days)):
        before = [b for b in books if b.at.date() < days[t]]
        if not before:
            continue
        held = max(before, key=lambda b: b.at)
        value = sum(held.shares[a] * prices[t - 1, j] for j, a in enumerate(IDS)) + held.cash
        now = sum(held.shares[a] * prices[t, j] for j, a in enumerate(IDS)) + held.cash
        expected[days[t]] = now / value - 1.0
    assert dict(zip(found.days, found.returns.tolist(), strict=True)) == pytest.approx(expected, abs=1e-12)
    assert found.active is None


def test_money_paid_in_is_no_return() -> None:
    days, prices = drawn(1, 3)
    flat = np.broadcast_to(prices[0], prices.shape)
    books = [DeclaredBook(at(-1), {"A": 10.0}, 100.0), DeclaredBook(at(0), {"A": 10.0}, 1_000_000.0)]
    assert held_returns(books, IDS, days, flat).returns.tolist() == [0.0, 0.0]


def test_a_day_without_a_price_is_flat_and_the_next_has_the_whole_move() -> None:
    days = [FIRST + timedelta(days=k) for k in range(3)]
    prices = np.array([[10.0], [np.nan], [12.0]])
    found = held_returns([DeclaredBook(at(-1), {"A": 1.0}, 0.0)], ("A",), days, prices)
    assert found.returns.tolist() == pytest.approx([0.0, 0.2])


def test_an_asset_without_a_price_leaves_the_days_out() -> None:
    days, prices = drawn(2, 5)
    assert held_returns([DeclaredBook(at(-1), {"Z": 1.0}, 10.0)], IDS, days, prices).days == ()
    prices[:3, 0] = np.nan
    assert held_returns([DeclaredBook(at(-1), {"A": 1.0}, 10.0)], IDS, days, prices).days == (days[4],)


def test_holding_the_benchmark_at_its_weights_has_no_active_return() -> None:
    days, prices = drawn(3, 2)
    benchmark = {"A": 0.5, "B": 0.3, "CASH": 0.2}
    held = {a: benchmark[a] * 1000.0 / prices[0, j] for j, a in enumerate(IDS) if a in benchmark}
    found = held_returns([DeclaredBook(at(-1), held, 200.0)], IDS, days, prices, benchmark)
    assert found.active is not None
    assert found.active == pytest.approx([0.0], abs=1e-14)


def test_a_benchmark_asset_without_a_price_leaves_active_returns_out() -> None:
    days, prices = drawn(4, 4)
    prices[:, 1] = np.nan
    assert held_returns([DeclaredBook(at(-1), {"A": 1.0}, 0.0)], IDS, days, prices, {"B": 1.0}).active is None
