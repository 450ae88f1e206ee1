"""What a certificate says, case by case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portopt.audit import audit, certify
from portopt.domain.certificate import Tolerances
from portopt.domain.errors import CertificateRefused
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.domain.solution import Duals, RawAnswer, Solution, SolveStatus
from portopt.domain.universe import CASH, Universe
from portopt.optimization import assemble, optimize, solve
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

UTILITY = {"kind": "utility", "risk_aversion": 4.0}


def problem(limits: dict | None = None, objective: dict | None = None, costs: dict | None = None) -> Problem:
    n = 5
    F = np.vstack([np.linspace(0.05, 0.25, n - 1)[:, None], [[0.0]]])
    Sigma = F @ F.T + np.diag([0.03, 0.02, 0.04, 0.05, 0.0])
    universe = Universe.of([*(f"S{i}" for i in range(n - 1)), CASH])
    return Problem(
        Moments(universe, np.array([0.06, 0.07, 0.1, 0.12, 0.02]), Covariance(Sigma=Sigma)),
        parse_objective(objective or UTILITY),
        parse_limits({"budget": True, "long_only": True, **(limits or {})}),
        parse_costs(costs or {}),
        w_prev=np.array([0.4, 0.3, 0.2, 0.1, 0.0]),
        benchmark=np.array([0.25, 0.25, 0.25, 0.25, 0.0]),
        portfolio_value=1e8,
        average_daily_value=np.array([1e7, 2e7, 5e6, 3e7, np.inf]),
    )


def answered(p: Problem):
    form = assemble(p)
    return form, optimize(p, form=form)


def test_a_violated_limit_is_named_with_what_was_measured_and_allowed():
    p = problem({"max_weight": 0.3})
    form, solution = answered(p)
    w = np.array([0.35, 0.3, 0.2, 0.1, 0.05])
    x = solution.raw.x.copy()
    x[:5] = w
    certificate = audit(p, form, replace(solution, weights=w, raw=replace(solution.raw, x=x)))
    assert "max_weight for S0 is missed by 5.00e-02: measured 35.00 %, allowed no limit to 30.00 %" in certificate.reasons
    assert certificate.worst_limit == "max_weight"
    assert certificate.worst_violation == pytest.approx(0.05, abs=1e-12)


def test_certify_raises_with_the_reasons_and_the_measurements():
    p = problem()
    form, solution = answered(p)
    with pytest.raises(CertificateRefused, match="no multipliers") as refused:
        certify(p, form, replace(solution, raw=replace(solution.raw, duals=None)))
    assert refused.value.measured["worst_violation"] <= 1e-9


def test_certify_returns_the_answer_with_its_certificate():
    p = problem({"max_turnover": 0.2})
    form, solution = answered(p)
    validated = certify(p, form, solution)
    assert validated.certificate.certified
    assert validated.weights is solution.weights
    assert validated.certificate.objective == pytest.approx(p.objective.value(solution.weights, p))


def test_multipliers_of_another_program_are_refused():
    p = problem()
    form, solution = answered(p)
    other = Duals(np.zeros(len(form.row_lower) + 1), np.zeros(len(form.bound_lower)))
    reasons = audit(p, form, replace(solution, raw=replace(solution.raw, duals=other))).reasons
    assert reasons == ("the multipliers do not belong to this program",)


def test_a_form_that_is_not_the_problems_is_found_by_its_voice():
    p = problem()
    form, solution = answered(p)
    certificate = audit(p, replace(form, q=1.01 * form.q), solution)
    assert any("is not what the problem says of these weights" in reason for reason in certificate.reasons)


def test_a_soft_limit_is_reported_and_does_not_refuse():
    p = problem({"max_tracking_error": {"limit": 0.01, "soft": True, "penalty": 0.1}})
    form, solution = answered(p)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    ((limit, missed),) = certificate.shortfalls
    active = solution.weights - p.benchmark
    assert limit == "max_tracking_error"
    assert missed == pytest.approx(np.sqrt(active @ p.moments.Sigma @ active) - 0.01, abs=1e-9)
    assert certificate.worst_violation <= 1e-9


@pytest.mark.parametrize("objective", [UTILITY, {"kind": "max_return"}, {"kind": "min_risk", "risk_aversion": 3.0}])
def test_three_halves_power_costs_are_certified_through_their_cones(objective):
    p = problem({"max_weight": 0.5}, objective, {"square_root_impact": {"coefficient": 1.0}})
    form, solution = answered(p)
    assert form.cones
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons


def test_a_ratio_without_excess_return_is_not_certified():
    p = problem(objective={"kind": "max_sharpe"}).replaced(risk_free_rate=0.02)
    _, solution = answered(p)
    poorer = p.replaced(risk_free_rate=0.5)
    certificate = audit(poorer, assemble(poorer), replace(solution, problem_identity=poorer.identity()))
    assert "the excess return is not positive: a ratio to maximize means nothing here" in certificate.reasons


@pytest.mark.parametrize("direction", [0, 1])
def test_a_covariance_that_is_not_one_certifies_nothing(direction):
    """1/2 w'Sigma w with a negative eigenvalue has saddle points that satisfy every first-order condition."""
    universe = Universe.of(["A", "B"])
    covariance = Covariance(Sigma=np.array([[0.04, 0.09], [0.09, 0.04]]))  # a correlation of 2.25
    p = Problem(
        Moments(universe, np.zeros(2), covariance),
        parse_objective({"kind": "min_risk"}),
        parse_limits({"budget": True, "long_only": True}),
    )
    form = assemble(p)
    x = np.array([0.5, 0.5])
    y = np.zeros(len(form.row_lower))
    y[0] = -0.065  # stationary: Sigma x = 0.065 in both entries
    raw = RawAnswer(SolveStatus.OPTIMAL, x, Duals(y, np.zeros(len(form.bound_lower))), "by hand", 0, 0.0)
    certificate = audit(p, form, Solution(SolveStatus.OPTIMAL, p.identity(), x, raw))
    assert certificate.reasons == ("the covariance has a negative eigenvalue: no first-order condition certifies an optimum",)
    assert p.objective.value(np.eye(2)[direction], p) < p.objective.value(x, p)


def test_the_gap_tolerance_decides():
    p = problem()
    form, solution = answered(p)
    w = 0.999 * solution.weights + 0.001 * p.w_prev
    x = solution.raw.x.copy()
    x[:5] = w
    near = replace(solution, weights=w, raw=replace(solution.raw, x=x))
    strict, loose = audit(p, form, near), audit(p, form, near, Tolerances(stationarity=1.0, relative_gap=1.0))
    assert not strict.certified
    assert loose.certified
    assert strict.relative_gap == loose.relative_gap > 1e-7


def integer_answer(mip_gap: float | None = 1e-5):
    """Lots of half the portfolio each, with a linear objective: solved as an integer program, the gap as stated."""
    p = problem(objective={"kind": "max_return"})
    program = Program(5)
    p.objective.express(program, p)
    for limit in p.limits:
        limit.express(program, p)
    lots = program.add_columns(1, lower=0.0, upper=3.0, integer=True)
    program.add_rows(np.array([[1.0, -0.5]]), np.array([3, lots[0]]), 0.0, 0.0, limit="")
    form = program.freeze()
    raw = replace(solve(form), mip_gap=mip_gap)
    return p, form, Solution(SolveStatus.OPTIMAL, p.identity(), raw.x[:5], raw)


def test_an_integer_answer_carries_the_searchs_gap_and_the_remainders_own_conditions():
    certificate = audit(*integer_answer(1e-5))
    assert certificate.certified, certificate.reasons
    assert certificate.mip_gap == certificate.relative_gap == 1e-5
    assert certificate.stationarity <= 1e-12
    assert not certificate.gap_proven
    (searched, gap), (proven, first) = certificate.claims
    assert "search" in searched
    assert gap == 1e-5
    assert "multipliers" in proven
    assert 0.0 <= first <= 1e-9


@pytest.mark.parametrize("gap", [1.5, -0.1, float("nan")])
def test_an_integer_answer_with_a_wide_or_unknown_gap_is_refused(gap):
    assert not audit(*integer_answer(gap)).certified


def test_a_number_that_is_not_whole_is_refused():
    p, form, solution = integer_answer()
    x = solution.raw.x.copy()
    x[5] += 1e-6
    reasons = audit(p, form, replace(solution, raw=replace(solution.raw, x=x))).reasons
    assert any("whole number is off by" in reason for reason in reasons)


def test_whole_numbers_held_at_a_worse_choice_of_the_rest_are_refused():
    p, form, solution = integer_answer()
    w = 0.999 * solution.weights + 0.001 * p.w_prev
    x = solution.raw.x.copy()
    x[:5] = w
    assert not audit(p, form, replace(solution, weights=w, raw=replace(solution.raw, x=x))).certified


def test_an_integer_answer_without_multipliers_of_its_remainder_is_refused():
    p, form, solution = integer_answer()
    certificate = audit(p, form, replace(solution, raw=replace(solution.raw, duals=None)))
    assert any("no multipliers" in reason for reason in certificate.reasons)


def test_exact_zeros_are_counted():
    p = problem(objective={"kind": "max_return"})
    form, solution = answered(p)
    assert audit(p, form, solution).exact_zeros == 4
