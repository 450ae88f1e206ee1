"""Portfolios on one covariance share its proof: the same matrix, not written to since, times a positive number; no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portopt.audit.optimality import is_convex
from portopt.domain.arrays import Matrix
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.program import Quadratic, StandardForm
from portopt.domain.universe import Universe
from portopt.optimization import assemble
from portopt.terms.catalog import parse_limits, parse_objective

N = 40


def form(gamma: float, Sigma: Matrix) -> StandardForm:
    moments = Moments(Universe.of([f"A{i}" for i in range(N)]), np.linspace(0.0, 0.1, N), Covariance(Sigma=Sigma))
    objective = parse_objective({"kind": "utility", "risk_aversion": gamma})
    return assemble(Problem(moments, objective, parse_limits({"budget": True, "long_only": True})), multiples=True)


def of(block: Quadratic) -> StandardForm:
    return replace(form(1.0, np.eye(N)), quadratics=(block,))


@pytest.fixture
def Sigma() -> Matrix:
    R = np.random.default_rng(3).normal(size=(N, 2 * N))
    found: Matrix = R @ R.T / N
    found.flags.writeable = False
    return found


def test_a_program_of_many_shares_the_covariance_and_says_the_same(Sigma: Matrix) -> None:
    shared = form(3.7, Sigma)
    (block,) = shared.quadratics
    assert block.shared is Sigma
    own, x = replace(shared, quadratics=(Quadratic(block.columns, 3.7 * Sigma),)), np.linspace(-1.0, 1.0, N)
    np.testing.assert_array_equal(block.M, 3.7 * Sigma)
    np.testing.assert_array_equal(block.diagonal, 3.7 * np.diagonal(Sigma))
    np.testing.assert_allclose(shared.P_times(x), own.P_times(x), rtol=1e-13, atol=1e-13)
    assert shared.objective(x) == pytest.approx(own.objective(x), rel=1e-13)


def test_a_positive_multiple_of_what_is_proven_is_convex_and_a_negative_one_is_not(Sigma: Matrix) -> None:
    columns = np.arange(N)
    assert is_convex(of(Quadratic(columns, Sigma)))
    assert is_convex(of(Quadratic(columns, Sigma, 5.0)))
    assert not is_convex(of(Quadratic(columns, Sigma, -5.0)))
    assert is_convex(of(Quadratic(columns, 2.5 * Sigma)))
    crooked = np.array(Sigma)
    crooked[7, 3] = crooked[3, 7] = 1.1 * np.sqrt(Sigma[3, 3] * Sigma[7, 7])
    assert not is_convex(of(Quadratic(columns, crooked)))


def test_a_matrix_that_was_written_to_is_looked_at_again(Sigma: Matrix) -> None:
    columns, mine = np.arange(N), np.array(Sigma)
    assert is_convex(of(Quadratic(columns, mine)))
    mine[0, 0] = -1.0
    assert not is_convex(of(Quadratic(columns, mine, 2.0)))
