"""What became of a proposal: filled shares and costs, held against books whose money is added up by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.watch import Figure
from portopt.monitoring.measures.calibration import Forecast
from portopt.monitoring.measures.fulfilment import FULFILMENT, DeclaredBook, PastProposal, fulfilment, realized_cost, trade_move

RELEASED = datetime(2024, 3, 1, 20, tzinfo=UTC)
PRICES = {"A": 50.0, "B": 20.0, "C": 10.0}
BEFORE, CASH = {"A": 100.0, "B": 200.0}, 5_000.0
TRADES = {"A": -40.0, "B": 30.0, "C": 100.0}
COST = 9.0


def proposal(hours: float = 0.0, **changes: object) -> PastProposal:
    given: dict[str, object] = {
        "run_id": f"reb-{hours:g}", "portfolio_id": "P1", "released_at": RELEASED + timedelta(hours=hours),
        "forecast": Forecast("reb", date(2024, 3, 1), 0.05, 0.15), "targets": {}, "trades": TRADES, "prices": PRICES,
        "shares_before": BEFORE, "cash_before": CASH, "cost": COST,
    }  # fmt: skip
    return PastProposal(**{**given, **changes})  # type: ignore[arg-type]


def book(filled: dict[str, float], cost: float = COST, hours: float = 24.0) -> DeclaredBook:
    """The book after these shares of each trade were filled at the proposal's prices, and so much was paid for it."""
    moved = {a: TRADES[a] * share for a, share in filled.items()}
    shares = {a: BEFORE.get(a, 0.0) + moved.get(a, 0.0) for a in {*BEFORE, *moved}}
    return DeclaredBook(RELEASED + timedelta(hours=hours), shares, CASH - sum(n * PRICES[a] for a, n in moved.items()) - cost)


def measured(
    proposals: list[PastProposal], books: list[DeclaredBook], hours: float = 48.0, move: float = 0.0
) -> dict[str, Figure]:
    moves = {one.run_id: move for one in proposals}
    found = fulfilment("P1", proposals, books, RELEASED + timedelta(hours=hours), moves)
    assert tuple(f.name for f in found) == FULFILMENT
    return {f.name: f for f in found}


def test_all_filled_leaves_nothing_open_and_costs_what_was_expected() -> None:
    found = measured([proposal()], [book({"A": 1, "B": 1, "C": 1})])
    assert found["book_unfilled"].value == 0.0
    assert found["book_proposal_age"].value == 2.0
    assert found["book_cost_ratio"].value == pytest.approx(1.0, rel=1e-9)


def test_half_of_one_trade_leaves_its_money_open() -> None:
    """Gross 2,000 + 600 + 1,000; half of C is 500."""
    found = measured([proposal()], [book({"A": 1, "B": 1, "C": 0.5}, cost=COST * 3100 / 3600)])
    assert found["book_unfilled"].value == pytest.approx(500 / 3600)
    assert found["book_unfilled"].detail["open"] == [{"asset": "C", "money": pytest.approx(500.0)}]
    assert found["book_cost_ratio"].value == pytest.approx(1.0)


def test_costs_twice_as_high_have_a_ratio_of_two() -> None:
    assert measured([proposal()], [book({"A": 1, "B": 1, "C": 1}, cost=2 * COST)])["book_cost_ratio"].value == pytest.approx(
        2.0
    )


def test_what_prices_may_have_moved_by_meanwhile_is_taken_off_the_cost() -> None:
    """A day between them counts two sessions: two standard errors of 2 money a session are 4 sqrt(2)."""
    found = measured([proposal()], [book({"A": 1, "B": 1, "C": 1}, cost=4 * COST)], move=2.0)["book_cost_ratio"]
    assert found.value == pytest.approx((4 * COST - 4 * np.sqrt(2.0)) / COST)
    assert measured([proposal()], [book({"A": 1, "B": 1, "C": 1})], move=100.0)["book_cost_ratio"].value == 0.0


def test_where_nobody_knows_how_prices_move_no_cost_is_told() -> None:
    found = fulfilment("P1", [proposal()], [book({"A": 1, "B": 1, "C": 1})], RELEASED + timedelta(hours=48))
    assert {f.name: f.value for f in found}["book_cost_ratio"] is None


def test_the_move_of_a_trade_list_is_the_deviation_of_its_worth() -> None:
    rng = np.random.default_rng(2)
    returns = {a: rng.normal(0, 0.02, 300) for a in TRADES}
    worth = sum(TRADES[a] * PRICES[a] * returns[a] for a in TRADES)
    assert trade_move(TRADES, PRICES, returns) == pytest.approx(float(np.std(worth)))
    assert trade_move({}, PRICES, returns) == 0.0
    assert trade_move(TRADES, PRICES, {"A": returns["A"]}) is None


def test_costs_as_expected_are_seldom_told_as_twice_as_high_however_prices_moved() -> None:
    """500 proposals filled a session later at prices that moved: what is told stays under 2, but for what two standard errors
    let through."""
    rng, high = np.random.default_rng(4), 0
    for _ in range(500):
        moved = rng.normal(0, 40.0)  # money, one session
        shown = book({"A": 1, "B": 1, "C": 1}, cost=COST + moved, hours=6.5)
        high += (measured([proposal()], [shown], move=40.0)["book_cost_ratio"].value or 0.0) > 2.0
    assert high / 500 < 0.04


def test_what_nobody_declared_or_declared_unchanged_is_wholly_open() -> None:
    for books in ([], [book({}, cost=0.0)], [book({"A": 1, "B": 1, "C": 1}, hours=-24.0)]):
        found = measured([proposal()], books)
        assert found["book_unfilled"].value == 1.0
        assert found["book_cost_ratio"].value is None
        assert found["book_cost_ratio"].why


def test_the_holdings_that_a_proposal_was_made_for_show_nothing_of_it() -> None:
    """They are declared with it, an instant later."""
    own = book({}, cost=0.0, hours=0.01)
    assert measured([proposal()], [own])["book_unfilled"].detail["declared"] is None
    shown = book({"A": 1}, cost=1.0)
    assert measured([proposal()], [own, shown])["book_unfilled"].detail["declared"] == shown.at.isoformat()


def test_the_wrong_way_is_not_filled_and_further_than_asked_is_whole() -> None:
    wrong = DeclaredBook(RELEASED + timedelta(hours=1), {"A": 140.0, "B": 260.0, "C": 100.0}, 0.0)
    found = measured([proposal()], [wrong])
    assert found["book_unfilled"].value == pytest.approx(2000 / 3600)
    assert found["book_cost_ratio"].value is None  # other shares moved than it said


def test_shares_or_cash_from_elsewhere_are_no_cost() -> None:
    whole = book({"A": 1, "B": 1, "C": 1})
    given_away = DeclaredBook(whole.at, {**whole.shares, "Z": 5.0}, whole.cash)
    paid_out = DeclaredBook(whole.at, whole.shares, whole.cash - 100_000.0)
    assert realized_cost(proposal(), given_away) is None
    assert realized_cost(proposal(), paid_out) is None


def test_proposals_are_added_up_each_with_the_books_before_the_next() -> None:
    first, second = proposal(), proposal(24.5, cost=18.0)
    books = [book({"A": 1, "B": 1, "C": 1}, cost=9.0), book({"A": 1, "B": 1, "C": 1}, cost=36.0, hours=47.0)]
    found = measured([second, first], books)["book_cost_ratio"]
    assert found.value == pytest.approx((9.0 + 36.0) / (9.0 + 18.0))
    assert found.detail["dearest"] == "reb-24.5"


def test_without_a_proposal_nothing_is_said() -> None:
    assert all(f.value is None and f.why for f in measured([], []).values())


def test_a_proposal_of_no_trades_is_filled() -> None:
    assert measured([proposal(trades={})], [])["book_unfilled"].value == 0.0


@given(st.fixed_dictionaries({a: st.floats(0, 1) for a in TRADES}), st.floats(0, 100))
def test_open_money_and_cost_are_what_a_ledger_adds_up(filled: dict[str, float], paid: float) -> None:
    found = measured([proposal()], [book(filled, cost=paid)])
    money = {a: abs(TRADES[a]) * PRICES[a] for a in TRADES}
    left = sum(money[a] * (1 - filled[a]) for a in TRADES)
    assert found["book_unfilled"].value == pytest.approx(left / sum(money.values()), abs=1e-9)
    done = sum(money.values()) - left
    if found["book_cost_ratio"].value is not None and done > 200.0:
        assert found["book_cost_ratio"].value == pytest.approx(paid / (COST * done / sum(money.values())), rel=1e-6, abs=1e-6)
