"""Conflicts that need no solver: the sentence, its numbers, and that nothing is claimed without cause."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.diagnosis import check_before
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble
from portopt.terms.catalog import parse_limits, parse_objective


def found(limits: dict, *, w_prev=(0.4, 0.3, 0.2, 0.1, 0.0)):
    sectors, scores = ["Energy", "Energy", "Banks", "Banks"], [5.0, 7.0, 8.0, None]
    assets = tuple(Asset(f"S{i}", sector=sectors[i], quality_score=scores[i]) for i in range(4))
    universe = Universe((*assets, Asset(CASH)))
    covariance = Covariance(Sigma=np.diag([0.04, 0.04, 0.04, 0.04, 0.0]))
    problem = Problem(
        Moments(universe, np.array([0.10, 0.08, 0.06, 0.04, 0.02]), covariance),
        parse_objective({"kind": "min_risk"}),
        parse_limits({"budget": True, "long_only": True, **limits}),
        w_prev=np.array(w_prev),
    )
    return check_before(problem, assemble(problem))


@pytest.mark.parametrize(
    ("limits", "conflict", "words"),
    [
        (
            {"max_weight": 0.1, "fully_invested": True},
            {"max_weight", "fully_invested"},
            "4 eligible assets × 10.00 % = 40.00 % < 100.00 % to invest",
        ),
        (
            {"max_weight": {"S0": 0.1, "*": 0.2}, "cash": {"max": 0.05}},
            {"max_weight", "cash"},
            "4 eligible assets reach at most 70.00 % < 95.00 % to invest (cash holds at most 5.00 %)",
        ),
        ({"min_weight": 0.3}, {"min_weight"}, "the floors of S0, S1, S2 and S3 add up to 120.00 % > 100.00 %"),
        (
            {"min_weight": {"S2": 0.2}, "max_weight": 0.15},
            {"min_weight", "max_weight"},
            "S2 at least 20.00 % by min_weight, at most 15.00 % by max_weight",
        ),
        (
            {"sector_limits": 0.3, "fully_invested": True},
            {"sector_limits", "fully_invested"},
            "Banks 30.00 % + Energy 30.00 % = 60.00 % < 100.00 % to invest",
        ),
        (
            {"min_quality": 6.0, "max_turnover": 0.3},
            {"min_quality", "max_turnover"},
            "S0 by 40.00 % and S3 by 10.00 % must be sold, 50.00 % of the portfolio; 30.00 % may change hands",
        ),
        (
            {"min_weight": {"S3": 0.4}, "max_turnover": 0.2},
            {"min_weight", "max_turnover"},
            "S3 by 30.00 % must be bought, 30.00 % of the portfolio; 20.00 % may change hands",
        ),
        (
            {"sector_limits": {"Energy": 0.3}, "max_turnover": 0.2},
            {"sector_limits", "max_turnover"},
            "Energy by 40.00 % must be sold, 40.00 % of the portfolio; 20.00 % may change hands",
        ),
        ({"min_return": 0.12}, {"min_return"}, "the best expected return in reach is 10.00 % < 12.00 % asked for"),
        (
            {"min_return": 0.09, "max_weight": 0.4},
            {"min_return", "max_weight"},
            "the best expected return in reach is 8.40 % < 9.00 % asked for",
        ),
        (
            {"sector_limits": {"Energy": [0.5, 0.9]}, "max_weight": 0.2},
            {"sector_limits", "max_weight"},
            "Energy can reach at most 40.00 % < 50.00 % asked for by sector_limits",
        ),
        (
            {"sector_limits": {"Banks": 0.3}, "min_weight": {"S2": 0.2, "S3": 0.2}},
            {"sector_limits", "min_weight"},
            "the floors in Banks add up to 40.00 % > 30.00 % allowed by sector_limits",
        ),
    ],
)
def test_a_conflict_that_arithmetic_sees_is_told_with_its_numbers(limits, conflict, words):
    diagnosis = found(limits)
    assert set(diagnosis.conflicts[0].limits) == conflict
    assert diagnosis.conflicts[0].reason == words
    assert diagnosis.found_by == "arithmetic"
    assert not diagnosis.complete


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"max_weight": 0.25, "fully_invested": True},
        {"sector_limits": 0.5, "fully_invested": True},
        {"min_quality": 6.0, "max_turnover": 0.5},
        {"min_return": 0.10},
        {"max_weight": 0.1},
    ],
)
def test_limits_that_just_hold_raise_no_alarm(limits):
    assert found(limits) is None


def test_the_conflict_named_leaves_out_limits_that_take_no_part():
    diagnosis = found(
        {"min_return": 0.01, "max_weight": 0.1, "sector_limits": 0.9, "fully_invested": True, "max_turnover": 0.9}
    )
    assert set(diagnosis.conflicts[0].limits) == {"max_weight", "fully_invested"}


def test_many_names_are_counted_not_listed():
    diagnosis = found({"max_weight": 0.01, "max_turnover": 0.2})
    assert diagnosis.conflicts[0].reason.startswith("S0 by 39.00 %, S1 by 29.00 %, S2 by 19.00 % and 1 more must be sold")


def test_a_book_of_cash_must_be_put_to_work_not_sold():
    diagnosis = found({"cash": {"max": 0.02}, "max_turnover": 0.2}, w_prev=(0.0, 0.0, 0.0, 0.0, 1.0))
    assert diagnosis.conflicts[0].reason == "98.00 % of the portfolio must be put to work; 20.00 % may change hands"
