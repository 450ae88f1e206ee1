"""Weights as data: by asset."""

from __future__ import annotations

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem


def by_asset(problem: Problem, values: Vector) -> dict[str, float]:
    """{asset id: value} of (n,) values, zeros of either sign as 0.0."""
    return {a: float(v) + 0.0 for a, v in zip(problem.universe.ids, values.tolist(), strict=True)}
