"""Money that comes or goes: whole cents, one meaning, and no trace in requests that have none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portopt.dialects.policies import shipped_policies
from portopt.dialects.requests import read_cash_flow, rebalance_request_from_data, rebalance_request_to_data
from portopt.domain.cash_flow import CashFlow
from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.request import RebalanceRequest
from portopt.domain.universe import Universe

HELD = Holdings("one", {"A": Decimal(10)}, Decimal("500.00"))


def asked(**more) -> RebalanceRequest:
    return RebalanceRequest(HELD, shipped_policies()[0], Universe.of(["A"]), **more)


@pytest.mark.parametrize("amount", ["0", "NaN", "Infinity", "0.001", "12.345"])
def test_an_amount_is_whole_cents_and_not_nothing(amount):
    with pytest.raises(InvalidValue) as refused:
        CashFlow(Decimal(amount))
    assert refused.value.field == "cash_flow.amount"
    assert refused.value.fixes


def test_a_day_belongs_to_a_withdrawal():
    assert CashFlow(Decimal(-5), date(2026, 12, 31)).in_words("EUR") == "a withdrawal of 5.00 EUR by 2026-12-31"
    with pytest.raises(InvalidValue):
        CashFlow(Decimal(5), date(2026, 12, 31))


def test_one_amount_has_one_spelling_and_one_identity():
    assert str(CashFlow(Decimal("3E+4")).amount) == "30000.00"
    assert asked(cash_flow=CashFlow(Decimal(50))).identity() == asked(cash_flow=CashFlow(Decimal("50.00"))).identity()
    assert asked(cash_flow=CashFlow(Decimal(50))).identity() != asked().identity()


def test_what_is_traded_is_the_book_after_the_money_moved():
    assert asked(cash_flow=CashFlow(Decimal(-700))).funded.cash == Decimal("-200.00")
    assert asked().funded is HELD


def test_a_withdrawal_by_itself_is_one_until_something_is_sought():
    alone = asked(cash_flow=CashFlow(Decimal(-50)))
    assert alone.only_raises
    assert not alone.seeking(alone.policy).only_raises
    assert not asked(cash_flow=CashFlow(Decimal(50))).only_raises
    assert not asked(cash_flow=CashFlow(Decimal(-50), rebalance=True)).only_raises


def test_a_request_without_money_is_stored_as_it_was_before_there_was_any():
    assert not {"cash_flow", "no_worse"} & set(rebalance_request_to_data(asked()))


def test_a_request_comes_back_whole():
    request = asked(cash_flow=CashFlow(Decimal("-30000.50"), date(2026, 12, 31), rebalance=True), no_worse=True)
    again = rebalance_request_from_data(rebalance_request_to_data(request))
    assert again == request
    assert again.identity() == request.identity()


@pytest.mark.parametrize("amount", ["-30000.50", -30000.5])
def test_an_amount_is_read_as_a_text_or_as_a_number(amount):
    assert read_cash_flow({"amount": amount}) == CashFlow(Decimal("-30000.50"))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({}, "cash_flow.amount"),
        ({"amount": True}, "cash_flow.amount"),
        ({"amount": "ten"}, "cash_flow.amount"),
        ({"amount": "1e30"}, "cash_flow.amount"),
        ({"amount": "5", "by": "soon"}, "cash_flow.by"),
        ({"amount": "-5", "rebalance": "yes"}, "cash_flow.rebalance"),
        ({"amount": "5", "to": "me"}, "cash_flow.to"),
    ],
)
def test_what_is_no_flow_is_refused_where_it_stands(value, field):
    from portopt.domain.errors import RequestError

    with pytest.raises(RequestError) as refused:
        read_cash_flow(value)
    assert refused.value.field == field
