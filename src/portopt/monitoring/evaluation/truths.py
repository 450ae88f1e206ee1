"""An expression over every subject at once: numbers as columns, truth in three values.

Arithmetic is IEEE's: a missing figure is NaN, and what NaN goes into is missing too. A comparison with a missing side is
neither true nor false; `and`, `or` are Kleene's; `unless` takes an excuse only where it is known to be true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.monitoring.evaluation.columns import Columns, Rows
from portopt.monitoring.rules.operators import COMPARE, COMPUTE
from portopt.monitoring.rules.tree import Age, Arithmetic, Comparison, Leaf, Limit, Number, Quantity, Truth, Window

AGE_LOOKS_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Known:
    """true, false: (n,) of each subject; neither where it is not known."""

    true: Mask
    false: Mask


@dataclass(frozen=True, slots=True)
class Readings:
    """The columns, as one rule reads them: its subjects' labels, and how old a figure may be."""

    columns: Columns
    of: tuple[str, ...]
    stale: timedelta

    def __len__(self) -> int:
        return len(self.columns.subjects(self.of))

    def rows(self, name: str) -> Rows:
        return self.columns.rows(name, self.of)

    def at(self, leaf: Leaf) -> Vector:
        """(n,) when what the leaf reads was measured, in seconds since 1970; NaN where it is missing."""
        rows = self.rows(leaf.figure)
        back = AGE_LOOKS_BACK if isinstance(leaf, Age) else self.stale
        newest = self.columns.newest(leaf.figure, self.of, back, column="limit" if isinstance(leaf, Limit) else "value")
        return _picked(rows.at, newest)


def truth(node: Truth, readings: Readings) -> Known:
    """Where it is true, where it is false: (n,) each."""
    if isinstance(node, Comparison):
        left, right = quantity(node.left, readings), quantity(node.right, readings)
        there = ~(np.isnan(left) | np.isnan(right))
        holds = COMPARE[node.op](left, right)
        return Known(holds & there, ~holds & there)
    a, b = truth(node.left, readings), truth(node.right, readings)
    if node.op == "and":
        return Known(a.true & b.true, a.false | b.false)
    if node.op == "or":
        return Known(a.true | b.true, a.false & b.false)
    return Known(a.true & ~b.true, a.false | b.true)


def quantity(node: Quantity, readings: Readings) -> Vector:
    """(n,) its value of each subject, NaN where it is missing."""
    if isinstance(node, Number):
        return np.full(len(readings), node.value)
    if isinstance(node, Arithmetic):
        with np.errstate(all="ignore"):
            found: Vector = COMPUTE[node.op](quantity(node.left, readings), quantity(node.right, readings))
        return found
    if isinstance(node, Window):
        return _window(node, readings)
    if isinstance(node, Age):
        return readings.columns.now - readings.at(node)
    rows = readings.rows(node.figure)
    column = "limit" if isinstance(node, Limit) else "value"
    newest = readings.columns.newest(node.figure, readings.of, readings.stale, column=column)
    return _picked(rows.limit if column == "limit" else rows.value, newest)


def _picked(column: Vector, rows: Any) -> Vector:
    found = np.full(len(rows), np.nan)
    found[rows >= 0] = column[rows[rows >= 0]]
    return found


def _window(node: Window, readings: Readings) -> Vector:
    """(n,) over the values since `back`; missing where the newest of them is stale: the past alone says nothing of now.

    A row that stands for a step of long ago counts for all the values that were in it.
    """
    rows, count = readings.rows(node.figure), len(readings)
    inside = (rows.at > readings.columns.now - node.back.total_seconds()) & (rows.measured > 0)
    who, weights = rows.who[inside], rows.measured[inside]
    counted = np.bincount(who, weights=weights, minlength=count).astype(float)
    if node.over == "count":
        found = counted
    elif node.over == "avg":
        found = np.bincount(who, weights=rows.mean[inside] * weights, minlength=count) / np.maximum(counted, 1.0)
    else:
        better, furthest = (np.maximum, rows.highest) if node.over == "max" else (np.minimum, rows.lowest)
        found = np.full(count, -np.inf if node.over == "max" else np.inf)
        better.at(found, who, furthest[inside])
    fresh = readings.columns.newest(node.figure, readings.of, readings.stale) >= 0
    return np.where(fresh & (counted > 0), found, np.nan)
