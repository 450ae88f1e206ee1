"""Two thresholds that cross: values at which a rule would fire and be good at once.

Looked for, not proven: every reading is put to and around every number of the two expressions, alone and together, and then to
numbers at random (a fixed seed). Where a place is missed the evaluator lets firing win, so that such a rule never flaps.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.monitoring.rules.operators import COMPARE, COMPUTE
from portopt.monitoring.rules.tree import Age, Comparison, Leaf, Limit, Number, Quantity, Read, Truth, Window, leaves

TRIED = 4_000


def crossing(holds: Truth, clears: Truth) -> dict[str, float] | None:
    """Readings, by their words, at which both are true; None where none was found."""
    read = list(dict.fromkeys([*leaves(holds), *leaves(clears)]))
    columns = _tried(read, sorted({*_numbers(holds), *_numbers(clears)}))
    both = _true(holds, columns) & _true(clears, columns)
    if not both.any():
        return None
    place = int(np.flatnonzero(both)[0])
    return {worded(leaf): float(f"{columns[leaf][place]:.6g}") for leaf in read}


def worded(leaf: Leaf) -> str:
    """As it is written in an expression, a window without its length."""
    if isinstance(leaf, Window):
        return f"{leaf.over}_over_time({leaf.figure})"
    return leaf.figure if isinstance(leaf, Read) else f"{'limit' if isinstance(leaf, Limit) else 'age'}({leaf.figure})"


def _tried(read: list[Leaf], numbers: list[float]) -> Mapping[Leaf, Vector]:
    """(TRIED,) values of each reading: those of interest in every combination as far as there is room, then at random."""
    between = [(a + b) / 2 for a, b in itertools.pairwise(numbers)]
    around = [number * by for number in numbers for by in (1.0, 0.999, 1.001, 0.5, 2.0)]
    interesting = sorted({0.0, 1.0, 0.05, *between, *around})
    room = max(2, int((TRIED // 2) ** (1.0 / max(1, len(read)))))
    chosen = [interesting[round(k)] for k in np.linspace(0, len(interesting) - 1, min(room, len(interesting)))]
    grid = np.array(list(itertools.islice(itertools.product(chosen, repeat=len(read)), TRIED // 2))).reshape(-1, len(read))
    drawn = np.random.default_rng(13)
    spread = max(1.0, *(abs(number) for number in numbers)) if numbers else 1.0
    random = np.concatenate(
        [drawn.choice(interesting, (TRIED // 4, len(read))), spread * 2.0 * drawn.random((TRIED // 4, len(read)))]
    )
    values = np.concatenate([grid, random])
    return _possible({leaf: values[:, place] for place, leaf in enumerate(read)})


def _possible(columns: Mapping[Leaf, Vector]) -> Mapping[Leaf, Vector]:
    """With every smallest and largest value of a window on its side of the newest, which is one of the window's."""
    sides = {"min": np.minimum, "max": np.maximum}
    return {
        leaf: sides[leaf.over](column, columns[Read(leaf.figure)])
        if isinstance(leaf, Window) and leaf.over in sides and Read(leaf.figure) in columns
        else column
        for leaf, column in columns.items()
    }


def _numbers(node: Truth | Quantity) -> Iterator[float]:
    if isinstance(node, Number):
        yield node.value
    elif not isinstance(node, Read | Limit | Age | Window):
        yield from _numbers(node.left)
        yield from _numbers(node.right)


def _true(node: Truth, columns: Mapping[Leaf, Vector]) -> Any:
    if isinstance(node, Comparison):
        return COMPARE[node.op](_value(node.left, columns), _value(node.right, columns))
    left, right = _true(node.left, columns), _true(node.right, columns)
    return left & right if node.op == "and" else left | right if node.op == "or" else left & ~right


def _value(node: Quantity, columns: Mapping[Leaf, Vector]) -> Any:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Read | Limit | Age | Window):
        return columns[node]
    with np.errstate(all="ignore"):
        return COMPUTE[node.op](_value(node.left, columns), _value(node.right, columns))
