"""Newton's method over the exact quadratic engine: sequential quadratic programming.

A curved program is replaced, at a point, by a quadratic one: its curves by their tangents, what they bend by in the objective.
That program is solved and polished exactly, its answer says where the next one is written, and once nothing moves any more it
is the answer to the whole, whose multipliers follow in closed form. In the end quadratically convergent. What a curve is, how
it is expanded and how far a step may go says its `Expansion`: powers.py, logarithms.py, exponentials.py.

Source: Nocedal and Wright (2006), chapter 18.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from portopt.domain.arrays import Vector
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus

Solve = Callable[[StandardForm, RawAnswer | None], RawAnswer]  # (program, the answer to the one before) -> its answer


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """x: (N,) where a program is expanded. rows: (m,) multipliers of its rows. solved: False of a guess, good for a start."""

    x: Vector
    rows: Vector
    solved: bool = True


class Expansion(Protocol):
    """A curved program as the quadratic ones that are written around its points."""

    def around(self, at: Point) -> StandardForm | None:
        """The quadratic program at that point; None where there is none."""

    def is_settled(self, at: Point, there: Point, *, polished: bool) -> bool:
        """Whether the answer to the program written at one point is that point. polished: whether it is exact."""

    def stepped(self, at: Point, there: Point) -> Point | None:
        """From a point towards the answer to its program: where the next is written. None where there is no such point."""

    def whole(self, at: Point, raw: RawAnswer) -> RawAnswer | None:
        """The last program's answer as one to the curved program, with its multipliers; None where it is none."""


def solve_sequentially(curves: Expansion, first: Point, steps: int, solve: Solve) -> RawAnswer | None:
    """The optimum of a curved program, its `iterations` the programs solved; None where the steps do not settle.

    A first program without a point is returned as it is: whether that proves anything is the caller's to say.
    """
    at, raw = first, None
    for step in range(steps):
        form = curves.around(at)
        if form is None:
            return None
        raw = solve(form, raw)
        if raw.status is SolveStatus.INFEASIBLE and step == 0:
            return raw
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None or raw.duals is None:
            return None
        there = Point(raw.x, raw.duals.rows)
        if curves.is_settled(at, there, polished=raw.polished):
            whole = curves.whole(at, raw)
            return None if whole is None else replace(whole, iterations=step + 1)
        further = curves.stepped(at, there)
        if further is None:
            return None
        at = further
    return None
