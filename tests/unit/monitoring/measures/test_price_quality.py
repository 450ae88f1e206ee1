"""Prices a book is valued by: sessions counted by the exchange's own calendar, findings of market's own checks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.adapters.providers.exchange_calendar import sessions_over
from portopt.domain.errors import RequestError
from portopt.domain.market import Finding
from portopt.domain.request import DataPolicy
from portopt.market.checks import check_all
from portopt.market.observed import Observed, Prices
from portopt.monitoring.measures.price_quality import price_age, sessions_missed, stale_assets, suspicious

NOW = datetime(2024, 7, 8, 22, tzinfo=UTC)
SESSIONS = sessions_over("XNYS", date(2024, 6, 1), NOW)


def test_sessions_are_those_whose_market_has_closed() -> None:
    """New York, published: shut on 19 June and 4 July 2024, early close (17:00 UTC) on 3 July."""
    assert date(2024, 6, 19) not in SESSIONS
    assert date(2024, 7, 4) not in SESSIONS
    assert SESSIONS[-1] == date(2024, 7, 8)
    assert sessions_over("XNYS", date(2024, 7, 1), datetime(2024, 7, 3, 16, 59, tzinfo=UTC))[-1] == date(2024, 7, 2)
    assert sessions_over("XNYS", date(2024, 7, 1), datetime(2024, 7, 3, 17, 0, tzinfo=UTC))[-1] == date(2024, 7, 3)


def test_a_calendar_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="XXXX"):
        sessions_over("XXXX", date(2024, 6, 1), NOW)


@given(st.integers(0, 40))
def test_sessions_missed_are_those_after_the_day(back: int) -> None:
    day = NOW.date() - timedelta(days=back)
    assert sessions_missed(day, SESSIONS) == sum(one > day for one in SESSIONS)


def test_the_age_is_of_the_oldest_price_and_names_it() -> None:
    found = price_age("P1", {"A": date(2024, 7, 8), "B": date(2024, 7, 3)}, SESSIONS, NOW)
    assert (found.value, found.limit) == (2.0, 0.0)
    assert found.detail["oldest"] == [{"asset": "B", "last": "2024-07-03", "sessions": 2}]


def test_a_weekend_makes_no_price_old() -> None:
    sunday = datetime(2024, 7, 7, 12, tzinfo=UTC)
    assert price_age("P1", {"A": date(2024, 7, 5)}, sessions_over("XNYS", date(2024, 6, 1), sunday), sunday).value == 0.0


def test_cash_alone_is_of_today_and_no_session_is_no_answer() -> None:
    assert price_age("P1", {}, SESSIONS, NOW).value == 0.0
    assert price_age("P1", {"A": date(2024, 7, 5)}, (), NOW).value is None
    assert stale_assets({"A": date(2024, 7, 5)}, (), NOW).value is None


def test_assets_behind_the_last_session_are_counted_over_all_books() -> None:
    found = stale_assets({"A": date(2024, 7, 8), "B": date(2024, 7, 5), "C": date(2024, 6, 28)}, SESSIONS, NOW)
    assert (found.value, found.detail["assets"], found.detail["of"]) == (2.0, ["B", "C"], 3)


HELD = {"A": date(2024, 7, 8), "B": date(2024, 7, 8)}


def finding(kind: str, asset: str = "A", day: date | None = date(2024, 7, 5)) -> Finding:
    return Finding(kind, asset, day, 1.0, "accepted", f"{asset} {kind}")


def observed(kind: str, asset: str = "A", day: date | None = date(2024, 6, 10)) -> Observed:
    return Observed(kind, asset, day, 1.0, f"{asset} {kind}")


def test_a_recent_jump_of_what_is_held_is_suspicious_once() -> None:
    past = [finding("unadjusted_split"), finding("extreme_move"), finding("unadjusted_split", "Z")]
    found = suspicious("P1", HELD, [], past, NOW)
    assert found.value == 1.0
    assert {one["kind"] for one in found.detail["found"]} == {"unadjusted_split", "extreme_move"}


def test_what_happened_long_ago_and_a_state_that_is_over_are_past() -> None:
    old = finding("unadjusted_split", day=date(2024, 6, 1))
    over = finding("stale", day=date(2024, 7, 1))  # of the whole history: whether it lasts, the newest prices say
    assert suspicious("P1", HELD, [], [old, over], NOW).value == 0.0
    assert suspicious("P1", HELD, [observed("stale")], [old], NOW).value == 1.0
    assert suspicious("P1", HELD, [observed("short_history")], [], NOW).value == 0.0


def test_a_price_that_is_late_is_old_and_not_suspicious_and_a_hole_before_it_is() -> None:
    late = {"A": date(2024, 7, 5)}
    assert suspicious("P1", late, [observed("gap", day=date(2024, 7, 5))], [], NOW).value == 0.0
    assert suspicious("P1", late, [observed("gap", day=date(2024, 6, 20))], [], NOW).value == 1.0


def test_the_same_price_repeated_up_to_now_is_found_by_the_markets_own_check() -> None:
    rng = np.random.default_rng(1)
    prices = 50 * np.exp(np.cumsum(rng.normal(0, 0.01, (21, 2)), axis=0))
    prices[-12:, 0] = prices[-12, 0]
    days = np.array(SESSIONS[-21:], dtype="datetime64[D]")
    seen = check_all(Prices(("A", "B"), days, prices, None, ~np.isnan(prices)), DataPolicy())
    assert suspicious("P1", HELD, seen, [], NOW).value == 1.0
