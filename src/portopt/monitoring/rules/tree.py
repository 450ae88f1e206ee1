"""An expression as a tree of frozen values: numbers over subjects, and what is true of them.

A number node is one value a subject; a truth node is true, false or not known of a subject. Not known (a figure is missing) is
neither: it starts nothing and ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Over = Literal["avg", "max", "min", "count"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written."""

    value: float


@dataclass(frozen=True, slots=True)
class Read:
    """The newest value of a figure."""

    figure: str


@dataclass(frozen=True, slots=True)
class Limit:
    """What the figure is held against: `limit(book_drift)`."""

    figure: str


@dataclass(frozen=True, slots=True)
class Age:
    """Seconds since the figure was last measured: `age(book_value)`."""

    figure: str


@dataclass(frozen=True, slots=True)
class Window:
    """Mean, largest, smallest or number of the values since `back`: `avg_over_time(book_drift[1d])`."""

    over: Over
    figure: str
    back: timedelta


@dataclass(frozen=True, slots=True)
class Arithmetic:
    op: Literal["+", "-", "*", "/"]
    left: Quantity
    right: Quantity


@dataclass(frozen=True, slots=True)
class Comparison:
    op: Literal[">", ">=", "<", "<=", "==", "!="]
    left: Quantity
    right: Quantity


@dataclass(frozen=True, slots=True)
class Logic:
    """`unless`: the left, where the right is not known to be true: an excuse has to be shown."""

    op: Literal["and", "or", "unless"]
    left: Truth
    right: Truth


Leaf = Read | Limit | Age | Window
Quantity = Number | Leaf | Arithmetic
Truth = Comparison | Logic


def leaves(node: Quantity | Truth) -> Iterator[Leaf]:
    """Every reading of a figure, from left to right."""
    if isinstance(node, Read | Limit | Age | Window):
        yield node
    elif not isinstance(node, Number):
        yield from leaves(node.left)
        yield from leaves(node.right)


def comparisons(node: Truth) -> Iterator[Comparison]:
    """Every comparison, from left to right."""
    if isinstance(node, Comparison):
        yield node
    else:
        yield from comparisons(node.left)
        yield from comparisons(node.right)


def figures_of(node: Quantity | Truth) -> tuple[str, ...]:
    """The names it reads, each once, in the order of their first reading."""
    return tuple(dict.fromkeys(leaf.figure for leaf in leaves(node)))
