"""Limits that leave one portfolio, or hardly more: answered and certified, whatever is wanted of it.

A second-order cone that touches the rest in one point has no finite multipliers; see optimization/tight_cones/touching.py and
audit/cone_faces.py. Every limit of a curved measure at its least x every objective x a dense or a factor covariance x 4 to 60
assets; then the same with a little more room, and with a little less than there is. PORTOPT_TEST_FULL=1 tries more widths
of the room.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sets_of_one_point import CURVED, LINEAR, OBJECTIVES, OTHERS, touching, unbounded

from portopt.audit import audit
from portopt.domain.certificate import Certificate
from portopt.domain.problem import Problem
from portopt.domain.solution import Solution
from portopt.optimization import assemble, optimize
from portopt.optimization.tight_cones.touching import touching as where_cones_touch

FULL = os.environ.get("PORTOPT_TEST_FULL") == "1"
KINDS = (*CURVED, *LINEAR)
ASSETS = (4, 10, 25, 60)
CASES = [(kind, objective) for kind in KINDS for objective in OBJECTIVES]


@cache
def asked(kind: str, objective: str) -> Problem:
    i, j = KINDS.index(kind), list(OBJECTIVES).index(objective)
    case = 7 * i + j
    others = list(OTHERS)[(i + j) % len(OTHERS)]
    return unbounded(case + 1, ASSETS[case % 4], factors=bool((case // 2) % 2), objective=objective, others=others)


def answered(p: Problem) -> tuple[Solution, Certificate]:
    form = assemble(p)
    solution = optimize(p, form=form)
    return solution, audit(p, form, solution)


@pytest.mark.parametrize(("kind", "objective"), CASES)
def test_the_only_portfolio_that_is_left_is_the_certified_answer(kind: str, objective: str) -> None:
    p, only = touching(asked(kind, objective), kind)
    solution, certificate = answered(p)
    assert certificate.certified, certificate.reasons
    assert certificate.worst_violation <= 1e-12
    assert solution.weights is not None
    # The bound is rounded too: a set that is 1e-15 wider reaches 1e-7 further.
    assert np.abs(solution.weights - only).max() <= 2e-6


@pytest.mark.parametrize("above", [1e-15, 1e-13, 1e-12, 1e-11] if FULL else [1e-15, 1e-11])
@pytest.mark.parametrize("kind", CURVED)
def test_a_sliver_of_room_is_used_and_certified(kind: str, above: float) -> None:
    p, only = touching(asked(kind, "max_return"), kind, above=above)
    solution, certificate = answered(p)
    assert certificate.certified, certificate.reasons
    assert solution.weights is not None
    assert p.objective.value(solution.weights, p) >= p.objective.value(only, p) - 1e-12


LITTLE = [
    *itertools.product(
        ("max_volatility", "volatility"),
        ("max_return", "max_sharpe", "utility", "least_cvar"),
        (1e-10, 1e-9, 1e-8, 1e-6) if FULL else (1e-9, 1e-6),
    ),
    # What binds changes on the way from the point into the room.
    *itertools.product(("volatility", "semideviation", "ulcer_index"), ("utility", "least_cvar"), (3e-8, 1e-7, 3e-7)),
]


@pytest.mark.parametrize(("kind", "objective", "above"), LITTLE)
def test_a_little_room_is_used_and_certified(kind: str, objective: str, above: float) -> None:
    p, only = touching(asked(kind, objective), kind, above=above)
    solution, certificate = answered(p)
    assert certificate.certified, certificate.reasons
    assert solution.weights is not None
    gained = p.objective.value(solution.weights, p) - p.objective.value(only, p)
    assert (gained if p.objective.sense == "maximize" else -gained) >= -1e-8  # where nothing is to be gained


@pytest.mark.parametrize("below", [1e-15, 1e-13, 1e-12] if FULL else [1e-12])
@pytest.mark.parametrize("kind", CURVED)
def test_a_limit_missed_by_less_than_what_is_measured_is_the_same_point(kind: str, below: float) -> None:
    p, only = touching(asked(kind, "max_return"), kind, above=-below)
    solution, certificate = answered(p)
    assert certificate.certified, certificate.reasons
    assert solution.weights is not None
    assert np.abs(solution.weights - only).max() <= 2e-6


def test_a_limit_missed_by_more_than_what_is_measured_is_infeasible() -> None:
    p, _ = touching(asked("max_volatility", "max_return"), "max_volatility", above=-1e-6)
    assert optimize(p).status.value == "infeasible"


def test_where_there_is_room_no_proof_of_a_face_passes_the_audit() -> None:
    """The point of least volatility is not the best of a set one per mille wider, whatever proof is brought."""
    wider, only = touching(asked("max_volatility", "max_return"), "max_volatility", above=1e-3)
    narrow, _ = touching(asked("max_volatility", "max_return"), "max_volatility")
    solution = optimize(narrow)
    assert solution.raw is not None
    assert solution.raw.duals is not None
    assert solution.raw.duals.face is not None
    claimed = replace(solution, problem_identity=wider.identity())
    certificate = audit(wider, assemble(wider), claimed)
    assert not certificate.certified
    assert certificate.relative_gap > 1e-3
    best = optimize(wider).weights
    assert best is not None
    assert certificate.gap >= wider.objective.value(best, wider) - wider.objective.value(only, wider)


def test_without_the_proof_of_the_face_the_point_is_not_certified() -> None:
    p, _ = touching(asked("max_volatility", "max_return"), "max_volatility")
    solution = optimize(p)
    assert solution.raw is not None
    assert solution.raw.duals is not None
    bare = replace(solution, raw=replace(solution.raw, duals=replace(solution.raw.duals, face=None)))
    assert not audit(p, assemble(p), bare).certified
    wrong = replace(solution.raw.duals.face, rows=-solution.raw.duals.face.rows)  # type: ignore[union-attr, type-var]
    turned = replace(solution, raw=replace(solution.raw, duals=replace(solution.raw.duals, face=wrong)))
    assert not audit(p, assemble(p), turned).certified


def test_two_cones_that_touch_each_other_are_a_face_of_both() -> None:
    """The least tracking error that a volatility limit allows, both as limits: neither is at its least without the other."""
    p = unbounded(5, 12, factors=False, objective="max_return", others="plain")
    least = optimize(p.replaced(objective=asked("max_volatility", "least_variance").objective)).weights
    tracking = optimize(p.replaced(objective=asked("max_volatility", "tracking").objective)).weights
    assert least is not None
    assert tracking is not None
    covariance = p.moments.covariance
    between = 0.5 * (covariance.volatility(least) + covariance.volatility(tracking))
    from portopt.terms.catalog import parse_limits

    calm = p.replaced(limits=(*p.limits, *parse_limits({"max_volatility": between})))
    both, only = touching(calm, "max_tracking_error")
    found = where_cones_touch(assemble(both))
    assert found is not None
    assert len(found.cones) == 2
    solution, certificate = answered(both)
    assert certificate.certified, certificate.reasons
    assert solution.weights is not None
    assert np.abs(solution.weights - only).max() <= 2e-6
