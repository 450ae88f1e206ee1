"""Programs with logarithms of columns: the same optimum as a conic solver, with multipliers that certify it."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.audit.optimality import conditions, primal_residual
from portopt.audit.scale import objective_scale
from portopt.domain.program import INF, Program, StandardForm
from portopt.domain.solution import SolveStatus
from portopt.optimization import solve
from portopt.optimization.convex import solve_convex
from portopt.optimization.curved.logarithms import logarithms


def entropy_like(seed: int, *, floor: float = 0.0, scale: float = 1.0, cone: bool = False) -> StandardForm:
    """minimize 1/2 w'Sigma w - q'w - sum c log w  over the simplex, a random row and, where asked, a ball."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 15))
    root = rng.normal(size=(n, n))
    program = Program(n)
    w = program.weights
    program.add_quadratic(w, scale * (root @ root.T) / n)
    program.add_linear(w, -scale * rng.normal(size=n))
    t = program.add_columns(n)
    program.add_linear(t, -scale * rng.uniform(1e-4, 1.0, n))
    one = np.ones((1, 1))
    for i in range(n):
        program.add_cone("exponential", [(0, one, t[[i]]), (2, one, w[[i]])], np.array([0.0, 1.0, 0.0]), limit="")
    program.add_rows(np.ones((1, n)), w, 1.0, 1.0, limit="budget")
    a = rng.normal(size=n)
    program.add_rows(a[None, :], w, -INF, float(a.mean()), limit="row")
    program.add_bounds(w, floor / n, min(1.0, 2.5 / n), limit="box")
    if cone:
        b = np.concatenate([[0.6 / np.sqrt(n)], np.full(n, -1.0 / n)])
        program.add_cone("second_order", [(1, np.eye(n), w)], b, limit="ball")
    return program.freeze()


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("cone", [False, True])
def test_the_optimum_is_certified_to_rounding_and_clarabel_finds_it_too(seed, cone):
    form = entropy_like(seed, cone=cone)
    raw, witness = solve(form), solve_convex(form)
    assert raw.status is SolveStatus.OPTIMAL
    assert raw.solver.startswith("log-barrier")
    scale = objective_scale(form, raw.x)
    found = conditions(form, raw.x, raw.duals, scale)
    assert primal_residual(form, raw.x) <= 1e-12
    assert found.gap / scale <= 1e-10
    assert found.stationarity <= 1e-10
    assert found.dual_infeasibility <= 1e-10
    np.testing.assert_allclose(raw.x[: form.n_weights], witness.x[: form.n_weights], rtol=0, atol=1e-5)
    assert form.objective(raw.x) <= form.objective(witness.x) + 1e-7 * scale


@pytest.mark.parametrize("scale", [1e-6, 1e4])
def test_the_unit_of_the_objective_does_not_move_the_optimum(scale):
    plain, scaled = solve(entropy_like(3)), solve(entropy_like(3, scale=scale))
    n = entropy_like(3).n_weights
    np.testing.assert_allclose(scaled.x[:n], plain.x[:n], rtol=0, atol=1e-11)


@pytest.mark.parametrize("start", ["vertex", "outside", "answer"])
def test_where_it_starts_does_not_matter(start):
    form = entropy_like(8)
    n = form.n_weights
    answer = solve(form).x[:n]
    begun = {"vertex": np.eye(n)[0], "outside": np.full(n, 5.0), "answer": answer}[start]
    again = solve(form, start=begun)
    np.testing.assert_allclose(again.x[:n], answer, rtol=0, atol=1e-12)
    assert start != "answer" or again.iterations == 1


def test_limits_without_a_point_are_infeasible():
    assert solve(entropy_like(4, floor=1.5)).status is SolveStatus.INFEASIBLE


def test_a_weight_that_must_be_nothing_has_no_logarithm_and_that_is_infeasible_too():
    form = entropy_like(5)
    upper = form.bound_upper.copy()
    upper[0] = 0.0
    from dataclasses import replace

    assert solve(replace(form, bound_upper=upper)).status is not SolveStatus.OPTIMAL


def test_other_exponential_cones_go_to_the_conic_solver():
    program = Program(2)
    program.add_linear(program.weights, np.array([1.0, 1.0]))
    blocks = [(0, np.ones((1, 1)), np.array([0])), (2, np.ones((1, 1)), np.array([1]))]
    program.add_cone("exponential", blocks, np.array([0.0, 2.0, 0.0]), limit="")
    form = program.freeze()
    assert logarithms(form) is None
    raw = solve(form)  # least x + y with 2 exp(x/2) <= y: exp(x/2) = -1 has no end
    assert raw.status is not SolveStatus.OPTIMAL
