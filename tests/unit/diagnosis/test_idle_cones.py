"""Cones of an objective have nothing to say about whether the limits can hold, but that a logarithm's argument is positive."""

from __future__ import annotations

import numpy as np

from portopt import optimization
from portopt.diagnosis.idle_cones import without_idle_cones
from portopt.domain.program import INF, Program, StandardForm
from portopt.domain.solution import SolveStatus

ONE = np.ones((1, 1))


def program(least: float, *, owner: str = "") -> StandardForm:
    """w_0 >= least, w_1 free, t <= log(w_1), w_0 + w_1 = 1."""
    p = Program(2)
    t = p.add_columns(1)
    p.add_cone("exponential", [(0, ONE, t), (2, ONE, np.array([1]))], np.array([0.0, 1.0, 0.0]), limit=owner)
    p.add_rows(np.ones((1, 2)), p.weights, 1.0, 1.0, limit="budget")
    p.add_bounds(np.array([0]), least, INF, limit="min_weight")
    return p.freeze()


def test_a_logarithm_leaves_the_sign_of_its_argument_behind() -> None:
    for least, status in ((0.9, SolveStatus.OPTIMAL), (1.1, SolveStatus.INFEASIBLE)):
        form = without_idle_cones(program(least))
        assert form.cones == ()
        assert optimization.solve_convex(form).status is status


def test_a_cone_that_a_limit_owns_stays() -> None:
    form = program(0.5, owner="some limit")
    assert without_idle_cones(form) is form


def test_a_norm_stays_when_its_bound_is_spoken_of_elsewhere() -> None:
    p = Program(2)
    e = p.add_columns(1)
    p.add_cone("second_order", [(0, ONE, e), (1, np.eye(2), p.weights)], np.zeros(3), limit="")
    assert without_idle_cones(p.freeze()).cones == ()
    p.add_rows(ONE, e, -INF, 0.3, limit="a cap on the norm")
    assert len(without_idle_cones(p.freeze()).cones) == 1
