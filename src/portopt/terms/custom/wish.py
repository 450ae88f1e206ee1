"""One thing a user wrote: an expression, or a function by name; both voices of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.custom import entry_points
from portopt.terms.custom.grammar import Call, Node, parse_expression, parse_inequality
from portopt.terms.custom.numeric import value_of
from portopt.terms.shared.checks import mapping, options

EXAMPLE = '"norm2(w - w_prev) <= 0.1", or {"function": "my_term", "options": {}}'


@dataclass(frozen=True, slots=True)
class Wish:
    """g(w), convex. text: the expression as written, "" for a function; tree: what was read of it."""

    where: str
    text: str = ""
    function: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    tree: Node | None = field(default=None, compare=False, repr=False)

    def write(self, program: Program, p: Problem) -> Indices:
        """(1,) a new column that bounds g from above."""
        from portopt.terms.custom import door  # brings cvxpy

        tree = self.tree
        if tree is None:
            make = entry_points.made_by(self.function, self.options, p, self.where)
        else:

            def make(w: Any) -> Any:
                return door.expression_of(tree, w, p, self.where)

        return door.write_epigraph(program, p, make, self.where, self.text or self.function)

    def value(self, w: Vector, p: Problem) -> float:
        """g(w)."""
        if self.tree is not None:
            return value_of(self.tree, w, p, self.where)
        return entry_points.value_at(self.function, self.options, w, p, self.where)


def limit_wish(value: Any, where: str) -> Wish:
    """left <= right as g = left - right; a function's g is what it returns. Raises InvalidValue or UnknownField."""
    if isinstance(value, Mapping):
        return _function(value, where)
    inequality = parse_inequality(value, where)
    return Wish(where, str(value), tree=Call("-", (inequality.left, inequality.right)))


def objective_wish(value: Any, where: str, *, maximize: bool) -> Wish:
    """What is to be minimized, or minus what is to be maximized."""
    if isinstance(value, Mapping):
        return _function(value, where)
    tree = parse_expression(value, where)
    return Wish(where, str(value), tree=Call("negative", (tree,)) if maximize else tree)


def _function(value: Mapping[str, Any], where: str) -> Wish:
    given = options(where, value, ("function", "options"), example=EXAMPLE)
    entry_points.installed(given.get("function"), f"{where}.function")
    chosen = mapping(f"{where}.options", given.get("options") or {}, example="{}")
    return Wish(where, function=str(given["function"]), options=dict(chosen))
