"""The unit of an expression, and what cannot be added or compared."""

from __future__ import annotations

from portopt.monitoring.catalog import CATALOG, Unit
from portopt.monitoring.rules.tree import Age, Comparison, Limit, Number, Quantity, Read, Truth, Window

PLAIN = (None, Unit.NUMBER, Unit.FRACTION)  # what a quantity may be multiplied by
LARGEST_FRACTION = 2.0


class UnitFault(Exception):
    """Two things that cannot be held against each other, in words."""


def unit_of(node: Quantity) -> Unit | None:
    """None for a plain number, which fits every unit. Raises UnitFault."""
    if isinstance(node, Number):
        return None
    if isinstance(node, Age):
        return Unit.SECONDS
    if isinstance(node, Window):
        return Unit.COUNT if node.over == "count" else CATALOG[node.figure].unit
    if isinstance(node, Read | Limit):
        return CATALOG[node.figure].unit
    left, right = unit_of(node.left), unit_of(node.right)
    if node.op in "+-":
        return _same(left, right, "add" if node.op == "+" else "subtract")
    if node.op == "*":
        return _product(left, right)
    return _quotient(left, right)


def check_units(node: Truth) -> None:
    """Raises UnitFault for a comparison of two units, and for a share of more than 200 %."""
    if not isinstance(node, Comparison):
        check_units(node.left)
        check_units(node.right)
        return
    unit = _same(unit_of(node.left), unit_of(node.right), "compare")
    for side in (node.left, node.right):
        if unit is Unit.FRACTION and isinstance(side, Number) and abs(side.value) > LARGEST_FRACTION:
            said = f"{side.value:g} is {100 * side.value:g} %"
            raise UnitFault(f"{said}: shares are written as fractions, {side.value:g} % is {side.value / 100:g}")


def _same(left: Unit | None, right: Unit | None, verb: str) -> Unit | None:
    if left is not None and right is not None and left is not right:
        raise UnitFault(f"cannot {verb} {_word(left)} and {_word(right)}")
    return left or right


def _product(left: Unit | None, right: Unit | None) -> Unit | None:
    if left in PLAIN:
        return right if left is None or right is not None else left
    if right in PLAIN:
        return left
    raise UnitFault(f"cannot multiply {_word(left)} by {_word(right)}")


def _quotient(left: Unit | None, right: Unit | None) -> Unit | None:
    if left is right:
        return None
    if right in PLAIN:
        return left
    raise UnitFault(f"cannot divide {_word(left)} by {_word(right)}")


def _word(unit: Unit | None) -> str:
    words = {Unit.FRACTION: "a share", Unit.SECONDS: "seconds", Unit.DAYS: "days", Unit.COUNT: "a count", Unit.MONEY: "money"}
    return words.get(unit, "a number") if unit is not None else "a number"
