"""The one Newton loop: on a curve of its own, whose optimum is known in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from portopt.domain.program import Program, StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.convex import solve_convex
from portopt.optimization.curved.sequential_quadratic import Point, solve_sequentially

START = Point(np.array([3.0]), np.zeros(0))


@dataclass(frozen=True)
class Exponential:
    """minimize  e^x - a x  over  low <= x <= 4, whose optimum is max(log a, low)."""

    a: float
    low: float = -4.0

    def around(self, at: Point) -> StandardForm:
        x, bend = float(at.x[0]), float(np.exp(at.x[0]))
        program = Program(1)
        program.add_quadratic(program.weights, np.array([[bend]]))
        program.add_linear(program.weights, np.array([bend - self.a - bend * x]))
        program.add_bounds(program.weights, self.low, 4.0, limit="box")
        return program.freeze()

    def is_settled(self, at: Point, there: Point, *, polished: bool) -> bool:
        return abs(float(there.x[0] - at.x[0])) <= 1e-9

    def stepped(self, at: Point, there: Point) -> Point:
        return there

    def whole(self, at: Point, raw: RawAnswer) -> RawAnswer:
        return raw


def solved(curve: Exponential, steps: int = 20) -> RawAnswer | None:
    return solve_sequentially(curve, START, steps, lambda form, _: solve_convex(form))


@pytest.mark.parametrize(("a", "low", "optimum"), [(2.0, -4.0, np.log(2.0)), (0.5, -4.0, -np.log(2.0)), (2.0, 1.0, 1.0)])
def test_it_ends_at_the_optimum_exactly_and_says_how_many_programs_it_took(a: float, low: float, optimum: float) -> None:
    raw = solved(Exponential(a, low))
    assert raw is not None
    assert raw.x is not None
    assert raw.x[0] == pytest.approx(optimum, abs=1e-15)
    assert 2 <= raw.iterations <= 10


def test_what_does_not_settle_within_its_steps_is_no_answer() -> None:
    assert solved(Exponential(2.0), steps=2) is None


def test_a_first_program_without_a_point_is_returned_as_what_it_is() -> None:
    raw = solved(Exponential(2.0, low=5.0))
    assert raw is not None
    assert raw.status is SolveStatus.INFEASIBLE


def test_every_program_is_told_the_answer_to_the_one_before() -> None:
    told: list[RawAnswer | None] = []

    def solve(form: StandardForm, before: RawAnswer | None) -> RawAnswer:
        told.append(before)
        return solve_convex(form)

    raw = solve_sequentially(Exponential(2.0), START, 20, solve)
    assert raw is not None
    assert told[0] is None
    assert all(before is not None for before in told[1:])
    assert len(told) == raw.iterations
