"""Figures as columns: for each name its rows in the order of subject and instant, and the newest of each subject."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.watch import Figure, Labels

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of one figure, in the order of subject and instant, one each.

    who: (rows,) places of the subjects. at: (rows,) seconds since 1970. value, limit: (rows,) NaN where there is none.
    measured, lowest, highest, mean: (rows,) how many values each stands for, and what they come to: itself, where it is one.
    """

    figures: Sequence[Figure]
    who: Indices
    at: Vector
    value: Vector
    limit: Vector
    measured: Vector
    lowest: Vector
    highest: Vector
    mean: Vector


@dataclass(slots=True)
class Subjects:
    """Whoever is measured under the same names of labels, and the place of each in every column."""

    places: dict[Labels, int] = field(default_factory=dict)

    def place(self, of: Labels) -> int:
        return self.places.setdefault(of, len(self.places))

    def __len__(self) -> int:
        return len(self.places)


class Columns:
    """What was measured until `now`, of the figures that are asked for."""

    def __init__(self, figures: Iterable[Figure], names: Collection[str], now: datetime) -> None:
        self.now = now.timestamp()
        self._subjects: dict[tuple[str, ...], Subjects] = {}
        self._rows: dict[str, Rows] = {}
        self._newest: dict[tuple[str, str, float], Indices] = {}
        grouped: dict[str, list[Figure]] = {name: [] for name in names}
        for figure in figures:
            if figure.name in grouped and figure.at <= now:
                grouped[figure.name].append(figure)
        self._grouped = grouped

    def subjects(self, of: tuple[str, ...]) -> Subjects:
        return self._subjects.setdefault(of, Subjects())

    def rows(self, name: str, of: tuple[str, ...]) -> Rows:
        """Those of one figure. What is not labelled as the catalog says is nobody's, and left out."""
        if name not in self._rows:
            subjects = self.subjects(of)
            figures = [one for one in self._grouped.get(name, ()) if tuple(label for label, _ in one.of) == of]
            self._rows[name] = _rows(figures, subjects)
        return self._rows[name]

    def newest(self, name: str, of: tuple[str, ...], back: timedelta, *, column: str = "value") -> Indices:
        """(n,) the row of each subject's newest number in the column, not older than `back`; -1 where there is none."""
        rows = self.rows(name, of)
        key = (name, column, back.total_seconds())
        if key not in self._newest:
            there = rows.at > self.now - back.total_seconds()
            if column != "any":
                there &= ~np.isnan(rows.limit if column == "limit" else rows.value)
            self._newest[key] = _last_of_each(rows.who, there, len(self.subjects(of)))
        found = self._newest[key]
        missing = len(self.subjects(of)) - len(found)  # subjects that another figure brought since
        return found if missing == 0 else np.concatenate([found, np.full(missing, -1)])


def _rows(figures: list[Figure], subjects: Subjects) -> Rows:
    count = len(figures)
    who = np.fromiter((subjects.place(one.of) for one in figures), dtype=np.int64, count=count)
    at = np.fromiter((one.at.timestamp() for one in figures), dtype=float, count=count)
    order = np.lexsort((at, who))  # stable: of two rows of one instant the one that was given last stands last
    who, at = who[order], at[order]
    last = np.ones(count, dtype=bool)
    last[:-1] = (who[1:] != who[:-1]) | (at[1:] != at[:-1])
    kept = [figures[place] for place in order[last]]
    value = np.fromiter((NAN if one.value is None else one.value for one in kept), dtype=float, count=len(kept))
    limit = np.fromiter((NAN if one.limit is None else one.limit for one in kept), dtype=float, count=len(kept))
    return Rows(kept, who[last], at[last], value, limit, *_of_steps(kept, value))


def _of_steps(figures: Sequence[Figure], value: Vector) -> tuple[Vector, Vector, Vector, Vector]:
    """measured, lowest, highest, mean."""
    measured = (~np.isnan(value)).astype(float)
    lowest, highest, mean = value.copy(), value.copy(), value.copy()
    for place, figure in enumerate(figures):
        if (of := figure.spread) is not None:
            measured[place] = of.measured
            lowest[place], highest[place], mean[place] = (
                NAN if one is None else one for one in (of.lowest, of.highest, of.mean)
            )
    return measured, lowest, highest, mean


def _last_of_each(who: Indices, there: np.ndarray, count: int) -> Indices:
    """(count,) the last row of each subject among those that are there, else -1; rows are in the order of subjects."""
    found = np.full(count, -1, dtype=np.int64)
    rows = np.flatnonzero(there)
    if len(rows):
        ends = np.append(who[rows][1:] != who[rows][:-1], True)
        found[who[rows][ends]] = rows[ends]
    return found
