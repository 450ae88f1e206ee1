"""How much risk there may be, by any measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.catalog import OPTIONS, RISK_MEASURES, parse_measure
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.shared.checks import flag, listed, mapping, number, options, percent, required
from portopt.terms.shared.soft_prices import default_price

FIELD = "limits.max_risk"
EXAMPLE = '{"cvar": {"limit": 0.03, "confidence": 0.95}, "mad": 0.01}'
MOST = 2.0  # 200 %; more needs leverage, or is a percentage written as a number


@dataclass(frozen=True, slots=True)
class MaxRisk:
    """R_k(w)  <=  limit_k        for every measure k named

    measures: {name: {"limit": …, "confidence": …, "horizon": …, "target": …}} or {name: limit}; the options are those of the
    measure (terms/risk_measures). Every limit is in its measure's own unit: a fraction over its horizon, volatility a year.
    soft: limits may be missed, at `penalty` units of the objective for each unit above; None is a price of the objective's own
    size for each measure's, see soft_prices.py.
    """

    measures: Mapping[str, Any]
    soft: bool = False
    penalty: float | None = None

    kind: ClassVar[str] = "max_risk"
    structural: ClassVar[bool] = False
    unit: ClassVar[str] = "risk"

    def __post_init__(self) -> None:
        given = mapping(FIELD, self.measures, example=EXAMPLE)
        if not given:
            raise InvalidValue(FIELD, {}, "names no measure", fix=f"write {FIELD}: {EXAMPLE}, or leave it out")
        object.__setattr__(self, "measures", {name: _spelled(name, item) for name, item in given.items()})
        object.__setattr__(self, "soft", flag(f"{FIELD}.soft", self.soft))
        if self.penalty is not None:
            object.__setattr__(self, "penalty", number(f"{FIELD}.penalty", self.penalty, low=0.0, high=1e6, example="10.0"))

    @property
    def reads_scenarios(self) -> bool:
        return any(measure.scenario_based for _, measure, _ in self._each())

    def express(self, program: Program, p: Problem) -> None:
        each = self._each()
        bounds = [measure.express(program, p) for _, measure, _ in each]
        columns = [bound.columns for bound in bounds]
        values = [bound.coefficients for bound in bounds]
        if self.soft:
            excess = program.add_columns(len(each), lower=0.0)
            program.add_linear(excess, np.array([self._price_of(p, measure) for _, measure, _ in each]))
            columns = [np.append(at, e) for at, e in zip(columns, excess, strict=True)]
            values = [np.append(row, -1.0) for row in values]
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

    def priced(self, w: Vector, p: Problem) -> float:
        """The sum of what is above the limits, each at its price; nothing for hard ones."""
        if not self.soft:
            return 0.0
        return sum(self._price_of(p, measure) * max(measure.value(w, p) - limit, 0.0) for _, measure, limit in self._each())

    def price(self, p: Problem) -> float:
        """The penalty given, or the default one; of several measures the dearest: in the objective's unit a unit of theirs."""
        return max(self._price_of(p, measure) for _, measure, _ in self._each())

    def _price_of(self, p: Problem, measure: RiskMeasure) -> float:
        if self.penalty is not None:
            return self.penalty
        return default_price(p, self.unit, by_scenarios=measure.scenario_based)

    def relaxed(self, by: float) -> MaxRisk:
        opened = {name: {**item, "limit": item["limit"] + by} for name, item in self.measures.items()}
        return MaxRisk(opened, self.soft, self.penalty)

    def describe(self) -> str:
        wished = " where it can be kept" if self.soft else ""
        return listed(f"{measure.describe()} at most {percent(limit)}" for _, measure, limit in self._each()) + wished

    def _each(self) -> list[tuple[str, RiskMeasure, float]]:
        """(name, measure, limit) of every line."""
        return [(name, _measure(name, item), item["limit"]) for name, item in self.measures.items()]

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for name, item in self.measures.items():
            yield f"{FIELD}.{name}", item["limit"], MOST

    @classmethod
    def parse(cls, value: Any) -> MaxRisk:
        given = dict(mapping(FIELD, value, example=EXAMPLE))
        soft, penalty = given.pop("soft", None), given.pop("penalty", None)
        return cls(given, False if soft is None else soft, penalty)


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
