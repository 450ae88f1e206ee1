"""Objectives that users write themselves, alone or on top of one of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.custom.wish import Wish, objective_wish
from portopt.terms.objectives.utility import Utility
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import number, options

GOALS = ("minimize", "maximize", "function")
EXAMPLE = '{"kind": "custom", "minimize": "sum_squares(w - benchmark)"}'


@dataclass(frozen=True, slots=True)
class CustomObjective(Objective):
    """minimize  weight * g(w) + costs   or, with a risk aversion,   minimize  weight * g(w) - utility(w)

    g: the expression to be minimized, minus the one to be maximized, or what the function of an installed package returns;
    convex by cvxpy's rules. Exactly one of the three is given. Costs count in g's unit, taken as annual return; the utility
    has paid them already. risk_aversion: of the built-in utility that g is put on top of, None for g alone.
    """

    minimize: str | None = None
    maximize: str | None = None
    function: Mapping[str, Any] | None = None
    weight: float = 1.0
    risk_aversion: float | None = None

    kind: ClassVar[str] = "custom"
    sense: ClassVar[str] = "minimize"
    unit: ClassVar[str] = "expression"
    charges_costs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        said = [name for name in GOALS if getattr(self, name) is not None]
        if len(said) != 1:
            why = "one of minimize, maximize and function is needed"
            raise InvalidValue("objective", ", ".join(said) or "nothing", why, fix=f"write {EXAMPLE}")
        object.__setattr__(
            self, "weight", number("objective.weight", self.weight, low=0.0, high=1e9, example="1.0", counts="plain")
        )
        self._wish()
        self._utility()

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    @property
    def reads_scenarios(self) -> bool:
        """A function is given the whole problem."""
        return any(isinstance(getattr(self, name), Mapping) for name in GOALS)

    @property
    def reads_factors(self) -> bool:
        return self.reads_scenarios

    def express(self, program: Program, p: Problem) -> None:
        program.add_linear(self._wish().write(program, p), self.weight)
        utility = self._utility()
        if utility is not None:
            utility.express(program, p)

    def value(self, w: Vector, p: Problem) -> float:
        own, utility = self.weight * self._wish().value(w, p), self._utility()
        return own + charges(w, p) if utility is None else own - utility.value(w, p)

    def describe(self) -> str:
        wish, utility = self._wish(), self._utility()
        goal = f"the {'most' if self.maximize is not None else 'least'} of {wish.text or wish.function}"
        return goal if utility is None else f"{utility.describe()}, and {goal} at weight {self.weight:g}"

    def _wish(self) -> Wish:
        name = next(name for name in GOALS if getattr(self, name) is not None)
        return objective_wish(getattr(self, name), f"objective.{name}", maximize=name == "maximize")

    def _utility(self) -> Utility | None:
        return None if self.risk_aversion is None else Utility(self.risk_aversion)

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> CustomObjective:
        given = options("objective", spec, (*GOALS, "weight", "risk_aversion"), example=EXAMPLE)
        return cls(**{name: value for name, value in given.items() if value is not None})
