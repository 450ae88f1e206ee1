"""The auditor's voice of an expression: its value at given weights by plain NumPy, sharing nothing with cvxpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.problem import Problem
from portopt.terms.custom.grammar import SCALARS, VECTORS, Indicator, Name, Node, Number

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power, "power": np.power,
    "@": np.dot, "dot": np.dot, "maximum": np.maximum, "minimum": np.minimum,
    "sum_largest": lambda x, k: np.sort(np.atleast_1d(x))[::-1][: int(k)].sum(),
}  # fmt: skip
UNARY: dict[str, Callable[[Any], Any]] = {
    "negative": np.negative, "sum": np.sum, "abs": np.abs, "max": np.max, "min": np.min, "square": np.square, "sqrt": np.sqrt,
    "exp": np.exp, "log": np.log, "norm1": lambda x: np.abs(x).sum(), "norm2": lambda x: np.sqrt(np.square(x).sum()),
    "norm_inf": lambda x: np.abs(x).max(), "sum_squares": lambda x: np.square(x).sum(),
    "entropy": lambda x: -np.where(np.asarray(x) > 0.0, x * np.log(np.where(np.asarray(x) > 0.0, x, 1.0)), 0.0),
    "pos": lambda x: np.maximum(x, 0.0), "neg": lambda x: np.maximum(-x, 0.0),
}  # fmt: skip


def value_of(node: Node, w: Vector, p: Problem, field: str) -> float:
    """The number a tree stands for at w (n,). Raises InvalidValue where it stands for a vector."""
    with np.errstate(all="ignore"):
        found = np.asarray(_value(node, w, p, field), dtype=float)
    if found.size != 1:
        raise InvalidValue(field, f"{found.size} numbers", "an expression must come to one number", fix="put sum(…) around it")
    return float(found.ravel()[0])


def named(name: str, p: Problem, field: str) -> Any:
    """What a name other than w stands for. Raises UnknownField, or MissingInput where the problem does not bring it."""
    if name == "rf":
        return p.risk_free_rate
    if name == "mu":
        return p.moments.mu
    if name == "ones":
        return np.ones(p.n)
    if name == "w_prev":
        return p.previous()
    if name == "benchmark":
        return p.benchmark_weights()
    if name in ("quality", "esg"):
        return _scores(name, p, field)
    if name in p.exposures:
        return p.exposures[name]
    raise UnknownField(name, (*VECTORS, *SCALARS, *p.exposures), path=field)


def indicator(node: Indicator, p: Problem, field: str) -> Vector:
    """(n,) ones for the members. Raises UnknownField for a group or an asset that is not there."""
    out = np.zeros(p.n)
    if node.group == "asset":
        known: Any = p.universe.positions
        if node.name not in known:
            raise UnknownField(node.name, tuple(known), path=field)
        out[known[node.name]] = 1.0
        return out
    attribute: Literal["sector", "asset_class"] = "sector" if node.group == "sector" else "asset_class"
    groups = p.universe.groups(attribute)
    if node.name not in groups:
        raise UnknownField(node.name, tuple(groups) or ("(no asset has one)",), path=field)
    _require_grouped(attribute, p, field)
    out[groups[node.name]] = 1.0
    return out


def _require_grouped(attribute: Literal["sector", "asset_class"], p: Problem, field: str) -> None:
    """Raises MissingInput for assets of no group: whether they belong to the one that is spoken of, nobody can say."""
    without = [p.universe.ids[i] for i in p.universe.ungrouped(attribute)]
    if without:
        noun = attribute.replace("_", " ")
        raise MissingInput(
            f"{field} speaks of {'an' if noun[0] == 'a' else 'a'} {noun}, and {len(without)} assets have none:"
            f" {', '.join(without[:6])}",
            field=field,
            fixes=[f"give every asset its {noun}", f"name the assets themselves: asset({without[0]!r})"],
        )


def _value(node: Node, w: Vector, p: Problem, field: str) -> Any:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return w if node.name == "w" else named(node.name, p, field)
    if isinstance(node, Indicator):
        return indicator(node, p, field)
    arguments = [_value(argument, w, p, field) for argument in node.arguments]
    if node.function in ("variance", "volatility"):
        variance = p.moments.covariance.variance(np.broadcast_to(arguments[0], (p.n,)))
        return variance if node.function == "variance" else float(np.sqrt(variance))
    return BINARY[node.function](*arguments) if len(arguments) == 2 else UNARY[node.function](*arguments)


def _scores(name: str, p: Problem, field: str) -> Vector:
    scores = p.universe.scores("quality_score" if name == "quality" else "esg_score")
    risky = ~p.universe.is_cash
    without = [p.universe.ids[i] for i in np.flatnonzero(np.isnan(scores) & risky)]
    if without:
        raise MissingInput(
            f"{field} speaks of {name}, and {len(without)} assets have no such score: {', '.join(without[:6])}",
            field=field,
            fixes=[f"give every asset a {name}_score"],
        )
    return np.where(risky, scores, 0.0)
