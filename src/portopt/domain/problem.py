"""The question, complete and frozen: beliefs, the book before the trade, one objective, limits, costs.

A term has two voices. `express` writes tagged rows into a Program for the solver. The auditor's voice
reads an answer in natural units: `read` for a limit, `value` for an objective or a cost. A contract test over
the catalog proves for every term that the two agree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from portopt.domain.arrays import Matrix, Vector, frozen
from portopt.domain.canonical import digest, plain
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import DataError, MissingInput
from portopt.domain.moments import Moments
from portopt.domain.program import Program
from portopt.domain.universe import Universe


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """One limit read off one portfolio: measured against its sides, in the limit's own unit.

    members: names of the single readings (assets, sectors), or ("",) for a limit on the whole portfolio.
    measured, lower, upper: (r,); -inf or inf where a side is open.
    unit: what the numbers are: "fraction" (of portfolio value), "volatility", "tracking_error", "return", "score",
        "exposure" (in the exposure's own unit).
    """

    limit: str
    members: tuple[str, ...]
    measured: Vector
    lower: Vector
    upper: Vector
    unit: str = "fraction"

    def slack(self) -> Vector:
        """(r,) distance to the nearer side; negative is a violation."""
        return np.minimum(self.upper - self.measured, self.measured - self.lower)

    def worst(self) -> float:
        """The largest violation, 0.0 when every side holds."""
        return float(max(0.0, -self.slack().min())) if len(self.measured) else 0.0


class Limit(Protocol):
    """What is forbidden.

    kind: the catalog's name, used in policies, requests, tags and messages.
    structural: True for what makes a portfolio a portfolio (the budget); never offered for relaxation.
    soft: True where a shortfall is priced and reported instead of forbidden; `read` measures against the limit all the same.
    unit: what `relaxed` counts in; `read` says for itself what it measured in (min_quality opens by score, reads weights).
    """

    kind: ClassVar[str]
    structural: ClassVar[bool]
    unit: ClassVar[str]

    @property
    def soft(self) -> bool: ...

    def express(self, program: Program, p: Problem) -> None: ...

    def read(self, w: Vector, p: Problem) -> Readings: ...

    def relaxed(self, by: float) -> Limit:
        """The same limit opened by `by` in its own unit (a floor lowered, a cap raised)."""
        ...

    def describe(self) -> str:
        """One line for people: "each position at most 10.00 %"."""
        ...


class Objective(Protocol):
    """What is wanted. `sense` says which way is better.

    value: what the whole program is worth at w, trading costs and the price of soft shortfalls included, so that the
    two voices meet in one number: StandardForm.objective is `value` when minimizing, `-value` when maximizing.
    charges_costs: False where costs (annual return) and objective (a variance) have no common unit; costs then keep silent.
    """

    kind: ClassVar[str]
    sense: ClassVar[str]  # "maximize" or "minimize"

    @property
    def unit(self) -> str: ...

    @property
    def charges_costs(self) -> bool: ...

    def express(self, program: Program, p: Problem) -> None: ...

    def value(self, w: Vector, p: Problem) -> float: ...

    def describe(self) -> str: ...


class Cost(Protocol):
    """What trading costs, as a fraction of portfolio value; the engine charges it against annual return.

    `express` adds the convex part, over the holding period, to the objective. `value` is the whole of it, the flat fee per
    trade too.
    """

    kind: ClassVar[str]

    def express(self, program: Program, p: Problem) -> None: ...

    def value(self, w: Vector, p: Problem) -> float: ...

    def convex_value(self, w: Vector, p: Problem) -> float:
        """The part that `express` writes, paid once: not yet divided by the holding period."""
        ...

    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One portfolio choice on one Universe. Hashed by content: the identity of the run that answers it.

    w_prev: (n,) weights before the trade, from the holdings. benchmark: (n,) weights, or None.
    risk_free_rate: annual, simple. portfolio_value: money, for costs with a size in them; None where unknown.
    holding_period_years: costs are paid once and returns are annual: costs are divided by this.
    average_daily_value: (n,) money traded a day, for the square-root impact; None where unknown.
    prices: (n,) money per share, 1.0 for cash; None where the request has weights only.
    exposures: (n,) by name: what exposure limits may speak of (asset attributes such as beta; factors of a factor model).
    notes: sentences on how the question was resolved (which value a limit that follows the market has); not its identity.
    until: when an answer is of no more use; it determines none.
    target: (n,) a portfolio constructed beforehand (hierarchical, risk budgets, resampled) that the objective refers to.
    """

    moments: Moments
    objective: Objective
    limits: tuple[Limit, ...]
    costs: tuple[Cost, ...] = ()
    w_prev: Vector | None = None
    benchmark: Vector | None = None
    risk_free_rate: float = 0.0
    portfolio_value: float | None = None
    holding_period_years: float = 1.0
    average_daily_value: Vector | None = None
    prices: Vector | None = None
    exposures: Mapping[str, Vector] = field(default_factory=dict)
    target: Vector | None = None
    portfolio_id: str = "portfolio"
    until: Deadline = NEVER
    notes: tuple[str, ...] = field(default=(), compare=False)
    _identity: list[str] = field(default_factory=list, init=False, repr=False, compare=False)  # once computed

    def __post_init__(self) -> None:
        n = len(self.moments.universe)
        for name in ("w_prev", "benchmark", "average_daily_value", "prices", "target"):
            value = getattr(self, name)
            if value is None:
                continue
            array = frozen(value)
            if array.shape != (n,):
                raise DataError(f"{name} has {array.shape[0]} entries for {n} assets", field=name)
            if name != "average_daily_value" and not np.isfinite(array).all():
                bad = [self.universe.ids[i] for i in np.flatnonzero(~np.isfinite(array))]
                raise DataError(f"{name} of {', '.join(bad)} is not a number", field=name, value=bad)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "exposures", {name: frozen(values) for name, values in self.exposures.items()})
        for name, values in self.exposures.items():
            if values.shape != (n,) or not np.isfinite(values).all():
                raise DataError(f"exposure {name!r} needs one finite number for each of the {n} assets", field="exposures")
        kinds = [limit.kind for limit in self.limits]
        if len(set(kinds)) != len(kinds):
            raise DataError("a limit appears twice", field="limits", value=kinds)

    @property
    def universe(self) -> Universe:
        return self.moments.universe

    @property
    def n(self) -> int:
        return len(self.moments.universe)

    def previous(self) -> Vector:
        """(n,) w_prev. Raises MissingInput where a term needs the book before the trade and there is none."""
        if self.w_prev is None:
            raise MissingInput(
                "current weights are needed to measure turnover and costs",
                field="current_weights",
                fixes=["give the current weights", "take max_turnover and the costs away"],
            )
        return self.w_prev

    def benchmark_weights(self) -> Vector:
        """(n,) benchmark. Raises MissingInput where a term needs one and there is none."""
        if self.benchmark is None:
            raise MissingInput(
                "a benchmark is needed to measure tracking error",
                field="benchmark",
                fixes=[
                    "give benchmark weights: --benchmark FILE, or a column benchmark_weight in the holdings or universe file",
                    "take the limit away (limits.max_tracking_error = null)",
                ],
            )
        return self.benchmark

    def scenarios(self) -> tuple[Matrix, Vector]:
        """(T, n) periodic simple returns and their probabilities (T,). Raises MissingInput where there are none."""
        scenarios = self.moments.scenarios
        if scenarios is None or not len(scenarios):
            raise MissingInput(
                "a scenario measure needs the returns of every asset on common dates",
                field="returns",
                fixes=["give returns", "use a measure of the moments: volatility"],
            )
        probabilities = self.moments.probabilities
        return scenarios, np.full(len(scenarios), 1.0 / len(scenarios)) if probabilities is None else probabilities

    def constructed(self) -> Vector:
        """(n,) target. Raises MissingInput where the objective refers to a constructed portfolio and there is none."""
        if self.target is None:
            raise MissingInput(
                f"the objective {self.objective.kind} needs its portfolio to be constructed first", field="target"
            )
        return self.target

    def replaced(self, **changes: Any) -> Problem:
        return dataclasses.replace(self, **changes)

    def with_limit(self, limit: Limit) -> Problem:
        """The same problem with the limit of that kind replaced."""
        return self.replaced(limits=tuple(limit if old.kind == limit.kind else old for old in self.limits))

    def limit(self, kind: str) -> Limit | None:
        return next((limit for limit in self.limits if limit.kind == kind), None)

    def identity(self) -> str:
        """SHA-256 of everything that determines the answer. Computed once: it reads every asset."""
        if not self._identity:
            self._identity.append(self._digest())
        return self._identity[0]

    def _digest(self) -> str:
        parts: list[Any] = [self.moments.mu, self.moments.covariance.identity(), self.w_prev]
        parts += [self.benchmark, self.average_daily_value, self.prices, self.target]
        parts += [part for name in sorted(self.exposures) for part in (name, self.exposures[name])]
        terms = (self.objective, *self.limits, *self.costs)
        if any(getattr(term, "reads_scenarios", False) for term in terms):
            parts += [self.moments.scenarios, self.moments.probabilities]
        model = self.moments.factor_model
        if model is not None and any(getattr(term, "reads_factors", False) for term in terms):
            parts += [list(model.names), model.B, model.Omega, model.D]
        scalars = [self.risk_free_rate, self.portfolio_value, self.holding_period_years, self.portfolio_id]
        return digest(
            *parts,
            scalars,
            self.universe.content(),
            [describe_term(t) for t in terms],
        )


def describe_term(term: Any) -> Mapping[str, Any]:
    """A term as data: its kind and its fields, as policies spell them."""
    return {"kind": term.kind, **plain(term)}


@dataclass(frozen=True, slots=True)
class TermEntry:
    """A line of a term catalog: the name, what it is in one sentence, and how its JSON value becomes the term."""

    kind: str
    summary: str
    parse: Any = field(repr=False)
    example: Any = None
