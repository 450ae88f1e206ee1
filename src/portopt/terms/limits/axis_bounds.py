"""Bounds on the axes of a multi-objective choice: the epsilons of the epsilon-constraint scheme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.catalog import OPTIONS, parse_measure
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.shared.axes import AXES, MORE_IS_BETTER, axis_of
from portopt.terms.shared.checks import listed, mapping, number

FIELD = "limits.axis_bounds"
EXAMPLE = '{"return": 0.06, "risk": 0.12, "esg": 6.5}'


@dataclass(frozen=True, slots=True)
class AxisBounds(Limit):
    """amount_k(w) >= bound_k for return and ESG,  amount_k(w) <= bound_k for risk, cost, turnover and tracking error

    bounds: by axis, in the axis's own unit (terms/shared/axes.py).
    risk_measure: what risk is; confidence, horizon, target, radius, norm: its options.
    It is opened by the same number on every axis, each in its own unit.
    """

    bounds: Mapping[str, float]
    risk_measure: str = "volatility"
    confidence: float | None = None
    horizon: int | None = None
    target: float | None = None
    radius: float | None = None
    norm: str | None = None

    kind: ClassVar[str] = "axis_bounds"
    noun: ClassVar[str] = "the axis"
    stops: ClassVar[str] = "a bound on an axis"
    unit: ClassVar[str] = "axis"

    def __post_init__(self) -> None:
        object.__setattr__(self, "bounds", _bounds(self.bounds))
        measure = self.measure
        for name in OPTIONS:
            object.__setattr__(self, name, getattr(measure, name, None))

    @property
    def measure(self) -> RiskMeasure:
        return parse_measure(FIELD, self.risk_measure, {name: getattr(self, name) for name in OPTIONS})

    @property
    def reads_scenarios(self) -> bool:
        return "risk" in self.bounds and self.measure.scenario_based

    def express(self, program: Program, p: Problem) -> None:
        measure = self.measure
        said = [axis_of(name, measure).express(program, p) for name in self.bounds]
        sizes = [len(bound.columns) for bound in said]
        columns = np.concatenate([bound.columns for bound in said])
        rows = np.repeat(np.arange(len(said)), sizes)
        values = np.concatenate([bound.coefficients for bound in said])
        block = sp.coo_array((values, (rows, np.arange(len(columns)))), shape=(len(said), len(columns)))
        sides = np.array(list(self.bounds.values())) - np.array([bound.constant for bound in said])
        floors = self._floors()
        program.add_rows(
            block,
            columns,
            np.where(floors, sides, -INF),
            np.where(floors, INF, sides),
            limit=self.kind,
            members=tuple(self.bounds),
        )

    def read(self, w: Vector, p: Problem) -> Readings:
        measure, floors = self.measure, self._floors()
        measured = np.array([axis_of(name, measure).amount(w, p) for name in self.bounds])
        sides = np.array(list(self.bounds.values()))
        lower, upper = np.where(floors, sides, -INF), np.where(floors, INF, sides)
        return Readings(self.kind, tuple(self.bounds), measured, lower, upper, self.unit)

    def relaxed(self, by: float) -> AxisBounds:
        opened = {name: side + (-by if name in MORE_IS_BETTER else by) for name, side in self.bounds.items()}
        return AxisBounds(opened, self.risk_measure, *(getattr(self, name) for name in OPTIONS))

    def tightened(self, bounds: Mapping[str, float]) -> AxisBounds:
        """The same with further bounds; where an axis has both, the tighter one."""
        both = dict(self.bounds)
        for name, side in bounds.items():
            tighter = max if name in MORE_IS_BETTER else min
            both[name] = tighter(both.get(name, side), side)
        return AxisBounds(both, self.risk_measure, *(getattr(self, name) for name in OPTIONS))

    def describe(self) -> str:
        return listed(
            f"{name.replace('_', ' ')} {'at least' if name in MORE_IS_BETTER else 'at most'} {side:g}"
            for name, side in self.bounds.items()
        )

    @property
    def reads(self) -> tuple[str, ...]:
        return ("esg_score",) if "esg" in self.bounds else ()

    def of_the_undescribed(self) -> str:
        return "axis_bounds counts them as the mean of the scored on the axis esg; min_esg counts them as the worst"

    def _floors(self) -> np.ndarray:
        return np.array([name in MORE_IS_BETTER for name in self.bounds])

    @classmethod
    def parse(cls, value: Any) -> AxisBounds:
        given = dict(mapping(FIELD, value, example=EXAMPLE))
        said = {name: given.pop(name) for name in ("risk_measure", *OPTIONS) if given.get(name) is not None}
        return cls(given.pop("bounds", given), **said)


def _bounds(value: Any) -> dict[str, float]:
    given = {name: side for name, side in mapping(FIELD, value, example=EXAMPLE).items() if side is not None}
    if not given:
        raise InvalidValue(FIELD, {}, "bounds no axis", fix=f"write {FIELD}: {EXAMPLE}, or leave it out")
    for name in given:
        if name not in AXES:
            raise InvalidValue(f"{FIELD}.{name}", given[name], f"is no axis; known: {listed(AXES)}", fix=f"use {listed(AXES)}")
    return {name: number(f"{FIELD}.{name}", side, example="0.06") for name, side in given.items()}
