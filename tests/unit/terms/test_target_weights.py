"""Weights somebody wants: reached where the limits allow them, else the nearest portfolio within the limits."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

from portopt.audit.constructions import construction_claims
from portopt.dialects.strategy import read_request
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem
from portopt.questions import weights

SIGMA = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.0225]])


def answered(objective: dict, limits: dict, *, cash: bool = True) -> tuple[Problem, np.ndarray]:
    assets = [{"id": name, "expected_return": 0.05} for name in "ABC"] + ([{"id": "CASH"}] if cash else [])
    Sigma = np.zeros((len(assets), len(assets)))
    Sigma[:3, :3] = SIGMA
    doc = {
        "portfolio_id": "book", "strategies": assets, "objective": {"kind": "target_weights", **objective},
        "constraints": limits, "risk_parameters": {"covariance": Sigma.tolist()},
    }  # fmt: skip
    answer = weights.optimize(read_request(doc))
    return answer.problem, answer.validated.weights


def test_weights_that_the_limits_allow_are_the_answer_and_the_rest_is_cash():
    _, w = answered({"weights": {"A": 0.5, "C": 0.2}}, {})
    assert w.tolist() == pytest.approx([0.5, 0.0, 0.2, 0.3], abs=1e-12)


@pytest.mark.parametrize("nearest", ["weights", "risk"])
def test_within_limits_it_is_the_projection_that_cvxpy_finds(nearest):
    h = np.array([0.6, 0.0, 0.2, 0.2])
    _, w = answered({"weights": {"A": 0.6, "C": 0.2}, "nearest": nearest}, {"max_weight": 0.4})
    x = cp.Variable(4)
    moved = cp.sum_squares(x - h) if nearest == "weights" else cp.quad_form((x - h)[:3], SIGMA)
    cp.Problem(cp.Minimize(moved), [x >= 0, cp.sum(x) == 1, x[:3] <= 0.4]).solve(cp.CLARABEL)
    assert w[:3] == pytest.approx(x.value[:3], abs=1e-5)


def test_what_is_left_can_be_shared_by_the_others():
    _, w = answered({"weights": {"A": 0.5}, "rest": "equally"}, {}, cash=False)
    assert w.tolist() == pytest.approx([0.5, 0.25, 0.25], abs=1e-12)


@pytest.mark.parametrize(
    ("weights", "says"),
    [({"A": 0.5, "Q": 0.5}, "no asset 'Q'"), ({"A": 0.9, "B": 0.3}, "do not add up"), ({"A": 0.5, "B": 0.2}, "do not add up")],
)
def test_names_and_sums_that_cannot_be_are_refused(weights, says):
    with pytest.raises(InvalidValue, match=says):
        answered({"weights": weights}, {}, cash=False)


def test_the_certificate_refuses_a_target_that_was_not_asked_for():
    problem, w = answered({"weights": {"A": 0.5, "C": 0.2}}, {})
    assert construction_claims(problem, None, w)[1] == []
    moved = problem.replaced(target=np.array([0.4, 0.1, 0.2, 0.3]))
    (reason,) = construction_claims(moved, None, w)[1]
    assert "another weight" in reason
