"""Expressions users write, as data: parsed into a tree of the few things that may stand in one, and nothing is executed.

    numbers   names   + - * / ** @   function(…)   and, in a limit, one  <=  or  >=

Names: w (the weights), w_prev, benchmark, mu, ones, rf, quality, esg, and every exposure of the problem (beta, …).
Functions: see FUNCTIONS; sector("Energy"), asset_class("Bond") and asset("AAPL") are vectors of ones and zeros.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TypeAlias

from portopt.domain.errors import InvalidValue, UnknownField

MOST_CHARACTERS = 2_000
MOST_NODES = 400
MOST_DEPTH = 40
VECTORS = ("w", "w_prev", "benchmark", "mu", "ones", "quality", "esg")
SCALARS = ("rf",)
FUNCTIONS: dict[str, int] = {  # name: how many arguments
    "sum": 1, "abs": 1, "max": 1, "min": 1, "norm1": 1, "norm2": 1, "norm_inf": 1, "square": 1, "sum_squares": 1, "sqrt": 1,
    "exp": 1, "log": 1, "entropy": 1, "pos": 1, "neg": 1, "sum_largest": 2, "variance": 1, "volatility": 1, "maximum": 2,
    "minimum": 2, "power": 2, "dot": 2,
}  # fmt: skip
GROUPS = ("sector", "asset_class", "asset")
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@"}


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """A vector of ones and zeros: the members of a group, or one asset."""

    group: str
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator ("+", "neg()", …) and its arguments."""

    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = Number | Name | Indicator | Call


@dataclass(frozen=True, slots=True)
class Inequality:
    """left <= right; a >= was turned around."""

    left: Node
    right: Node


def parse_expression(text: object, field: str) -> Node:
    """An expression without a comparison. Raises InvalidValue or UnknownField, naming what may not stand there."""
    body = _body(text, field)
    if isinstance(body, ast.Compare):
        raise InvalidValue(field, text, "compares, where a number is needed", fix="leave <= or >= out")
    return _node(body, field, str(text), 0)


def parse_inequality(text: object, field: str) -> Inequality:
    """ "left <= right" or "left >= right". Raises InvalidValue or UnknownField."""
    body = _body(text, field)
    example = 'write "norm2(w - w_prev) <= 0.1"'
    if not isinstance(body, ast.Compare) or len(body.ops) != 1 or not isinstance(body.ops[0], ast.LtE | ast.GtE):
        raise InvalidValue(field, text, "a limit is one expression <= or >= another", fix=example)
    left, right = _node(body.left, field, str(text), 0), _node(body.comparators[0], field, str(text), 0)
    return Inequality(left, right) if isinstance(body.ops[0], ast.LtE) else Inequality(right, left)


def names_in(node: Node) -> set[str]:
    """The names a tree speaks of."""
    if isinstance(node, Name):
        return {node.name}
    return set().union(*(names_in(argument) for argument in node.arguments)) if isinstance(node, Call) else set()


def _body(text: object, field: str) -> ast.expr:
    if not isinstance(text, str) or not text.strip():
        raise InvalidValue(field, text, "an expression is a text", fix='write "sum_squares(w - benchmark)"')
    if len(text) > MOST_CHARACTERS:
        raise InvalidValue(field, f"{len(text)} characters", f"is longer than {MOST_CHARACTERS} characters")
    try:
        body = ast.parse(text.strip(), mode="eval").body
        nodes = sum(1 for _ in ast.walk(body))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidValue(field, text, f"cannot be read as an expression: {error}") from None
    if nodes > MOST_NODES:
        raise InvalidValue(field, text, f"has {nodes} parts; at most {MOST_NODES} are accepted")
    return body


def _node(part: ast.expr, field: str, text: str, depth: int) -> Node:
    if depth > MOST_DEPTH:
        raise InvalidValue(field, text, "is nested too deeply")
    if isinstance(part, ast.Constant) and isinstance(part.value, int | float) and not isinstance(part.value, bool):
        return _number(part.value, field, text)
    if isinstance(part, ast.Name):
        return Name(part.id)
    if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub):
        return Call("negative", (_node(part.operand, field, text, depth + 1),))
    if isinstance(part, ast.BinOp) and type(part.op) in OPERATORS:
        sides = (_node(side, field, text, depth + 1) for side in (part.left, part.right))
        return Call(OPERATORS[type(part.op)], tuple(sides))
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and not part.keywords:
        return _call(part.func.id, part.args, field, text, depth)
    shown = ast.unparse(part)
    raise InvalidValue(
        field, text, f"{shown[:80]!r} may not stand in an expression", fix="use numbers, names, + - * / ** @ and functions"
    )


def _number(value: float, field: str, text: str) -> Number:
    try:
        return Number(float(value))
    except OverflowError:
        raise InvalidValue(field, text, "holds a number that is too large") from None


def _call(name: str, arguments: list[ast.expr], field: str, text: str, depth: int) -> Node:
    if name in GROUPS:
        only = arguments[0] if len(arguments) == 1 else None
        if not isinstance(only, ast.Constant) or not isinstance(only.value, str):
            raise InvalidValue(field, text, f"{name}(…) takes one name in quotes", fix=f'write {name}("…")')
        return Indicator(name, only.value)
    if name not in FUNCTIONS:
        raise UnknownField(name, (*FUNCTIONS, *GROUPS), path=field, value=text)
    if len(arguments) != FUNCTIONS[name]:
        raise InvalidValue(field, text, f"{name} takes {FUNCTIONS[name]} argument(s), not {len(arguments)}")
    return Call(name, tuple(_node(argument, field, text, depth + 1) for argument in arguments))
