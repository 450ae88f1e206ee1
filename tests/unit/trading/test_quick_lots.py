"""Lots for one of thousands of days: every limit kept, by arithmetic of the test's own, and money to the cent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from portopt.domain.holdings import to_cents
from portopt.optimization.daily.day import Day
from portopt.trading.quick_lots import Lots, Missed, QuickBook, in_cents, objective, quick_lots, settled

N = 20


def _day(seed: int, *, most_cash: float = 1.0, turnover: float = 0.1) -> tuple[Day, np.ndarray, Lots]:
    """(day, weights that keep its limits, the book) of N assets and cash: caps, two sectors, turnover, tracking error."""
    rng = np.random.default_rng(seed)
    price = np.append(np.round(rng.uniform(8.0, 400.0, N), 2), 1.0)
    units = np.append(np.floor(rng.dirichlet(np.full(N, 4.0)) * 9.7e5 / price[:N]).astype(np.int64), 0)
    values = in_cents(units, price)
    cash = 100_000_000 - int(values[:N].sum())
    values[N] = cash
    book = values / 1e8
    B = rng.normal([1.0, 0.0], 0.5, (N, 2))
    M = np.zeros((N + 1, N + 1))
    M[:N, :N] = B @ np.diag([0.03, 0.01]) @ B.T + np.diag(rng.uniform(0.02, 0.08, N))
    z = rng.normal(0.0, 1.0, N)
    z -= z.mean()
    z *= turnover / np.abs(z).sum()  # half of what is allowed, in all but name
    w = np.maximum(book + np.append(z, 0.0), 0.0)
    w[N] = 0.0
    w[:N] *= (1.0 - min(float(book[N]), most_cash)) / w[:N].sum()
    w[N] = 1.0 - w[:N].sum()
    sector = np.append(np.arange(N) % 2 == 0, False).astype(float)
    G = np.array([np.ones(N + 1), sector, np.zeros(N + 1)])
    none, counts = np.zeros((3, N + 1)), np.zeros((3, N + 1))
    counts[2] = 1.0
    day = Day(
        M=M,
        q=-np.append(rng.normal(0.05, 0.03, N), 0.02),
        lower=np.zeros(N + 1),
        upper=np.append(np.maximum(w[:N], 0.1), most_cash),
        book=book,
        buying=np.append(np.full(N, 0.001), 0.0),
        selling=np.append(np.full(N, 0.001), 0.0),
        G=G,
        G_buys=none + counts,
        G_sells=none + counts,
        row_lower=np.array([1.0, -np.inf, -np.inf]),
        row_upper=np.array([1.0, float(sector @ w), 2.0 * turnover]),
        counting=(2,),
        center=book,
        radius=float(np.sqrt((w - book) @ M @ (w - book))) + 1e-4,
    )
    rate = np.append(np.full(N, 0.001), 0.0)
    one = np.ones(N + 1, dtype=np.int64)
    return day, w, Lots(units, price, 1, one, np.arange(N + 1) < N, 100_000_000, cash, N, rate, least=5_000.0)


def test_each_name_trades_in_its_own_lots() -> None:
    """Every third name by tens, counted from what is held, or sold to nothing; every limit is kept as in single shares."""
    for seed in range(6):
        day, w, lots = _day(seed)
        own = np.where(np.arange(N + 1) % 3 == 0, 10, 1)
        book = quick_lots(day, w, replace(lots, lot=own))
        if isinstance(book, Missed):
            continue
        traded = book.units - lots.units
        assert ((traded % own == 0) | (book.units == 0)).all()
        assert (traded[own == 10] != 0).any()


@pytest.mark.parametrize("seed", range(12))
def test_every_limit_is_kept_in_lots_and_money_adds_up(seed: int) -> None:
    day, w, lots = _day(seed)
    book = quick_lots(day, w, lots)
    assert isinstance(book, QuickBook)
    money, spent, cost = Decimal(lots.cash) / 100, Decimal(0), Decimal(0)
    for i in np.flatnonzero(book.units != lots.units).tolist():
        value = to_cents(Decimal(int(book.units[i] - lots.units[i])) * Decimal(str(lots.price[i])))
        assert abs(value) >= 50 or book.units[i] == 0
        spent, cost = spent + value, cost + to_cents(abs(value) * Decimal("0.001"))
    assert money - spent - cost >= 0
    assert book.weights[N] == float((money - spent) * 100) / 1e8
    assert abs(float(book.weights.sum()) - 1.0) < 1e-12
    assert (book.units >= 0).all()
    assert (book.weights <= day.upper + 1e-9).all()
    assert float(day.G[1] @ book.weights) <= day.row_upper[1] + 1e-9
    assert float(np.abs(book.weights - day.book).sum()) <= day.row_upper[2] + 1e-9
    d = book.weights - day.book
    assert float(np.sqrt(d @ day.M @ d)) <= day.radius + 1e-9
    lot = lots.price / 1e6
    assert np.abs(book.weights - w)[:N].max() < 6.0 * lot.max()
    assert abs(book.gap) < 1e-3


@pytest.mark.parametrize("seed", range(6))
def test_nothing_stays_in_cash_but_what_buys_nothing(seed: int) -> None:
    day, w, lots = _day(seed, most_cash=0.0)
    book = quick_lots(day, w, lots)
    assert isinstance(book, QuickBook)
    _, after = settled(lots, book.units)
    assert 0.0 <= after < 100.0 * float(lots.price[:N].min())


def test_the_same_book_gives_the_same_lots() -> None:
    first, second = (quick_lots(*_day(3)) for _ in range(2))
    assert isinstance(first, QuickBook)
    assert isinstance(second, QuickBook)
    assert np.array_equal(first.units, second.units)
    assert first.gap == second.gap


def test_where_no_lots_keep_a_limit_it_is_said_by_how_much() -> None:
    """Positions of one share worth a tenth of the book each, and a cap that is below."""
    day, _, lots = _day(1)
    coarse = replace(lots, price=np.append(np.full(N, 50_000.0), 1.0), units=np.append(np.ones(N, dtype=np.int64), 0), cash=0)
    book = np.append(np.full(N, 0.05), 0.0)
    held = replace(
        day, book=book, center=book, lower=np.append(np.full(N, 0.045), 0.0), upper=np.append(np.full(N, 0.046), 1.0)
    )
    missed = quick_lots(held, book, coarse)
    assert isinstance(missed, Missed)
    assert max(float(missed.lower.max()), float(missed.upper.max())) > 1e-3
    closer = missed.closed(held)
    assert (closer.upper <= held.upper).all()
    assert (closer.lower >= held.lower).all()


def test_cents_are_those_of_decimals() -> None:
    rng = np.random.default_rng(7)
    price = np.round(rng.uniform(0.0005, 900.0, 4000), 4)
    units = rng.integers(0, 100_000, 4000)
    exact = [int(to_cents(Decimal(int(u)) * Decimal(repr(float(p)))) * 100) for u, p in zip(units, price, strict=True)]
    assert in_cents(units, price).tolist() == exact
    assert in_cents(np.array([1, 3, 5]), np.array([0.125, 0.125, 0.005])).tolist() == [12, 38, 2]  # half to even


@pytest.mark.parametrize("beyond", [1e-8, 3e-7, 1e-6])
def test_a_name_beyond_its_cap_by_less_than_the_smallest_trade_is_sold_by_the_smallest_trade(beyond: float) -> None:
    """A trade of less than 50 is not made here, and a lot of the name is worth 8 to 400."""
    day, w, lots = _day(3)
    i = int(np.argmin(lots.price[:N]))
    upper = day.upper.copy()
    upper[i] = day.book[i] - beyond
    asked = w.copy()
    asked[i], asked[N] = upper[i], w[N] + w[i] - upper[i]
    least = 100.0 * 3.5 * lots.price[i]
    found = quick_lots(replace(day, upper=upper), asked, replace(lots, least=least))
    assert isinstance(found, QuickBook)
    assert found.units[i] == lots.units[i] - 4
    traded = np.abs(found.units - lots.units) * lots.price * 100.0
    assert ((traded == 0.0) | (traded >= least) | (found.units == 0)).all()


def test_what_grows_faster_than_the_trade_is_paid_from_cash() -> None:
    """Commissions of each order by the naive sum, to the cent an order."""
    day, w, lots = _day(5)
    powers = np.append(np.full(N, 0.05), 0.0)
    priced, paying = replace(day, powers=powers), replace(lots, powers=powers)
    found = quick_lots(priced, w, paying)
    assert isinstance(found, QuickBook)
    weights, cash_after = settled(paying, found.units)
    cost = 0.0
    for i in range(N):
        value = abs(int(found.units[i] - lots.units[i])) * lots.price[i] * 100.0
        cost += 0.001 * value + 0.05 * value * (value / lots.value) ** 0.5
    assert cash_after == pytest.approx(weights[N] * lots.value - cost, abs=2.0 * N)
    assert cash_after >= 0
    alone = 0.0
    for i in range(N):
        alone += 0.05 * abs(weights[i] - day.book[i]) ** 1.5
    assert objective(priced, weights, 1.0) == pytest.approx(objective(day, weights, 1.0) + alone, rel=1e-12)
