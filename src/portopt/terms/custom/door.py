"""The one door to cvxpy: a tree, or what a user's function made of w, becomes rows and cones of our program.

cvxpy's own rules (disciplined convex programming) decide whether it is convex; its canonical form, for the solver Clarabel,
is copied row by row. Imported only when a problem has such a term: it takes two seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program, psd_root
from portopt.terms.custom.grammar import Indicator, Name, Node, Number
from portopt.terms.custom.numeric import indicator, named

Expression = Any  # cvxpy has no types


def expression_of(node: Node, w: Expression, p: Problem, field: str) -> Expression:
    """The tree as a cvxpy expression of the variable w (n,)."""
    import cvxpy as cp

    if isinstance(node, Number):
        return cp.Constant(node.value)
    if isinstance(node, Name):
        return w if node.name == "w" else cp.Constant(named(node.name, p, field))
    if isinstance(node, Indicator):
        return cp.Constant(indicator(node, p, field))
    arguments = [expression_of(argument, w, p, field) for argument in node.arguments]
    if node.function in ("variance", "volatility"):
        through = _root(p).T @ (arguments[0] if arguments[0].shape else arguments[0] * np.ones(p.n))
        return cp.sum_squares(through) if node.function == "variance" else cp.norm2(through)
    try:
        return _functions()[node.function](*arguments)
    except (ValueError, TypeError) as error:
        raise InvalidValue(field, node.function, f"cannot be formed: {error}") from None


def write_epigraph(program: Program, p: Problem, make: Callable[[Expression], Expression], field: str, text: str) -> Indices:
    """One new column e with  g(w) <= e,  g what `make` makes of cvxpy's variable w; (1,) the column.

    Raises InvalidValue for a g that is not convex, not one number, or needs a semidefinite cone.
    """
    import cvxpy as cp

    w, e = cp.Variable(p.n), cp.Variable()
    g = make(w)
    if not isinstance(g, cp.Expression) or g.size != 1:
        raise InvalidValue(field, text, "must come to one number", fix="put sum(…) around it")
    if not g.is_dcp() or not g.is_convex():
        curvature = g.curvature.lower() if g.is_dcp() else "not of known curvature"
        why = f"is {curvature} by cvxpy's rules; only a convex cost, or a concave gain, has one optimum"
        raise InvalidValue(field, text, why, fix="turn the inequality around, or use a convex function")
    # Added to the objective with no weight, so that w is a variable of the canonical form whatever g makes of it.
    data, _, _ = cp.Problem(cp.Minimize(e + 0.0 * cp.sum(w)), [g <= e]).get_problem_data(cp.CLARABEL)
    columns = _columns(program, data, w, e)
    _copy(program, data, columns, field, text)
    return columns[[data["param_prob"].var_id_to_col[e.id]]]


def _columns(program: Program, data: dict[str, Any], w: Expression, e: Expression) -> Indices:
    """Where each column of the canonical form stands in the program; the auxiliary ones are new."""
    first = data["param_prob"].var_id_to_col
    size = data["A"].shape[1]
    columns = np.full(size, -1, dtype=np.intp)
    if w.id in first:
        columns[first[w.id] : first[w.id] + w.size] = program.weights
    new = np.flatnonzero(columns < 0)
    columns[new] = program.add_columns(len(new))
    for name, side in (("lower_bounds", -INF), ("upper_bounds", INF)):
        bounds = data.get(name)
        held = np.flatnonzero(np.isfinite(bounds)) if bounds is not None else np.zeros(0, dtype=np.intp)
        if len(held):
            values = np.asarray(bounds)[held]
            lower, upper = (values, side * -1.0) if side < 0 else (-INF, values)
            program.add_bounds(columns[held], lower, upper, limit="", relax=0.0)
    return columns


def _copy(program: Program, data: dict[str, Any], columns: Indices, field: str, text: str) -> None:
    """Rows and cones of  b - A x in K,  in Clarabel's order: zero, nonnegative, second-order, exponential, power."""
    A, b, dims = sp.csr_array(data["A"]), np.asarray(data["b"], dtype=float), data["dims"]
    if dims.psd:
        raise InvalidValue(field, text, "needs a semidefinite cone, which this engine does not solve")
    at = 0
    for count, lower in ((int(dims.zero), None), (int(dims.nonneg), -INF)):
        if count:
            side = b[at : at + count]
            program.add_rows(A[at : at + count], columns, side if lower is None else lower, side, limit="", relax=0.0)
        at += count
    cones: list[tuple[str, int, float]] = [("second_order", int(d), 0.5) for d in dims.soc]
    cones += [("exponential", 3, 0.5)] * int(dims.exp) + [("power", 3, float(alpha)) for alpha in dims.p3d]
    for kind, size, alpha in cones:
        block, tail = -A[at : at + size], b[at : at + size]
        program.add_cone(kind, [(0, sp.coo_array(block), columns)], _own(tail), limit="", alpha=alpha)  # type: ignore[arg-type]
        at += size


def _own(values: Vector) -> Vector:
    return np.array(values, dtype=float)


def _root(p: Problem) -> np.ndarray:
    """(n, r) R with R R' = Sigma."""
    covariance = p.moments.covariance
    if not covariance.is_factor_form:
        return psd_root(covariance.dense())
    F, Omega, D = covariance.factors()
    return np.hstack([F @ psd_root(Omega), np.diag(np.sqrt(D))])


def _functions() -> dict[str, Callable[..., Expression]]:
    import cvxpy as cp

    return {
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "/": lambda a, b: a / b, "**": _power, "power": _power,
        "*": lambda a, b: cp.multiply(a, b), "@": lambda a, b: a @ b, "dot": lambda a, b: a @ b, "negative": lambda a: -a,
        "sum": cp.sum, "abs": cp.abs, "max": cp.max, "min": cp.min, "norm1": cp.norm1, "norm2": lambda a: cp.norm(a, 2),
        "norm_inf": cp.norm_inf, "square": cp.square, "sum_squares": cp.sum_squares, "sqrt": cp.sqrt, "exp": cp.exp,
        "log": cp.log, "entropy": cp.entr, "pos": cp.pos, "neg": cp.neg, "maximum": cp.maximum, "minimum": cp.minimum,
        "sum_largest": lambda a, k: cp.sum_largest(a, int(_constant(k))),
    }  # fmt: skip


def _power(a: Expression, b: Expression) -> Expression:
    import cvxpy as cp

    return cp.power(a, _constant(b))


def _constant(x: Expression) -> float:
    if not x.is_constant():
        raise ValueError("an exponent or a count must be a constant")
    return float(x.value)
