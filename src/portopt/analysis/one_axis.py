"""One axis of a problem at a time: as the objective, as a bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem
from portopt.terms.limits.axis_bounds import AxisBounds
from portopt.terms.objectives.multi_objective import MultiObjective
from portopt.terms.shared.axes import AXES


def check_axes(axes: Iterable[str]) -> None:
    names = list(axes)
    strangers = [name for name in names if name not in AXES]
    if strangers or len(set(names)) != len(names) or not names:
        why = f"{strangers[0]!r} is no axis" if strangers else "each axis stands there once"
        raise InvalidValue("axes", names, why, fix=f"use some of {', '.join(AXES)}")


def alone(problem: Problem, name: str, risk_measure: str, options: Mapping[str, Any]) -> Problem:
    """One axis as the objective."""
    return problem.replaced(objective=MultiObjective({name: 1.0}, risk_measure, **options))


def bounded(problem: Problem, bounds: Mapping[str, float], risk_measure: str, options: Mapping[str, Any]) -> Problem:
    """The problem with these bounds on axes beside its own."""
    own = problem.limit(AxisBounds.kind)
    if isinstance(own, AxisBounds):
        return problem.with_limit(own.tightened(bounds))
    return problem.replaced(limits=(*problem.limits, AxisBounds(bounds, risk_measure, **options)))


def measure_of(risk_measure: str, options: Mapping[str, Any]) -> Any:
    return MultiObjective({"risk": 1.0}, risk_measure, **options).measure
