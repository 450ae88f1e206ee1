"""A limit that is missed already and need not be mended: no trade makes it be missed by more, and nothing else is let pass."""

from __future__ import annotations

import numpy as np
import pytest
from catalog_market import LIMITS_THAT_BIND, market

from portopt.domain.program import Program
from portopt.domain.universe import CASH
from portopt.terms.no_worse import NoWorse, missed_in_words, no_worse

UTILITY = {"kind": "utility", "risk_aversion": 4.0}


def posed(limits):
    p = market(UTILITY, {**limits, "cash": {"min": 0.0, "max": 1.0}} if "cash" not in limits else limits)
    return p, no_worse(next(limit for limit in p.limits if limit.kind in limits and limit.kind != "long_only"), p, p)


def test_the_sides_that_are_missed_stand_where_the_book_stands_and_the_others_where_they_were():
    p, limit = posed({"max_weight": {"AAPL": 0.1, "*": 0.3}})
    assert isinstance(limit, NoWorse)
    reading = limit.read(p.previous(), p)
    assert reading.worst() == pytest.approx(0.0, abs=1e-15)
    assert reading.sides("AAPL")[1] == pytest.approx(0.19)
    assert reading.sides("XOM")[1] == pytest.approx(0.3)


def test_a_limit_that_holds_and_a_wish_are_asked_for_as_they_are():
    p, limit = posed({"max_weight": 0.5})
    assert limit is p.limit("max_weight")
    p, limit = posed({"max_weight": {"value": 0.05, "soft": True}})
    assert limit is p.limit("max_weight")


def test_what_held_before_the_money_moved_has_to_hold_after_it():
    p = market(UTILITY, {"max_weight": 0.195, "cash": {"max": 1.0}})
    w = p.previous()
    after = np.where(p.universe.is_cash, 0.0, w / w[~p.universe.is_cash].sum())
    limit = p.limit("max_weight")
    assert limit.read(w, p).worst() == 0.0
    assert limit.read(after, p).worst() > 0.0
    assert no_worse(limit, p.replaced(w_prev=after), p) is limit


def test_money_below_its_floor_is_asked_for_and_money_above_its_cap_may_stay():
    p, limit = posed({"cash": {"min": 0.1, "max": 0.2}})
    assert limit is p.limit("cash")
    p, limit = posed({"cash": {"min": 0.0, "max": 0.02}})
    assert limit.read(p.previous(), p).sides(CASH) == pytest.approx((0.0, 0.05))


@pytest.mark.parametrize("kind", [k for k in LIMITS_THAT_BIND if k not in ("budget", "long_only", "frozen", "custom")])
def test_the_book_itself_keeps_every_limit_of_the_catalog_that_need_not_be_mended(kind):
    p = market(UTILITY, LIMITS_THAT_BIND[kind])
    asked = p.limit(kind)
    limit = no_worse(asked, p, p)
    if asked.read(p.previous(), p).worst() <= 1e-9:
        assert limit is asked
        return
    assert isinstance(limit, NoWorse)
    assert limit.read(p.previous(), p).worst() <= 1e-12 or kind == "cash"
    assert limit.describe() == f"{asked.describe()}, or missed by no more than now"
    assert list(missed_in_words(limit, p))
    assert limit.relaxed(0.1).read(p.previous(), p).worst() <= 1e-12


def test_both_voices_open_by_the_same():
    p, limit = posed({"max_weight": {"AAPL": 0.1, "*": 0.12}})
    program = Program(p.n)
    limit.express(program, p)
    form = program.freeze()
    reading = limit.read(p.previous(), p)
    (group,) = form.bound_groups
    np.testing.assert_allclose(form.bound_upper, reading.upper, atol=1e-15)
    assert group.limit == "max_weight"
    assert group.members == reading.members


def test_what_does_not_reach_a_score_is_kept_and_never_added_to():
    p, limit = posed({"min_quality": 6.9})
    held = p.previous()[p.universe.positions["XOM"]]
    assert limit.read(p.previous(), p).sides("XOM")[1] == pytest.approx(held)
    assert limit.read(p.previous(), p).sides("BOND")[1] == pytest.approx(p.previous()[p.universe.positions["BOND"]])
