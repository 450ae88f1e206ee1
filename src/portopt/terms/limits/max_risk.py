"""How much risk there may be, by any measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.domain.universe import Asset
from portopt.terms.risk_measures.catalog import OPTIONS, RISK_MEASURES, parse_measure
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.shared.checks import listed, mapping, number, options, percent, required
from portopt.terms.shared.told import at_its_limit

FIELD = "limits.max_risk"
EXAMPLE = '{"cvar": {"limit": 0.03, "confidence": 0.95}, "mad": 0.01}'
MOST = 2.0  # 200 %; more needs leverage, or is a percentage written as a number


@dataclass(frozen=True, slots=True)
class MaxRisk(Limit):
    """R_k(w)  <=  limit_k        for every measure k named

    measures: {name: {"limit": …, "confidence": …, "horizon": …, "target": …}} or {name: limit}; the options are those of the
    measure (terms/risk_measures). Every limit is in its measure's own unit: a fraction over its horizon, volatility a year.
    """

    measures: Mapping[str, Any]

    kind: ClassVar[str] = "max_risk"
    noun: ClassVar[str] = "the risk"
    stops: ClassVar[str] = "the risk limit"
    precedence: ClassVar[int] = 3
    unit: ClassVar[str] = "risk"

    def __post_init__(self) -> None:
        given = mapping(FIELD, self.measures, example=EXAMPLE)
        if not given:
            raise InvalidValue(FIELD, {}, "names no measure", fix=f"write {FIELD}: {EXAMPLE}, or leave it out")
        object.__setattr__(self, "measures", {name: _spelled(name, item) for name, item in given.items()})

    @property
    def reads_scenarios(self) -> bool:
        return any(measure.scenario_based for _, measure, _ in self._each())

    def express(self, program: Program, p: Problem) -> None:
        each = self._each()
        bounds = [measure.express(program, p) for _, measure, _ in each]
        columns = [bound.columns for bound in bounds]
        values = [bound.coefficients for bound in bounds]
        rows = np.repeat(np.arange(len(each)), [len(at) for at in columns])
        at = np.concatenate(columns)
        block = sp.coo_array((np.concatenate(values), (rows, np.arange(len(at)))), shape=(len(each), len(at)))
        sides = np.array([limit - bound.constant for (_, _, limit), bound in zip(each, bounds, strict=True)])
        program.add_rows(block, at, -INF, sides, limit=self.kind, members=tuple(self.measures))

    def read(self, w: Vector, p: Problem) -> Readings:
        each = self._each()
        measured = np.array([measure.value(w, p) for _, measure, _ in each])
        limits = np.array([limit for _, _, limit in each])
        return Readings(self.kind, tuple(self.measures), measured, np.full(len(each), -np.inf), limits, self.unit)

    def relaxed(self, by: float) -> MaxRisk:
        return MaxRisk({name: {**item, "limit": item["limit"] + by} for name, item in self.measures.items()})

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        return at_its_limit("limited risk", up=up)

    def describe(self) -> str:
        return listed(f"{measure.describe()} at most {percent(limit)}" for _, measure, limit in self._each())

    def _each(self) -> list[tuple[str, RiskMeasure, float]]:
        """(name, measure, limit) of every line."""
        return [(name, _measure(name, item), item["limit"]) for name, item in self.measures.items()]

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for name, item in self.measures.items():
            yield f"{FIELD}.{name}", item["limit"], MOST

    @classmethod
    def parse(cls, value: Any) -> MaxRisk:
        return cls(value)


def _spelled(name: str, item: Any) -> dict[str, Any]:
    """{"limit": …} and the options of the measure, all of them explicit. Raises InvalidValue, UnknownField, MissingInput."""
    field = f"{FIELD}.{name}"
    if name not in RISK_MEASURES:
        parse_measure(FIELD, name, {})
    given = options(field, item if isinstance(item, Mapping) else {"limit": item}, ("limit", *OPTIONS), example=EXAMPLE)
    limit = number(field, required(field, given, "limit", example=EXAMPLE), low=0.0, example="0.03")
    measure = _measure(name, given)
    said = {option: getattr(measure, option, None) for option in OPTIONS}
    return {"limit": limit, **{option: value for option, value in said.items() if value is not None}}


def _measure(name: str, item: Mapping[str, Any]) -> RiskMeasure:
    return parse_measure(f"{FIELD}.{name}", name, {option: item.get(option) for option in OPTIONS})
