"""A proposal against what came: by hand, and against textbook intervals on drawn returns."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from portopt.domain.afterwards import Compared, Verdict
from portopt.monitoring.measures.afterwards import Priced, afterwards
from portopt.monitoring.measures.calibration import Forecast
from portopt.monitoring.measures.fulfilment import DeclaredBook, PastProposal

DAY = date(2026, 1, 5)
RELEASED = datetime(2026, 1, 5, 15, tzinfo=UTC)


def proposal(run_id: str = "reb-1", day: date = DAY, released: datetime = RELEASED, **more: object) -> PastProposal:
    """Sells 10 of A at 10, buys 20 of B at 5, of a book of 100 A and 50 of cash."""
    forecast = Forecast(run_id, day, 0.0504, 0.2, 0.1)
    usual = {"trades": {"A": -10.0, "B": 20.0}, "prices": {"A": 10.0, "B": 5.0}, "shares_before": {"A": 100.0}}
    usual |= {"cash_before": 50.0, "cost": 2.0}  # type: ignore[dict-item]
    return PastProposal(run_id, "P", released, forecast, {}, **{**usual, **more})  # type: ignore[arg-type]


def priced(steps: np.ndarray, benchmark: dict[str, float] | None = None) -> Priced:
    """A and B from 10 and 5 on, a session a day from DAY on."""
    prices = np.array([10.0, 5.0]) * np.vstack([np.ones(2), np.cumprod(1.0 + steps, axis=0)])
    return Priced(("A", "B"), [DAY + timedelta(k) for k in range(len(prices))], prices, benchmark)


HALF = DeclaredBook(RELEASED + timedelta(hours=3), {"A": 90.0, "B": 10.0}, 98.5)  # 1.50 paid for 150 traded


def test_the_trades_that_the_holdings_show_and_what_they_have_cost() -> None:
    made_for = DeclaredBook(RELEASED - timedelta(days=1), {"A": 100.0}, 50.0)
    (one,) = afterwards([proposal()], [made_for, HALF], priced(np.full((3, 2), 0.01)))
    assert (one.fills.gross, one.fills.filled) == (200.0, pytest.approx(0.75))
    assert one.fills.open == {"B": pytest.approx(50.0)}
    assert (one.cost.expected, one.cost.realized) == (pytest.approx(1.5), pytest.approx(1.5))
    assert one.cost.verdict is None, "three sessions tell nothing of how far prices move"


def test_before_holdings_are_declared_nothing_is_said_of_trades() -> None:
    (one,) = afterwards([proposal()], [], priced(np.zeros((2, 2))))
    assert (one.fills.filled, one.cost.realized, one.sessions) == (None, None, 0)
    assert "declared" in one.fills.why
    assert one.returns == Compared(None, why="no session after it has prices yet")


def test_returns_are_those_of_the_shares_that_were_held_and_without_it_those_of_the_book_before() -> None:
    made_for = DeclaredBook(RELEASED - timedelta(days=9), {"A": 100.0}, 50.0)
    done = DeclaredBook(RELEASED + timedelta(hours=3), {"A": 90.0, "B": 20.0}, 50.0)
    (one,) = afterwards([proposal()], [made_for, done], priced(np.array([[0.01, 0.03], [0.0, 0.02]])))
    first = (90 * 0.1 + 20 * 0.15) / 1050
    second = (20 * 5.15 * 0.02) / (90 * 10.1 + 20 * 5.15 + 50)
    assert (one.sessions, one.first, one.last) == (2, DAY + timedelta(1), DAY + timedelta(2))
    assert one.returns.realized == pytest.approx(first + second)
    assert one.returns.expected == pytest.approx(2 * 0.0504 / 252)
    assert one.without.expected == pytest.approx(100 * 0.1 / 1050)
    assert one.without.realized == one.returns.realized
    gap = np.array([first - 100 * 0.1 / 1050, second])
    assert one.without.error == pytest.approx(float(np.std(gap, ddof=1)) * math.sqrt(2))


def test_each_session_belongs_to_the_proposal_in_force_on_it() -> None:
    later = proposal("reb-2", DAY + timedelta(2), RELEASED + timedelta(2))
    book = DeclaredBook(RELEASED - timedelta(days=9), {"A": 100.0}, 50.0)
    first, second = afterwards([later, proposal()], [book], priced(np.full((5, 2), 0.01)))
    assert (first.run_id, first.sessions, first.until) == ("reb-1", 2, later.released_at)
    assert (second.run_id, second.sessions, second.until) == ("reb-2", 3, None)


def test_what_a_forecast_allows_is_not_distinguishable_and_what_it_does_not_is() -> None:
    """Of drawn half years at the forecast's own figures about one in twenty is told apart; of twice the risk all are."""
    rng, book = np.random.default_rng(3), DeclaredBook(RELEASED - timedelta(days=9), {"A": 1.0}, 0.0)
    told = {1.0: 0, 2.0: 0}
    for scale in told:
        for _ in range(60):
            steps = rng.normal(0.0504 / 252, scale * 0.2 / math.sqrt(252), (120, 1)).repeat(2, axis=1)
            (one,) = afterwards([proposal()], [book], priced(steps))
            told[scale] += one.volatility.verdict is not Verdict.NOT_DISTINGUISHABLE
    assert told[1.0] <= 9
    assert told[2.0] >= 58


@pytest.mark.parametrize(
    ("realized", "verdict"), [(1.9, Verdict.NOT_DISTINGUISHABLE), (2.1, Verdict.ABOVE), (-2.1, Verdict.BELOW), (None, None)]
)
def test_two_standard_errors_tell_apart(realized: float | None, verdict: Verdict | None) -> None:
    assert Compared(0.0, realized, 1.0).verdict is verdict
