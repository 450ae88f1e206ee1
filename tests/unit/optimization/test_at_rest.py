"""A book that keeps every limit is the least trading there is: no search, the same certificate."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.optimization import assemble, engine
from portopt.optimization.at_rest import AT_REST, at_rest
from portopt.pipeline import certify, optimize

LIMITS = {"budget": True, "long_only": True, "max_turnover": 0.3, "max_tracking_error": 0.5}
COSTS = {"linear_impact": {"bps": 15}}


@pytest.mark.parametrize("objective", ["min_turnover", "min_cost"])
def test_where_no_limit_asks_for_a_trade_the_book_is_the_answer_and_is_certified(market, objective):
    p = market(7, 30, objective=objective, limits=LIMITS, costs=COSTS)
    found = optimize(p)
    assert found.solution.raw is not None
    assert found.solution.raw.solver == AT_REST
    assert np.abs(certify(found).weights - p.previous()).max() <= 1e-14
    searched = engine.solve(found.form)
    assert searched.x is not None
    assert found.solution.weights == pytest.approx(searched.x[: p.n], abs=1e-11)


def test_where_a_limit_asks_for_a_trade_or_the_objective_seeks_one_there_is_no_rest(market):
    p = market(7, 30, objective="min_turnover", limits=LIMITS)
    cap = float(p.previous().max()) - 0.01
    for other in (
        market(7, 30, objective="min_turnover", limits={**LIMITS, "max_weight": cap}),
        market(7, 30, objective="min_risk", limits=LIMITS),
    ):
        assert at_rest(other, assemble(other)) is None
        assert certify(optimize(other)).certificate.certified
