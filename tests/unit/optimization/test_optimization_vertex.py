"""A linear program's last digits: exact at degenerate vertices, and held against rational arithmetic."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from portopt.audit import audit
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.solution import SolveStatus
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.optimization.polish.linear_vertex import refined
from portopt.optimization.scaling.presolve import scaled
from portopt.optimization.solvers import highs
from portopt.terms.catalog import parse_limits, parse_objective


def problem(mu: np.ndarray, limits: dict[str, object]) -> Problem:
    n = len(mu)
    universe = Universe(tuple(Asset(f"A{i:03d}", sector=f"S{i % 4}") for i in range(n)))
    moments = Moments(universe, mu, Covariance(Sigma=0.04 * np.eye(n)))
    terms = parse_limits({"budget": True, "long_only": True, **limits})
    return Problem(moments, parse_objective({"kind": "max_return"}), terms, w_prev=np.full(n, 1 / n))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("duplicates", [False, True])
def test_a_linear_answer_has_exact_zeros_and_an_exact_sum(seed: int, duplicates: bool) -> None:
    rng = np.random.default_rng(seed)
    mu = rng.normal(0.06, 0.05, 40)
    if duplicates:  # many vertices with one value: the basis is degenerate in its multipliers
        mu = np.round(mu, 2)
    p = problem(mu, {"max_weight": 0.1, "sector_limits": 0.3, "max_turnover": 0.25})
    form = assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    assert solution.raw is not None
    assert solution.raw.polished
    assert certificate.weight_sum == 1.0
    assert certificate.worst_violation <= 1e-15
    assert certificate.relative_gap <= 1e-13


def test_the_refined_vertex_is_that_of_rational_arithmetic() -> None:
    """Three assets, two of them on thirds that no float is: the basis system in fractions gives the digits."""
    p = problem(np.array([0.05, 0.11, 0.07]), {"max_weight": {"A001": 1 / 3}, "min_weight": {"A000": 0.1}})
    program = scaled(assemble(p))
    answer = highs.solve(program)
    exact = refined(program, answer)
    assert exact is not None
    assert exact.x is not None
    third, tenth = Fraction(1 / 3), Fraction(0.1)
    expected = [tenth, third, 1 - third - tenth]
    weights = exact.x * program.column_scale
    assert [abs(Fraction(float(w)) - e) <= Fraction(1, 2**54) for w, e in zip(weights, expected, strict=True)] == [True] * 3


def test_a_vertex_known_to_nine_digits_is_made_exact() -> None:
    rng = np.random.default_rng(3)
    p = problem(rng.normal(0.06, 0.05, 30), {"max_weight": 0.15, "max_turnover": 0.2})
    program = scaled(assemble(p))
    answer = highs.solve(program)
    assert answer.x is not None
    assert answer.y is not None
    blurred = replace(answer, x=answer.x + 1e-9, y=answer.y * (1.0 + 1e-9))
    exact, again = refined(program, answer), refined(program, blurred)
    assert exact is not None
    assert again is not None
    assert np.array_equal(exact.x, again.x)  # type: ignore[arg-type]
    assert np.array_equal(exact.y, again.y)  # type: ignore[arg-type]


def test_a_basis_that_is_not_optimal_is_not_called_so() -> None:
    p = problem(np.array([0.05, 0.11, 0.07, 0.01]), {"max_weight": 0.4})
    program = scaled(assemble(p))
    best = highs.solve(program)
    assert best.status is SolveStatus.OPTIMAL
    other = replace(program, q=-program.q)
    assert refined(other, best) is None
