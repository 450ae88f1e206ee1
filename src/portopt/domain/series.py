"""The time series of a portfolio's optimizations, as a table that is looked after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Converted:
    """level: apache or community. rows, figures: those of optimizations and of figures that were moved into a hypertable; None
    where they were in one before.
    """

    level: str
    rows: int | None
    figures: int | None = None


@dataclass(frozen=True, slots=True)
class Tended:
    """How many chunks were compressed; how many chunks, partitions or rows went."""

    compressed: int
    forgotten: int
