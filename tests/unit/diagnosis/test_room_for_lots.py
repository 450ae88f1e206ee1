"""What one lot is in the unit of a limit, and how an opening grows until whole lots are found."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.diagnosis import diagnose, relax_in_order
from portopt.diagnosis.room_for_lots import coarsest, room_in
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_limits, parse_objective

LOT = 0.004


def problem(limits: dict) -> Problem:
    universe = Universe((*(Asset(f"S{i}", quality_score=5.0 + i) for i in range(4)), Asset(CASH)))
    return Problem(
        Moments(universe, np.array([0.10, 0.08, 0.06, 0.04, 0.02]), Covariance(Sigma=np.diag([0.01, 0.04, 0.09, 0.04, 0.0]))),
        parse_objective({"kind": "min_risk"}),
        parse_limits({"budget": True, "long_only": True, **limits}),
        w_prev=np.array([0.4, 0.3, 0.2, 0.1, 0.0]),
        benchmark=np.array([0.25, 0.25, 0.25, 0.25, 0.0]),
    )


@pytest.mark.parametrize(
    ("kind", "value", "room"),
    [
        ("max_turnover", 0.2, LOT),
        ("max_tracking_error", 0.02, LOT * 0.3),  # the largest volatility is 30 %
        ("max_volatility", 0.15, LOT * 0.3),
        ("min_return", 0.06, LOT * 0.08),  # from 2 % to 10 %
        ("min_quality", 6.0, 0.0),
    ],
)
def test_a_lot_is_counted_in_the_limits_own_unit(kind, value, room):
    p = problem({kind: value})
    assert room_in(p.limit(kind), p, 0.0, LOT) == pytest.approx(room, rel=1e-12)


def test_a_cap_is_not_opened_past_the_whole():
    p = problem({"max_turnover": 0.2})
    assert room_in(p.limit("max_turnover"), p, 0.799, LOT) == pytest.approx(0.001)


def test_an_opening_is_rounded_no_coarser_than_the_room():
    assert coarsest(1e-6, LOT) == 1e-3
    assert coarsest(1e-6, 0.0) == 1e-6


def test_fixes_and_what_gives_way_leave_the_room_beyond_the_smallest_opening():
    p = problem({"max_weight": 0.2, "fully_invested": True})
    fixes = {fix.relaxations[0].limit: fix.relaxations[0].by for fix in diagnose(p, room=LOT).fixes}
    assert fixes["max_weight"] == pytest.approx(0.05 + LOT, abs=1e-9)
    _, (gave,) = relax_in_order(p, ("max_weight",), room=LOT)
    assert gave.relaxation.by == pytest.approx(0.05 + LOT, abs=1e-9)


def test_the_room_grows_until_whole_lots_are_found():
    p = problem({"max_weight": 0.2, "fully_invested": True})
    tried: list[float] = []

    def rounds(opened: Problem) -> bool:
        tried.append(opened.limit("max_weight").caps["*"])
        return len(tried) == 2

    relaxed, (gave,) = relax_in_order(p, ("max_weight",), room=LOT, rounds=rounds)
    assert tried == pytest.approx([0.25 + LOT, 0.25 + 4 * LOT])
    assert gave.relaxation.by == pytest.approx(0.05 + 4 * LOT)
    assert relaxed.limit("max_weight").caps["*"] == tried[-1]


def test_where_more_room_never_helps_the_first_opening_stands():
    p = problem({"max_weight": 0.2, "fully_invested": True})
    _, (gave,) = relax_in_order(p, ("max_weight",), room=LOT, rounds=lambda opened: False)
    assert gave.relaxation.by == pytest.approx(0.05 + LOT, abs=1e-9)
