"""Functions of installed packages that write a term in cvxpy: a name on the wire, never code.

A package declares   [project.entry-points."portopt.terms"]  my_term = "my_package.terms:my_term"   and the function is

    def my_term(w, problem, **options) -> a cvxpy expression of one number, convex, to be minimized or kept at most zero

w is cvxpy's variable of n weights; problem is the frozen Problem (moments, benchmark, exposures, …).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.problem import Problem

GROUP = "portopt.terms"


def installed(name: object, field: str) -> Callable[..., Any]:
    """The function of that name. Raises UnknownField for one that no installed package declares."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    if not isinstance(name, str) or name not in found:
        raise UnknownField(str(name), tuple(found) or ("(no installed package declares one)",), path=field)
    function: Callable[..., Any] = found[name].load()
    return function


def made_by(name: str, options: Mapping[str, Any], p: Problem, field: str) -> Callable[[Any], Any]:
    """What makes the expression of w."""
    function = installed(name, field)

    def make(w: Any) -> Any:
        try:
            return function(w, p, **options)
        except TypeError as error:
            raise InvalidValue(field, name, f"did not accept its options: {error}") from None

    return make


def value_at(name: str, options: Mapping[str, Any], w: Vector, p: Problem, field: str) -> float:
    """The auditor's voice: the function on constants, evaluated by cvxpy's numeric side, not by its canonical form.

    w: (n,) weights.
    """
    import cvxpy as cp

    variable = cp.Variable(p.n)
    expression = made_by(name, options, p, field)(variable)
    variable.value = w
    return float(np.asarray(expression.value).ravel()[0])
