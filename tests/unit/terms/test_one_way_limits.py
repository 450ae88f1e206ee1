"""What may only be bought, only be sold, or is kept: whom the limits bind, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import portopt
from portopt.domain.errors import InfeasibleRequest, InvalidValue, UnknownField
from portopt.domain.universe import CASH
from portopt.terms.catalog import parse_limits

SIGMA = np.diag([0.04, 0.03, 0.05, 0.02])
ASSETS = {
    "A": {"sector": "Energy", "asset_class": "Equity"},
    "B": {"sector": "Energy", "asset_class": "Equity"},
    "C": {"sector": "Health", "asset_class": "Equity"},
    "D": {"asset_class": "Bond"},
}
NOW = {"A": 0.4, "B": 0.1, "C": 0.3, "D": 0.2}


def answered(limits, **more):
    book = {
        "covariance": SIGMA,
        "expected_returns": {"A": 0.02, "B": 0.12, "C": 0.05, "D": 0.06},
        "current_weights": NOW,
        "assets": ASSETS,
        "objective": {"kind": "utility", "risk_aversion": 2.0},
    }
    return portopt.optimize(limits=limits, **{**book, **more})


def moved(limits, **more):
    weights = answered(limits, **more).weights
    return {a: weights[a] - NOW[a] for a in NOW}


def test_without_them_every_position_is_traded():
    assert all(abs(by) > 1e-3 for by in moved({}).values())


@pytest.mark.parametrize(
    ("limit", "members", "bound", "up", "down"),
    [
        ("do_not_buy", ["B"], "B", False, True),
        ("do_not_sell", ["A"], "A", True, False),
        ("keep", ["A", "B"], "AB", False, False),
        ("do_not_sell", [{"sector": "Energy"}], "ABD", True, False),  # D has no sector: it may belong to any
        ("do_not_buy", [{"asset_class": "Equity"}], "ABC", False, True),
        ("keep", [{"sector": "Health"}], "CD", False, False),
    ],
)
def test_whom_a_list_means_and_which_way_they_may_not_go(limit, members, bound, up, down):
    by = moved({limit: members})
    for a in bound:
        assert by[a] <= 1e-12 or up
        assert by[a] >= -1e-12 or down
    assert any(abs(by[a]) > 1e-3 for a in NOW if a not in bound)


def test_every_binding_row_is_certified_priced_and_told():
    found = answered({"do_not_sell": ["A"]})
    assert found.certificate.certified
    (price,) = [price for price in found.answer.prices if price.limit == "do_not_sell"]
    opened = answered({"do_not_sell": {"assets": ["A"], "slack": 1e-5}})
    p = found.answer.problem
    before, after = (p.objective.value(p.universe.vector(dict(f.weights)), p) for f in (found, opened))
    assert price.worth_per_unit == pytest.approx((after - before) / 1e-5, rel=1e-3)


def test_nothing_sold_of_a_book_without_cash_is_the_book_itself():
    assert all(abs(by) < 1e-12 for by in moved({"buy_only": True}).values())
    assert all(abs(by) < 1e-12 for by in moved({"sell_only": True}).values())


def test_cash_is_never_bound():
    book = {
        "covariance": np.diag([0.04, 0.03, 0.0]),
        "expected_returns": {"A": 0.02, "B": 0.12, CASH: 0.01},
        "current_weights": {"A": 0.3, "B": 0.3, CASH: 0.4},
        "assets": {},
    }
    bought = answered({"buy_only": True}, **book).weights
    assert bought["A"] >= 0.3 - 1e-12
    assert bought["B"] > 0.31
    assert bought.get(CASH, 0.0) < 0.39
    sold = answered({"sell_only": True}, **book).weights
    assert sold["A"] < 0.29
    assert sold["B"] <= 0.3 + 1e-12
    assert sold[CASH] > 0.41


def test_a_conflict_with_one_is_told_in_its_words_with_a_fix():
    with pytest.raises(InfeasibleRequest) as refused:
        answered({"do_not_sell": ["A"], "max_weight": {"A": 0.25}})
    told = str(refused.value.problem())
    assert "A not sold" in told
    assert "allow A to be sold, by up to 15.00 % of the portfolio" in told


@pytest.mark.parametrize("limit", ["do_not_buy", "do_not_sell", "keep"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "names nothing"),
        ("A", "a list of asset ids and groups is needed"),
        ([CASH], "does not bind cash"),
        ([3], "neither an asset id nor one group"),
        ([{"sector": "Energy", "asset_class": "Bond"}], "neither an asset id nor one group"),
        ([{"account": "ISA", "shares": 3}], "is (no|an) account"),
        ([{"sector": 3}], "the name of a group is a text"),
    ],
)
def test_what_is_no_list_of_assets_and_groups_is_refused_where_it_stands(limit, value, words):
    with pytest.raises(InvalidValue, match=words) as refused:
        parse_limits({limit: value})
    assert refused.value.field.startswith(f"limits.{limit}")
    assert refused.value.fixes


def test_a_name_that_nobody_bears_is_refused_with_the_nearest_one():
    with pytest.raises(InvalidValue, match="there is no asset 'AA'"):
        answered({"keep": ["AA"]})
    with pytest.raises(InvalidValue, match="there is no sector 'Enrgy'") as refused:
        answered({"do_not_buy": [{"sector": "Enrgy"}]})
    assert refused.value.fixes == ("rename 'Enrgy' to 'Energy'",)


def test_an_option_that_it_does_not_have_is_refused():
    with pytest.raises(UnknownField):
        parse_limits({"keep": {"assets": ["A"], "slak": 0.1}})


def test_an_asset_named_twice_is_bound_once():
    (limit,) = parse_limits({"keep": ["A", {"sector": "Energy"}, "A"]})
    assert limit.assets == ("A", {"sector": "Energy"})
    assert limit.describe() == "A, sector Energy not traded"
