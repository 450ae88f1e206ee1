"""Membership of the cones and their duals, against the definition of a dual cone: z's >= 0 for every s of the cone."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.audit.cones import dual_violation, into_dual, primal_violation

RNG = np.random.default_rng(0)
ALPHAS = {"second_order": 0.5, "exponential": 0.5, "power": 2.0 / 3.0}
KINDS = tuple(ALPHAS)


def members(kind: str, count: int = 4000) -> np.ndarray:
    """Points of the cone, by its definition, many of them on its boundary."""
    if kind == "second_order":
        tail = RNG.normal(size=(count, 3))
        return np.column_stack([np.linalg.norm(tail, axis=1) * (1 + RNG.choice([0.0, 0.5], count)), tail])
    if kind == "power":
        x, y = RNG.exponential(size=(2, count)) * 10.0 ** RNG.uniform(-2, 2, (2, count))
        a = ALPHAS[kind]
        return np.column_stack([x, y, RNG.choice([-1.0, 0.3, 1.0], count) * x**a * y ** (1 - a)])
    r, s = RNG.normal(size=count) * 3, RNG.exponential(size=count) + 1e-3
    r = np.minimum(r, 30 * s)
    return np.column_stack([r, s, s * np.exp(r / s) * (1 + RNG.choice([0.0, 0.5], count))])


@pytest.mark.parametrize("kind", KINDS)
def test_points_made_by_the_definition_are_inside(kind):
    s = members(kind)
    worst = max(primal_violation(kind, point, ALPHAS[kind]) / max(1.0, np.abs(point).max()) for point in s)
    assert worst <= 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_a_point_pushed_out_is_outside(kind):
    for point in members(kind, 200):
        out = point.copy()
        out[0 if kind == "second_order" else 1 if kind == "power" else 2] = -1.0
        assert primal_violation(kind, out, ALPHAS[kind]) > 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_called_dual_has_no_negative_product_with_any_member(kind):
    s = members(kind)
    found = 0
    for z in RNG.normal(size=(400, s.shape[1])) * np.where(kind == "exponential", [1.0, 3.0, 3.0, 0.0][: s.shape[1]], 1.0):
        if dual_violation(kind, z, ALPHAS[kind]) == 0.0:
            found += 1
            assert (s @ z).min() >= -1e-9 * np.abs(s).max()
    assert found > 5


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_called_not_dual_has_a_member_to_show_it(kind):
    s = members(kind, 40_000)
    for z in RNG.normal(size=(60, s.shape[1])):
        if dual_violation(kind, z, ALPHAS[kind]) > 0.3:
            assert (s @ z).min() < 0.0


@pytest.mark.parametrize("may_raise_first", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_anything_is_brought_into_the_dual_cone(kind, may_raise_first):
    for z in RNG.normal(size=(300, 4 if kind == "second_order" else 3)):
        brought = into_dual(kind, z, ALPHAS[kind], may_raise_first=may_raise_first)
        assert dual_violation(kind, brought, ALPHAS[kind]) <= 1e-12 * max(1.0, np.abs(brought).max())


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_of_the_dual_cone_is_left_as_it_is(kind):
    z = {"second_order": [2.0, 1.0, 1.0], "power": [2.0, 2.0, 0.5], "exponential": [-1.0, 0.0, 3.0]}[kind]
    np.testing.assert_allclose(into_dual(kind, np.array(z), ALPHAS[kind], may_raise_first=False), z)
