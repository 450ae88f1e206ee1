"""Books that do not add up, and questions that no portfolio answers: said, or refused with what helps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from portopt.domain.errors import InfeasibleRequest, InvalidValue
from portopt.doors import notebook
from portopt.questions import weights

IDS = "ABCDE"
OBJECTIVES: list[Any] = [
    "max_sharpe",
    {"kind": "max_ratio", "measure": "cvar"},
    {"kind": "robust_max_sharpe", "returns": {"set": "box", "radius": 0.01}},
    {"kind": "resampled", "of": {"kind": "max_sharpe"}, "draws": 4},
    {"kind": "hierarchical", "variant": "nco", "inner": {"kind": "max_sharpe"}},
]
IMPOSSIBLE: list[dict[str, Any]] = [
    {"sector_limits": {"X": 0.2, "Y": 0.3}},
    {"max_turnover": 0.1, "max_weight": 0.5},
    {"min_esg": 6.0},
]


def returns(*, cash: bool = False) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    columns = {a: rng.normal(0.0005, 0.01, 120) for a in IDS}
    return columns | ({"CASH": np.full(120, 0.01 / 252)} if cash else {})


def described() -> dict[str, dict[str, Any]]:
    return {a: {"sector": "X" if a in "AB" else "Y", "esg_score": 5.0} for a in IDS}


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
@pytest.mark.parametrize("limits", IMPOSSIBLE, ids=str)
def test_an_infeasible_question_is_called_infeasible_even_where_nothing_earns_the_risk_free_rate(objective, limits):
    with pytest.raises(InfeasibleRequest) as caught:
        notebook.optimize(
            returns(), objective, limits=limits, risk_free_rate=0.9, current_weights={"A": 1.0}, assets=described()
        )
    assert next(iter(limits)) in caught.value.detail
    assert caught.value.fixes


def test_what_current_weights_leave_is_cash_and_said_so():
    asked = notebook.ask(
        returns(cash=True),
        "min_risk",
        current_weights={"A": 0.3, "B": 0.2},
        limits={"max_turnover": 0.1, "fully_invested": False},
    )
    answer = weights.optimize(asked)
    w_prev = answer.problem.w_prev
    assert w_prev is not None
    assert w_prev[answer.problem.universe.positions["CASH"]] == pytest.approx(0.5)
    assert any("add to 50.00%; the rest, 50.00%, is counted as cash" in note for note in answer.problem.notes)
    assert np.abs(answer.validated.weights - w_prev).sum() / 2 <= 0.1 + 1e-9


@pytest.mark.parametrize(
    ("weights", "fix"),
    [
        ({"A": 0.3, "B": 0.2}, "list CASH with a current weight of 0.5"),
        ({"A": 0.8, "B": 0.7}, "give current weights that add to 1"),
    ],
)
def test_current_weights_that_add_to_something_else_are_refused_where_no_cash_is_listed(weights, fix):
    with pytest.raises(InvalidValue, match="is what they add to, and not 1") as caught:
        notebook.optimize(returns(), "min_risk", current_weights=weights, limits={"max_turnover": 0.2})
    assert fix in caught.value.fixes[0]


def test_following_the_advice_about_cash_leads_to_an_answer():
    book = {"A": 0.3, "B": 0.2, "CASH": 0.5}
    assert notebook.optimize(returns(cash=True), "min_risk", current_weights=book, limits={"max_turnover": 0.2}).weights
