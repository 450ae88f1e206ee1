"""The best return in the worst of a few named futures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.scenarios import reach
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import EVERY, aversion, listed, mapping, number, options, required
from portopt.terms.shared.members import per_asset
from portopt.terms.shared.risk import add_variance

FIELD = "objective.scenarios"
EXAMPLE = '[{"name": "recession", "returns": {"AAPL": -0.2, "*": -0.1}}]'


@dataclass(frozen=True, slots=True)
class WorstCaseReturn(Objective):
    """maximize  min over scenarios s of  r_s'w,   less  gamma/2 w'Sigma w  and costs

    scenarios: [{"name", "returns": {asset id: annual return, "*": every other but cash}}]; an asset that a scenario does
    not speak of earns its own expected return there. risk_aversion: gamma, None leaves the variance out.
    Source: Young (1998), the minimax rule; Rustem, Becker and Marty (2000) for rival scenarios.
    """

    scenarios: Sequence[Mapping[str, Any]]
    risk_aversion: float | None = None

    kind: ClassVar[str] = "worst_case_return"
    helpers: ClassVar[str] = "expected return"  # what its helper columns pull for
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "return"
    charges_costs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "scenarios", _scenarios(self.scenarios))
        if self.risk_aversion is not None:
            object.__setattr__(self, "risk_aversion", aversion(self.risk_aversion))

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        if self.risk_aversion is not None:
            add_variance(program, p.moments.covariance, self.risk_aversion)
        R = self.returns(p)
        most = reach(R)
        t = program.add_columns(1, lower=-most, upper=most)
        program.add_linear(t, -1.0)
        block = np.hstack([R, np.full((len(R), 1), -1.0)])
        program.add_rows(block, np.concatenate([program.weights, t]), 0.0, INF, limit="", relax=0.0)

    def value(self, w: Vector, p: Problem) -> float:
        gamma = self.risk_aversion or 0.0
        return float((self.returns(p) @ w).min()) - 0.5 * gamma * p.moments.covariance.variance(w) - charges(w, p)

    def worst(self, w: Vector, p: Problem) -> str:
        """The name of the scenario that w fears most."""
        return str(self.scenarios[int(np.argmin(self.returns(p) @ w))]["name"])

    def returns(self, p: Problem) -> Matrix:
        """(s, n) annual returns, a row a scenario."""
        rows = [per_asset(f"{FIELD}.returns", s["returns"], p.universe, ~p.universe.is_cash) for s in self.scenarios]
        R = np.vstack(rows)
        return np.where(np.isnan(R), p.moments.mu, R)

    def describe(self) -> str:
        risk = "" if self.risk_aversion is None else f" after risk, at risk aversion {self.risk_aversion:g},"
        return f"the best return{risk} in the worst of: {listed(str(s['name']) for s in self.scenarios)}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> WorstCaseReturn:
        given = options("objective", spec, ("scenarios", "risk_aversion"), example=EXAMPLE)
        return cls(required("objective", given, "scenarios", example=EXAMPLE), given.get("risk_aversion"))


def _scenarios(value: Any) -> tuple[dict[str, Any], ...]:
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        raise InvalidValue(FIELD, value, "a list of scenarios is needed", fix=f"write {FIELD}: {EXAMPLE}")
    found: list[dict[str, Any]] = []
    for i, item in enumerate(value):
        where = f"{FIELD}[{i}]"
        given = options(where, item, ("name", "returns"), example=EXAMPLE)
        name = required(where, given, "name", example=EXAMPLE)
        if not isinstance(name, str) or any(name == s["name"] for s in found):
            raise InvalidValue(f"{where}.name", name, "each scenario needs a name of its own", fix=f"write {FIELD}: {EXAMPLE}")
        returns = mapping(f"{where}.returns", required(where, given, "returns", example=EXAMPLE), example=EXAMPLE)
        if not returns:
            raise InvalidValue(f"{where}.returns", {}, f'names no asset; use "{EVERY}" for all', fix=f"write {EXAMPLE}")
        checked = {a: number(f"{where}.returns.{a}", r, low=-1.0, high=10.0, example="-0.2") for a, r in returns.items()}
        found.append({"name": name, "returns": checked})
    return tuple(found)
