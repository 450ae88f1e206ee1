"""When a decision is due: by the calendar, by drift, by risk, by money, and by several of them; and what is no trigger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from made_histories import drawn_prices, fixed, history, own, weekdays

from portopt.domain.errors import InvalidValue, RequestError, UnknownField
from portopt.questions.backtest import backtest
from portopt.simulation.trigger_words import as_data, parse_triggers


def days_of(rebalance: Any, prices: Any = None, dates: Any = None, **changes: Any) -> list[date]:
    """The days of all decisions but the first."""
    values = drawn_prices(300, 2) if prices is None else prices
    h = history(values, dates=dates)
    run = backtest(own(h, fixed({"A": 0.5, "B": 0.5}), rebalance=rebalance, delay=0, **changes), sweep=False).run
    return [run.date_of(d.day) for d in run.decisions[1:]]


def firsts(days: Sequence[date], key: Any) -> list[date]:
    return [b for a, b in pairwise(days) if key(a) != key(b)]


ALL = [d.item() for d in weekdays(300)]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("weekly", lambda d: d.isocalendar()[:2]),
        ("monthly", lambda d: (d.year, d.month)),
        ("quarterly", lambda d: (d.year, (d.month - 1) // 3)),
        ("yearly", lambda d: d.year),
    ],
)
def test_the_first_session_of_each_period(words: str, key: Any) -> None:
    assert days_of([words]) == firsts(ALL[1:], key)


def test_daily_and_every_so_many_sessions() -> None:
    assert days_of(["daily"]) == ALL[2:]
    assert days_of(["every 21 sessions"]) == ALL[1 + 21 :: 21]


def test_the_last_weekday_of_a_month_and_the_session_after_it_where_it_was_a_holiday() -> None:
    days = weekdays(80)
    assert days_of(["last of month"], drawn_prices(80, 2), days)[:2] == [date(2020, 1, 31), date(2020, 2, 28)]
    without = days[days != np.datetime64("2020-01-31")]
    assert days_of(["last of month"], drawn_prices(79, 2), without)[:2] == [date(2020, 2, 3), date(2020, 2, 28)]


def test_an_exchange_announces_its_holidays() -> None:
    """Good Friday 2018 was the last weekday of March: by the exchange's calendar Thursday the 29th was its last session."""
    days = weekdays(100, date(2018, 1, 2))
    days = days[days != np.datetime64("2018-03-30")]
    assert date(2018, 3, 29) in days_of(["last of month XNYS"], drawn_prices(len(days), 2), days)
    assert date(2018, 3, 29) not in days_of(["last of month"], drawn_prices(len(days), 2), days)


def test_drift_fires_on_the_day_on_which_a_weight_has_left_its_band() -> None:
    prices = np.column_stack([100 * 1.01 ** np.arange(60), np.full(60, 100.0)])
    days = days_of(["drift 5%"], prices)
    grown = 1.01 ** np.arange(59)
    away = 0.5 * grown / (0.5 * grown + 0.5) - 0.5
    first = int(np.argmax(away > 0.05))
    assert days[0] == ALL[1 + first]
    assert len(days_of(["drift 5% relative"], prices)) > len(days)


def test_drift_is_measured_from_what_was_decided() -> None:
    assert days_of(["drift 5%"], np.full((60, 2), 100.0)) == []


def test_risk_above_its_bound() -> None:
    calm, wild = 100 * np.ones((80, 2)), drawn_prices(80, 2, seed=5)
    wild = calm[0] * wild / wild[0]
    assert days_of([{"volatility": 0.05, "window": 20}], calm) == []
    assert days_of([{"volatility": 0.05, "window": 20}], wild)
    against = {"benchmark": {"A": 1.0}}
    assert days_of([{"tracking_error": 0.01, "window": 20}], wild, **against)
    assert days_of([{"tracking_error": 5e-1, "window": 20}], wild, **against) == []


def test_a_cash_flow_decides_on_its_day_and_on_a_day_without_prices_names_the_session_after_it() -> None:
    monday, saturday = date(2020, 2, 3), date(2020, 2, 1)
    assert days_of(["cash flow"], cash_flows=((monday, Decimal(1000)),)) == [monday]
    with pytest.raises(InvalidValue, match="is no session of") as refused:
        days_of(["cash flow"], cash_flows=((saturday, Decimal(1000)),))
    assert refused.value.fixes == ("book it on the session after it, 2020-02-03",)


def test_all_of_several_and_any_of_several() -> None:
    prices = np.column_stack([100 * 1.004 ** np.arange(200), np.full(200, 100.0)])
    both = days_of([{"all": ["monthly", "drift 5%"]}], prices)
    assert both
    assert set(both) < set(days_of(["monthly"], prices))
    either = days_of(["monthly", "cash flow"], prices, cash_flows=((date(2020, 3, 18), Decimal(1000)),))
    assert set(either) == {*days_of(["monthly"], prices), date(2020, 3, 18)}


@pytest.mark.parametrize(
    ("words", "data"),
    [
        ("monthly", {"session": "first", "of": "month"}),
        ("every 5 days", {"every": 5}),
        ("Last session of the quarter", {"session": "last", "of": "quarter"}),
        ("last of month xnys", {"session": "last", "of": "month", "calendar": "XNYS"}),
        ("drift 25% relative", {"drift": 0.25, "relative": True}),
        ("drift 0.05", {"drift": 0.05}),
        ("tracking_error 4 %", {"tracking_error": 0.04}),
    ],
)
def test_words_are_data(words: str, data: dict[str, Any]) -> None:
    assert as_data(words) == data
    assert parse_triggers([words]) == parse_triggers([data])


@pytest.mark.parametrize(
    ("rebalance", "field", "says"),
    [
        (["montly"], "rebalance[0]", "write one of"),
        ([], "rebalance", "says nothing"),
        (["monthly", {"drift": 5}], "rebalance[1].drift", "0.05 for 5 %"),
        ([{"drift": -0.1}], "rebalance[0].drift", "above zero"),
        ([{"every": 0}], "rebalance[0].every", "from 1 on"),
        ([{"every": True}], "rebalance[0].every", "whole number"),
        ([{"any": []}], "rebalance[0].any", "no list"),
        ([{"all": ["monthly", {"every": 1.5}]}], "rebalance[0].all[1].every", "whole number"),
        ([{"session": "third", "of": "month"}], "rebalance[0].session", "neither first nor last"),
        ([{"session": "last", "of": "day"}], "rebalance[0].of", "must be one of"),
        ([7], "rebalance[0]", "neither words nor an object"),
    ],
)
def test_what_is_no_trigger_is_named_with_what_would_be(rebalance: Any, field: str, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_triggers(rebalance)
    assert caught.value.field == field
    assert says in " ".join([caught.value.detail, *caught.value.fixes])


def test_a_misspelt_word_of_a_trigger_offers_the_right_one() -> None:
    with pytest.raises(UnknownField, match="did you mean 'drift'"):
        parse_triggers([{"dirft": 0.05}])
    with pytest.raises(UnknownField, match="did you mean 'relative'"):
        parse_triggers([{"drift": 0.05, "relativ": True}])
    with pytest.raises(RequestError, match="XXXX"):
        parse_triggers(["last of month XXXX"])
    with pytest.raises(InvalidValue, match="needs a benchmark"):
        parse_triggers(["tracking error 4%"], benchmark=False)
