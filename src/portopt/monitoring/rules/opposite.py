"""Where an expression is false, as an expression: what a rule clears by, unless it has a second threshold."""

from __future__ import annotations

from typing import Literal

from portopt.monitoring.rules.tree import Comparison, Logic, Truth

Sign = Literal[">", ">=", "<", "<=", "==", "!="]
OPPOSITE: dict[Sign, Sign] = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "=="}


def opposite(node: Truth) -> Truth:
    """De Morgan's laws. Of a missing figure neither the one nor the other is true, which is why no `not` is needed.

    a unless b  ->  (not a) or b
    """
    if isinstance(node, Comparison):
        return Comparison(OPPOSITE[node.op], node.left, node.right)
    if node.op == "unless":
        return Logic("or", opposite(node.left), node.right)
    return Logic("or" if node.op == "and" else "and", opposite(node.left), opposite(node.right))
