"""Policies, portfolios and pins: what runs refer to."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from portopt.domain.errors import InvalidValue, MissingInput, UnknownPolicy
from portopt.domain.holdings import Holdings
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, TradingRules

QUALITY = Policy(
    id="quality_focused",
    name="Quality-Focused Balanced",
    objective={"kind": "max_sharpe"},
    limits={"min_quality": 6.0, "max_weight": {"AAPL": 0.2, "*": 0.1}, "sector_limits": {"Tech": [0.05, 0.3]}},
    costs={"commission": {"per_trade": "5.00", "bps": 0.0}},
    estimation=EstimationChoice(covariance="oas", covariance_options={"x": 1}, lookback=None),
    data=DataPolicy(gap="refuse", stale_days=3),
    trading=TradingRules(fractional=True, min_trade_value=0.01),
    relax_order=("max_turnover", "sector_limits"),
    description="Ünïcode, and a third: 0.3333333333333333",
)


def test_a_policy_comes_back_equal(store):
    store.save_policies([QUALITY])
    assert store.policy("quality_focused") == QUALITY


def test_saving_counts_what_changed(store):
    other = dataclasses.replace(QUALITY, id="other")
    assert store.save_policies([QUALITY, other]) == 2
    assert store.save_policies([QUALITY, other]) == 0
    assert store.save_policies([dataclasses.replace(QUALITY, risk_free_rate=0.03), other]) == 1
    assert store.policy("quality_focused").risk_free_rate == 0.03


def test_the_newest_version_of_a_policy_is_the_policy(store):
    for version in ("v10", "v9", "v1"):
        store.save_policies([dataclasses.replace(QUALITY, method_version=version, name=version)])
    assert [policy.name for policy in store.policies()] == ["v10"]
    assert store.policy("quality_focused").method_version == "v10"
    assert store.health()["policies"] == 3


@pytest.mark.parametrize("version", ["", "v 1", "v1;drop", "x" * 41])
def test_a_version_that_is_no_version_is_refused(store, version):
    with pytest.raises(InvalidValue, match="method_version"):
        store.save_policies([dataclasses.replace(QUALITY, id="fine"), dataclasses.replace(QUALITY, method_version=version)])
    assert store.policies() == []


def test_the_same_policy_twice_in_one_list_is_refused(store):
    with pytest.raises(InvalidValue, match="more than once"):
        store.save_policies([QUALITY, QUALITY])


def test_an_unknown_policy_names_the_nearest(store):
    store.save_policies([QUALITY])
    with pytest.raises(UnknownPolicy, match="quality_focused") as error:
        store.policy("quality_focussed")
    assert error.value.fixes == ("use 'quality_focused'",)


def test_holdings_keep_every_decimal_as_it_was_written(store):
    shares = {"AAPL": Decimal("100"), "FUND": Decimal("12.3456789012345678901234567890"), "GONE": Decimal("0.10")}
    held = Holdings("P1", {**shares, "SHORT": Decimal("-3E+2")}, Decimal("1204.50"), "EUR")
    store.save_holdings(held)
    found = store.holdings("P1")
    assert found == held
    assert {a: str(n) for a, n in found.shares.items()} == {a: str(n) for a, n in held.shares.items()}
    assert str(found.cash) == "1204.50"


def test_saving_holdings_again_replaces_them(store):
    store.save_holdings(Holdings("P1", {"A": Decimal(1)}))
    store.save_holdings(Holdings("P1", {"B": Decimal(2)}, Decimal(5)))
    assert store.holdings("P1") == Holdings("P1", {"B": Decimal(2)}, Decimal(5))


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_holdings_that_are_no_numbers_are_refused(store, amount):
    with pytest.raises(InvalidValue, match=r"shares\.A"):
        store.save_holdings(Holdings("P1", {"A": Decimal(amount)}))


def test_a_portfolio_known_only_from_a_run_has_no_holdings(store, begun):
    store.begin(begun())
    store.save_holdings(Holdings("P2"))
    with pytest.raises(MissingInput, match="'P1'") as error:
        store.holdings("P1")
    assert error.value.measured == {"known_portfolios": ["P2"]}


def test_the_first_pin_holds(store):
    assert store.pinned("monday") is None
    assert store.pin("monday", "pack-1") == "pack-1"
    assert store.pin("monday", "pack-2") == "pack-1"
    assert store.pinned("monday") == "pack-1"
