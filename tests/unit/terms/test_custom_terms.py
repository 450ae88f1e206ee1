"""Terms that users write: what may stand in one, what it means by cvxpy and by NumPy, and that it is certified."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from portopt import audit, optimization
from portopt.diagnosis import diagnose
from portopt.domain.errors import InvalidValue, MissingInput, PortoptError, UnknownField
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective
from portopt.terms.custom import entry_points
from portopt.terms.custom.grammar import parse_expression
from portopt.terms.custom.numeric import value_of

N = 7


def asked(objective: Any, limits: dict[str, Any] | None = None, **changes: Any) -> Problem:
    rng = np.random.default_rng(5)
    F, D = 0.15 * rng.normal(size=(N, 2)), rng.uniform(0.01, 0.06, N)
    assets = tuple(
        Asset(f"A{i}", sector=("Energy", "Health")[i % 2], quality_score=float(i), esg_score=10.0 - i) for i in range(N)
    )
    return Problem(
        moments=Moments(Universe(assets), rng.uniform(0.0, 0.15, N), Covariance(F=F, Omega=np.eye(2), D=D)),
        objective=parse_objective(objective),
        limits=parse_limits({"budget": True, "long_only": True, **(limits or {})}),
        costs=parse_costs(changes.pop("costs", {})),
        w_prev=rng.dirichlet(np.ones(N)),
        benchmark=np.full(N, 1.0 / N),
        exposures={"beta": rng.uniform(0.5, 1.5, N)},
        **changes,
    )


def certified(p: Problem) -> Any:
    form = optimization.assemble(p)
    return audit.certify(p, form, optimization.optimize(p, form=form))


def test_a_custom_objective_is_the_optimum_that_cvxpy_finds() -> None:
    p = asked({"kind": "custom", "minimize": "norm2(w - benchmark) + 0.3 * max(w) + 0.1 * sum_squares(w - w_prev)"})
    w = cp.Variable(N)
    cost = cp.norm(w - p.benchmark_weights()) + 0.3 * cp.max(w) + 0.1 * cp.sum_squares(w - p.previous())
    witness = cp.Problem(cp.Minimize(cost), [cp.sum(w) == 1, w >= 0])
    witness.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    answer = certified(p)
    assert answer.certificate.objective == pytest.approx(witness.value, abs=1e-8)
    np.testing.assert_allclose(answer.weights, w.value, atol=1e-4)


def test_a_gain_is_maximized_on_top_of_the_built_in_utility_and_its_costs() -> None:
    spec = {"kind": "custom", "maximize": "sum(entropy(w))", "weight": 0.02, "risk_aversion": 3.0}
    p = asked(spec, costs={"linear_impact": {"bps": 30}})
    w = cp.Variable(N)
    risk = cp.quad_form(w, p.moments.Sigma, assume_PSD=True)
    gain = p.moments.mu @ w - 1.5 * risk - 0.003 * cp.norm1(w - p.previous()) + 0.02 * cp.sum(cp.entr(w))
    witness = cp.Problem(cp.Maximize(gain), [cp.sum(w) == 1, w >= 0])
    witness.solve(solver=cp.CLARABEL)
    answer = certified(p)
    assert -answer.certificate.objective == pytest.approx(witness.value, abs=1e-7)
    np.testing.assert_allclose(answer.weights, w.value, atol=1e-4)


def test_custom_limits_hold_beside_ours_and_are_priced_and_certified() -> None:
    custom = {"near": "norm2(w - w_prev) <= 0.2", "beta": "beta @ w <= 0.95", "energy": 'sector("Energy") @ w >= 0.4'}
    p = asked({"kind": "utility", "risk_aversion": 2.0}, {"custom": custom, "max_weight": 0.5})
    w = cp.Variable(N)
    energy = np.array([float(i % 2 == 0) for i in range(N)])
    held = [cp.sum(w) == 1, w >= 0, w <= 0.5, cp.norm(w - p.previous()) <= 0.2, p.exposures["beta"] @ w <= 0.95]
    risk = cp.quad_form(w, p.moments.Sigma, assume_PSD=True)
    witness = cp.Problem(cp.Maximize(p.moments.mu @ w - risk), [*held, energy @ w >= 0.4])
    witness.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    answer = certified(p)
    assert answer.certificate.objective == pytest.approx(witness.value, abs=1e-8)
    reading = next(r for r in answer.certificate.readings if r.limit == "custom")
    assert reading.members == ("near", "beta", "energy")
    assert reading.measured.max() <= 1e-9
    assert {"near"} <= {price.member for price in _prices(p, answer)}


def _prices(p: Problem, answer: Any) -> tuple[Any, ...]:
    return optimization.shadow_prices(p, optimization.assemble(p), answer.solution.raw)


def test_a_custom_limit_takes_part_in_a_conflict() -> None:
    p = asked({"kind": "min_risk"}, {"custom": {"small": "max(w) <= 0.2"}, "min_weight": {"A0": 0.3}})
    diagnosis = diagnose(p)
    assert [set(conflict.limits) for conflict in diagnosis.conflicts] == [{"custom", "min_weight"}]
    assert any(fix.verified for fix in diagnosis.fixes)


EXPRESSIONS = [
    "sum(abs(w - w_prev)) / 2",
    "mu @ w - rf",
    "variance(w - benchmark)",
    "volatility(w) * 3 - 0.5",
    "norm1(w) + norm_inf(w - 0.1)",
    "sum_largest(w, 3)",
    "sum(pos(w - 0.2)) + sum(neg(w - 0.1))",
    "sum(exp(w)) + power(max(w), 3)",
    "-sum(sqrt(w)) - sum(entropy(w))",
    'asset("A1") @ w + quality @ w - esg @ w',
    "maximum(beta @ w, sum(square(w)))",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_both_voices_of_an_expression_say_the_same_number(text: str) -> None:
    from portopt.terms.custom.door import expression_of

    p, rng = asked({"kind": "min_risk"}), np.random.default_rng(1)
    tree, variable = parse_expression(text, "objective.minimize"), cp.Variable(N)
    expression = expression_of(tree, variable, p, "objective.minimize")
    for _ in range(3):
        w = rng.dirichlet(np.ones(N))
        variable.value = w
        assert value_of(tree, w, p, "objective.minimize") == pytest.approx(float(np.sum(expression.value)), abs=1e-9)


@pytest.mark.parametrize(
    ("limit", "error", "says"),
    [
        ("__import__('os').system('true') <= 1", InvalidValue, "may not stand"),
        ("w.value <= 1", InvalidValue, "may not stand"),
        ("open('x') <= 1", UnknownField, "open"),
        ("[x for x in w] <= 1", InvalidValue, "may not stand"),
        ("lambda: 1", InvalidValue, "<="),
        ("sum(w) < 1", InvalidValue, "<="),
        ("0 <= sum(w) <= 1", InvalidValue, "<="),
        ("sum(w", InvalidValue, "cannot be read"),
        ("sum(w, 1) <= 1", InvalidValue, "takes 1"),
        ("sector(w) <= 1", InvalidValue, "quotes"),
        ("1" + "+1" * 900 + " <= sum(w)", InvalidValue, "parts"),
        ("", InvalidValue, "text"),
        ({"function": "unheard_of"}, UnknownField, "unheard_of"),
    ],
)
def test_nothing_but_an_expression_is_accepted(limit: Any, error: type[PortoptError], says: str) -> None:
    with pytest.raises(error) as caught:
        parse_limits({"custom": {"mine": limit}})
    assert caught.value.field is not None
    assert caught.value.field.startswith("limits.custom.mine")
    assert says in caught.value.detail


@pytest.mark.parametrize(
    ("limit", "error", "says"),
    [
        ("sum_squares(w) >= 0.1", InvalidValue, "convex"),
        ("w <= 0.1", InvalidValue, "one number"),
        ("gamma @ w <= 1", UnknownField, "beta"),
        ('sector("Enrgy") @ w <= 1', UnknownField, "Energy"),
        ("w @ ones(3) <= 1", UnknownField, "ones"),
        ("w ** w <= 1", InvalidValue, "constant"),
    ],
)
def test_what_is_not_convex_or_not_known_is_said_in_the_users_words(limit: str, error: type[PortoptError], says: str) -> None:
    with pytest.raises(error) as caught:
        optimization.assemble(asked({"kind": "min_risk"}, {"custom": {"mine": limit}}))
    assert caught.value.field is not None
    assert caught.value.field.startswith("limits.custom.mine")
    assert says in caught.value.detail


def test_an_expression_of_scores_that_some_assets_lack_is_refused() -> None:
    p = asked({"kind": "min_risk"}, {"custom": {"mine": "quality @ w >= 3"}})
    bare = Universe((*p.universe.assets[:-1], Asset("A6", sector="Energy")))
    without = p.replaced(moments=Moments(bare, p.moments.mu, p.moments.covariance))
    with pytest.raises(MissingInput, match="no such score: A6"):
        optimization.assemble(without)


def test_a_function_of_an_installed_package_is_a_term_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "ridge"

        def load(self) -> Any:
            return lambda w, problem, scale: scale * cp.sum_squares(w) - problem.moments.mu @ w

    monkeypatch.setattr(entry_points, "entry_points", lambda group: [Point()])
    p = asked({"kind": "custom", "function": {"function": "ridge", "options": {"scale": 0.5}}})
    w = cp.Variable(N)
    witness = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(w) - p.moments.mu @ w), [cp.sum(w) == 1, w >= 0])
    witness.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    assert certified(p).certificate.objective == pytest.approx(witness.value, abs=1e-9)
    with pytest.raises(InvalidValue, match="options"):
        optimization.assemble(asked({"kind": "custom", "function": {"function": "ridge", "options": {"size": 1}}}))
