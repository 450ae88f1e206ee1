"""Everything that is watched, measured now: the store and the market in, figures out.

Each subject (runs, quality, books, service) is measured by itself. One that fails leaves its figures at None with why, and the
others go on: a watch that dies of what it should report is of no use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portopt.domain.watch import Figure

if TYPE_CHECKING:
    from portopt.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Measured:
    """figures: of one instant, each name and subject once. notes: what a person should know of how they were measured."""

    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def measure(runtime: Runtime, now: datetime, *, books: Sequence[str] | None = None) -> Measured:
    """The figures of the catalog as they stand.

    now: the instant that they are of. books: portfolios to measure; None is every one that has holdings.
    """
    return Measured(())
