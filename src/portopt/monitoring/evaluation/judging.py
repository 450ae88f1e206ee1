"""One rule over all its subjects: where it holds, where it is good, and by which numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.watch import Labels
from portopt.monitoring.evaluation.columns import Columns
from portopt.monitoring.evaluation.truths import Known, Readings, quantity, truth
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.tree import Age, comparisons, leaves

FAR_BACK = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Compared:
    """The two sides of one comparison: (n,) each. upwards: the larger the left side, the worse; None for == and !=."""

    left: Vector
    right: Vector
    true: Mask
    upwards: bool | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What an alert says of one subject: the numbers of its first comparison that is true, else of its first."""

    value: float | None
    limit: float | None
    upwards: bool | None
    figures: Mapping[str, float | None]
    detail: Mapping[str, Any]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule and its subjects, (n,) in every column. seen: seconds since 1970 of the oldest figure that was judged by."""

    rule: Rule
    readings: Readings
    places: Mapping[Labels, int]
    holds: Known
    clears: Known
    compared: Sequence[Compared]
    seen: Vector

    def measured(self, place: int, now: datetime) -> Measured:
        sides = next((one for one in self.compared if one.true[place]), self.compared[0])
        seen = self.seen[place]
        return Measured(
            value=_number(sides.left[place]),
            limit=_number(sides.right[place]),
            upwards=sides.upwards,
            figures={name: self._newest(name, place) for name in self.rule.figures},
            detail=self._detail(place),
            seen_at=now if np.isnan(seen) else datetime.fromtimestamp(float(seen), UTC),
        )

    def why_missing(self, place: int | None) -> dict[str, str]:
        """What was said of the figures that could not be measured, by name."""
        said = {}
        for name in self.rule.figures:
            row = -1 if place is None else self.readings.columns.newest(name, self.rule.of, FAR_BACK, column="any")[place]
            newest = self.readings.rows(name).figures[row] if row >= 0 else None
            if newest is not None and newest.value is None and newest.why:
                said[name] = newest.why
        return said

    def _newest(self, name: str, place: int) -> float | None:
        row = self.readings.columns.newest(name, self.rule.of, self.rule.stale)[place]
        return _number(self.readings.rows(name).value[row]) if row >= 0 else None

    def _detail(self, place: int) -> dict[str, Any]:
        """Of every figure; where two say the same name, the one that is read first is meant."""
        said: dict[str, Any] = {}
        for name in self.rule.figures:
            row = self.readings.columns.newest(name, self.rule.of, self.rule.stale)[place]
            if row >= 0:
                said = {**self.readings.rows(name).figures[row].detail, **said}
        return said


def judge(rule: Rule, columns: Columns) -> Judged:
    readings = Readings(columns, rule.of, rule.stale)
    for name in rule.figures:  # all of them before the first column is made: each may bring subjects
        readings.rows(name)
    compared = []
    for one in comparisons(rule.holds):
        left, right = quantity(one.left, readings), quantity(one.right, readings)
        upwards = {">": True, ">=": True, "<": False, "<=": False}.get(one.op)
        compared.append(Compared(left, right, truth(one, readings).true, upwards))
    return Judged(
        rule, readings, columns.subjects(rule.of).places, truth(rule.holds, readings), truth(rule.clears, readings),
        compared, _seen(rule, readings),
    )  # fmt: skip


def _seen(rule: Rule, readings: Readings) -> Vector:
    """(n,) of the oldest of the newest figures; an age is as of now."""
    read = [leaf for leaf in leaves(rule.holds) if not isinstance(leaf, Age)]
    oldest = np.full(len(readings), np.inf)
    for leaf in read:
        oldest = np.fmin(oldest, readings.at(leaf))
    return np.where(np.isinf(oldest), np.nan, oldest)


def _number(value: float) -> float | None:
    """A number that a document can hold."""
    return float(value) if np.isfinite(value) else None
