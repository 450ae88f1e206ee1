"""A desk's words for this week, as limits and money, whoever says them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portopt.dialects.policies import shipped_policies
from portopt.dialects.portfolio import read_optimization, read_rebalance
from portopt.domain.cash_flow import CashFlow
from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.holdings import Holdings
from portopt.intake.book import Book
from portopt.intake.policy import Wishes
from portopt.intake.request import rebalance_request
from portopt.intake.wanted import with_wanted
from portopt.terms.wished import laid_over_limits

POLICY = shipped_policies()[0]
BOOK = Book(Holdings("one", {"AAPL": Decimal(10), "JNJ": Decimal(20)}, Decimal(500)))


def wished(**words) -> Wishes:
    return with_wanted(Wishes(), words)


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        ({"buy_only": True}, {"buy_only": True}),
        ({"sell_only": True, "buy_only": False}, {"sell_only": True}),
        ({"keep": "AAPL, MSFT"}, {"keep": ["AAPL", "MSFT"]}),
        ({"do_not_buy": ["AAPL,MSFT", "XOM"]}, {"do_not_buy": ["AAPL", "MSFT", "XOM"]}),
        ({"do_not_sell": "sector:Energy, class: Bond"}, {"do_not_sell": [{"sector": "Energy"}, {"asset_class": "Bond"}]}),
        ({"keep": [{"sector": "Energy"}, "A"]}, {"keep": [{"sector": "Energy"}, "A"]}),
        ({"max_trades": 10, "names": 15}, {"max_trades": 10, "max_positions": 15}),
        ({"max_trades": 0}, {"max_trades": 0}),
        ({"keep": None, "names": None, "deposit": "", "by": None}, {}),
    ],
)
def test_words_are_limits_of_the_catalog(words, limits):
    assert wished(**words).limits == limits


@pytest.mark.parametrize(
    ("words", "flow"),
    [
        ({"deposit": "50000"}, CashFlow(Decimal(50000))),
        ({"deposit": 50000.5}, CashFlow(Decimal("50000.50"))),
        ({"withdraw": Decimal("30000.00"), "by": "2026-12-31"}, CashFlow(Decimal(-30000), date(2026, 12, 31))),
        ({"withdraw": 30000, "rebalance": True}, CashFlow(Decimal(-30000), rebalance=True)),
        ({"deposit": 10, "rebalance": True}, CashFlow(Decimal(10))),
    ],
)
def test_money_in_and_out(words, flow):
    assert wished(**words).cash_flow == flow


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"deposit": "50,000"}, "deposit"),
        ({"deposit": -5}, "deposit"),
        ({"withdraw": 0}, "withdraw"),
        ({"deposit": 5, "withdraw": 5}, "deposit"),
        ({"by": "2026-12-31"}, "by"),
        ({"withdraw": 5, "by": "Friday"}, "by"),
        ({"withdraw": "0.001"}, "cash_flow.amount"),
        ({"keep": 3}, "keep"),
        ({"keep": ","}, "keep"),
    ],
)
def test_what_says_no_money_and_no_list_is_refused_by_its_word(words, field):
    with pytest.raises(InvalidValue) as refused:
        wished(**words)
    assert refused.value.field == field
    assert refused.value.fixes


def test_a_word_that_nobody_knows_is_refused():
    with pytest.raises(UnknownField):
        wished(depositt=5)


def test_a_refusal_speaks_the_words_of_the_door():
    with pytest.raises(InvalidValue) as refused:
        with_wanted(Wishes(), {"do_not_buy": ","}, lambda word: f"--{word.replace('_', '-')}")
    assert refused.value.field == "--do-not-buy"


def test_whom_the_policy_names_stays_named_and_its_counts_by_group_stay():
    own = {"do_not_buy": ["A"], "keep": {"assets": ["B"], "slack": 0.0}, "max_positions": {"*": 30, "sector": {"Energy": 2}}}
    found = laid_over_limits(own, {"do_not_buy": ["C"], "keep": ["D"], "max_positions": 15, "max_turnover": 0.1})
    assert found["do_not_buy"] == ["A", "C"]
    assert found["keep"] == ["B", "D"]
    assert found["max_positions"] == {"*": 15, "sector": {"Energy": 2}}
    assert found["max_turnover"] == 0.1
    assert laid_over_limits(own, {"do_not_buy": None})["do_not_buy"] is None


def test_an_aim_asked_for_beside_a_withdrawal_is_sought():
    flow = CashFlow(Decimal(-100))
    assert rebalance_request(BOOK, POLICY, Wishes(cash_flow=flow)).only_raises
    assert not rebalance_request(BOOK, POLICY, Wishes(cash_flow=flow, goal="min_risk")).only_raises
    changes = {"objective": {"kind": "min_risk"}}
    assert not rebalance_request(BOOK, POLICY, Wishes(cash_flow=flow, changes=changes)).only_raises
    assert rebalance_request(BOOK, POLICY, Wishes(cash_flow=flow, changes={"limits.max_weight": 0.5})).only_raises


def test_s2s_bodies_carry_money_and_what_may_be_traded():
    body = {
        "cash_flow": {"amount": "-100.00"}, "no_worse": True,
        "constraints": {"do_not_sell": ["AAPL"], "max_positions": 12, "max_trades": 3},
    }  # fmt: skip
    plan = rebalance_request(BOOK, POLICY, Wishes(read_rebalance(body)))
    assert plan.cash_flow == CashFlow(Decimal(-100))
    assert plan.only_raises
    assert plan.no_worse
    assert (plan.policy.limits["do_not_sell"], plan.policy.limits["max_positions"]) == (["AAPL"], 12)
    # An optimization names its objective: a withdrawal beside it is not one by itself.
    assert not rebalance_request(BOOK, POLICY, Wishes(read_optimization(body))).only_raises


def test_s2s_words_are_told_in_a_refusal():
    with pytest.raises(InvalidValue) as refused:
        read_rebalance({"constraints": {"keep": []}})
    assert refused.value.field == "constraints.keep"
