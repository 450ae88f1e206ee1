"""The time series of a portfolio's optimizations, as a table that is looked after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Converted:
    """level: apache or community. rows: those that were moved into the hypertable; None where it was one before."""

    level: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Tended:
    """How many chunks were compressed; how many chunks, partitions or rows went."""

    compressed: int
    forgotten: int
