"""The book before the trade, as weights: it adds to one, cash included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.universe import CASH, Universe

ROUNDED = 1e-3  # published weights are rounded; more than this is not rounding


def whole_book(weights: Mapping[str, float] | None, universe: Universe) -> tuple[Vector | None, tuple[str, ...]]:
    """(n,) current weights and what is to be said of them; what they leave is cash where it is listed without a weight.

    Raises InvalidValue where they add to something else: turnover and costs would be measured from a book nobody holds.
    """
    if weights is None:
        return None, ()
    book = universe.vector(dict(weights))
    total, at = float(book.sum()), universe.cash_position
    if abs(total - 1.0) <= ROUNDED:
        return book, ()
    if at is None or weights.get(CASH) is not None or total > 1.0:
        rest = f"list {CASH} with a current weight of {1.0 - total:.6g}: it is what the others leave"
        raise InvalidValue(
            "current_weights",
            total,
            f"is what they add to, and not 1{'' if at is not None else f'; no {CASH} is listed to hold the rest'}",
            fix=rest if total < 1.0 and at is None else "give current weights that add to 1, cash included",
        )
    book[at] = 1.0 - total
    return book, (f"The current weights add to {total:.2%}; the rest, {1.0 - total:.2%}, is counted as cash",)


def require_whole(field: str, benchmark: Mapping[str, Any] | None) -> None:
    """Raises InvalidValue for benchmark weights that do not add to one, beyond rounding: nobody can be measured by those."""
    total = 1.0 if benchmark is None else float(sum(benchmark.values()))
    if abs(total - 1.0) <= ROUNDED:
        return
    percent = abs(total - 100.0) <= 100.0 * ROUNDED
    fix = "these are percent: divide them by 100" if percent else f"give weights that add to 1, {CASH} included"
    raise InvalidValue(field, total, "is what they add to, and not 1", fix=fix)
