"""A plan over several periods as one problem: K copies of the universe, each under every limit, tied by trades and costs.

    maximize  1/H sum_k [ h_k (mu_k'w_k - gamma/2 w_k'Sigma_k w_k) - costs(w_k - w_(k-1)) ]

The weights of the copies stand one after the other, so that the ordinary engine solves it, the ordinary audit certifies it
and the ordinary diagnosis says which limits of which periods conflict ("max_turnover@2").
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.errors import InvalidValue, stopped
from portopt.domain.infeasible import infeasible_request
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Cost, Limit, Objective, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.solution import SolveStatus
from portopt.domain.stage import Stage
from portopt.domain.universe import Asset, Universe
from portopt.terms.objectives.multi_period import MultiPeriod, Period
from portopt.terms.shared.charges import charges
from portopt.terms.shared.risk import add_variance
from portopt.terms.shared.through import Through

MOST_DENSE = 4_000  # weights of all periods together whose covariance is kept as one dense matrix


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The certified plan. weights: (K, n) by period, the first to trade into now; validated: of the program of K periods."""

    problem: Problem
    validated: ValidatedSolution
    weights: np.ndarray

    @property
    def first(self) -> Vector:
        """(n,) weights to trade into now."""
        return np.asarray(self.weights[0])


def plan_periods(p: Problem) -> Plan:
    """Solve and certify the whole plan.

    Raises InfeasibleRequest, diagnosed by period; InvalidValue for a term that does not reach over several periods.
    """
    from portopt import audit, optimization
    from portopt.diagnosis import diagnose

    staged = staged_problem(p)
    form = optimization.assemble(staged)
    solution = optimization.optimize(staged, form=form)
    if solution.status is SolveStatus.INFEASIBLE:
        raise infeasible_request(staged, diagnose(staged, exactly=True))
    if not solution.is_optimal:
        raise stopped(solution.status.value, solution.raw.message if solution.raw else "")
    validated = audit.certify(staged, form, solution)
    return Plan(staged, validated, validated.weights.reshape(-1, p.n))


def first_step(p: Problem) -> Vector:
    """(n,) the target of a multi_period problem."""
    return plan_periods(p).first


def staged_problem(p: Problem) -> Problem:
    """The problem of K periods whose weights are those of all periods, one after the other."""
    objective = p.objective
    if not isinstance(objective, MultiPeriod):
        raise InvalidValue("objective.kind", objective.kind, "is not a plan over several periods", fix="use multi_period")
    refused = [cost.kind for cost in p.costs if not cost.spans_periods]
    if refused:
        raise InvalidValue(
            f"costs.{refused[0]}", refused[0], "does not reach over several periods", fix="use costs.linear_impact"
        )
    if p.tax is not None:
        why = "does not reach over several periods: lots that a later period would buy are none of today's"
        raise InvalidValue("tax", "lots", why, fix="use utility in place of multi_period, or leave tax out")
    K, n = len(objective.periods), p.n
    if not p.moments.covariance.is_factor_form and K * n > MOST_DENSE:
        why = f"times {n} assets are more than {MOST_DENSE} weights, too many for a dense covariance"
        raise InvalidValue("objective.periods", K, why, fix='use fewer periods, or the covariance estimator "factor"')
    stages = tuple(_Where(k, n, p) for k in range(K))
    limits: list[Limit] = [StagedLimit(limit, at) for limit in p.limits for at in stages]
    if objective.terminal:
        limits.append(TerminalWeights(objective.terminal, objective.terminal_tolerance, stages[-1]))
    costs = [StagedCost(cost, at) for cost in p.costs for at in stages]
    mu = np.concatenate([_expected_returns(p, period) for period in objective.periods])
    return Problem(
        moments=Moments(_universe(p, K), mu, _in_blocks(p.moments.covariance, objective.periods)),
        objective=PlanUtility(objective.risk_aversion, objective.periods, p),
        limits=tuple(limits),
        costs=tuple(costs),
        w_prev=None if p.w_prev is None else np.tile(p.w_prev, K),
        holding_period_years=sum(period.years for period in objective.periods),
        risk_free_rate=p.risk_free_rate,
        portfolio_value=p.portfolio_value,
        portfolio_id=p.portfolio_id,
        until=p.until,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Where:
    """Which stretch of the long weights is one period's, and the problem that its terms are read against."""

    k: int
    n: int
    single: Problem

    @property
    def columns(self) -> Indices:
        return np.arange(self.k * self.n, (self.k + 1) * self.n)

    @property
    def label(self) -> str:
        return str(self.k + 1)

    def program(self, whole: Program) -> Program:
        """This period's view of the whole program; made once, so that its terms share their trades."""
        key = f"stage {self.k}"
        if key not in whole.stages:
            before = None if self.k == 0 else self.columns - self.n
            whole.stages[key] = Stage(whole, self.columns, before, self.label)
        return whole.stages[key]

    def weights(self, w: Vector) -> Vector:
        return w[self.columns]

    def problem(self, w: Vector) -> Problem:
        """The period's problem, its book before the trade the period before."""
        if self.k == 0 or self.single.w_prev is None:
            return self.single
        return self.single.replaced(w_prev=w[self.columns - self.n])


@dataclass(frozen=True, slots=True, eq=False)
class StagedLimit(Through):
    """A limit in one period."""

    limit: Limit
    at: _Where = field(compare=False)

    @property
    def kind(self) -> str:
        return f"{self.limit.kind}@{self.at.label}"

    @property
    def noun(self) -> str:
        return f"in period {self.at.label}, {self.limit.noun}"

    @property
    def structural(self) -> bool:
        return self.limit.structural

    @property
    def soft(self) -> bool:
        return self.limit.soft

    def express(self, program: Program, p: Problem) -> None:
        self.limit.express(self.at.program(program), self.at.single)

    def read(self, w: Vector, p: Problem) -> Readings:
        reading = self.limit.read(self.at.weights(w), self.at.problem(w))
        return dataclasses.replace(reading, limit=self.kind)

    def relaxed(self, by: float) -> StagedLimit:
        return StagedLimit(self.limit.relaxed(by), self.at)

    def describe(self) -> str:
        return f"{self.limit.describe()}, in period {self.at.label}"

    def priced(self, w: Vector, p: Problem) -> float:
        return self.limit.priced(self.at.weights(w), self.at.problem(w))


@dataclass(frozen=True, slots=True, eq=False)
class StagedCost(Cost):
    """A cost in one period."""

    cost: Cost
    at: _Where = field(compare=False)

    @property
    def kind(self) -> str:
        return f"{self.cost.kind}@{self.at.label}"

    def express(self, program: Program, p: Problem) -> None:
        # Charged at the whole plan's rate: the sum of all periods' costs over the sum of their years.
        single = self.at.single.replaced(objective=p.objective, holding_period_years=p.holding_period_years)
        self.cost.express(self.at.program(program), single)

    def value(self, w: Vector, p: Problem) -> float:
        return self.cost.value(self.at.weights(w), self.at.problem(w))

    def convex_value(self, w: Vector, p: Problem) -> float:
        return self.cost.convex_value(self.at.weights(w), self.at.problem(w))

    def describe(self) -> str:
        return f"{self.cost.describe()}, in period {self.at.label}"


@dataclass(frozen=True, slots=True, eq=False)
class TerminalWeights(Limit):
    """|w_K,i - target_i| <= tolerance  for every asset that the target names; the others end at zero, cash left free."""

    target: Any
    tolerance: float
    at: _Where = field(compare=False)

    kind: ClassVar[str] = "terminal"
    noun: ClassVar[str] = "the last weight of"
    stops: ClassVar[str] = "the end of the plan"
    unit: ClassVar[str] = "fraction"

    def express(self, program: Program, p: Problem) -> None:
        bound, lower, upper, names = self._sides()
        program.add_bounds(self.at.columns[bound], lower, upper, limit=self.kind, members=names)

    def read(self, w: Vector, p: Problem) -> Readings:
        bound, lower, upper, names = self._sides()
        return Readings(self.kind, names, self.at.weights(w)[bound], lower, upper)

    def relaxed(self, by: float) -> TerminalWeights:
        return TerminalWeights(self.target, self.tolerance + by, self.at)

    def describe(self) -> str:
        return f"the plan ends within {self.tolerance:.2%} of its terminal weights"

    def _sides(self) -> tuple[Indices, Vector, Vector, tuple[str, ...]]:
        universe = self.at.single.universe
        target = universe.vector(dict(self.target))
        bound = np.flatnonzero(~universe.is_cash | np.isin(universe.ids, list(self.target)))
        names = tuple(universe.ids[i] for i in bound)
        return bound, target[bound] - self.tolerance, target[bound] + self.tolerance, names


@dataclass(frozen=True, slots=True, eq=False)
class PlanUtility(Objective):
    """The objective of the whole plan, an annual return: see the head of this file."""

    risk_aversion: float
    periods: tuple[Period, ...]
    single: Problem = field(compare=False)

    kind: ClassVar[str] = "plan_utility"
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "return"
    charges_costs: ClassVar[bool] = True

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        n, H = self.single.n, p.holding_period_years
        for k, period in enumerate(self.periods):
            at = _Where(k, n, self.single)
            share = period.years / H
            scale = share * self.risk_aversion * period.volatility_scale**2
            add_variance(at.program(program), self.single.moments.covariance, scale)
            program.add_linear(at.columns, -share * p.moments.mu[at.columns])

    def value(self, w: Vector, p: Problem) -> float:
        n, H, total = self.single.n, p.holding_period_years, 0.0
        for k, period in enumerate(self.periods):
            at = slice(k * n, (k + 1) * n)
            variance = period.volatility_scale**2 * self.single.moments.covariance.variance(w[at])
            total += period.years / H * (float(p.moments.mu[at] @ w[at]) - 0.5 * self.risk_aversion * variance)
        return total - charges(w, p)

    def describe(self) -> str:
        return f"the best plan over {len(self.periods)} periods at risk aversion {self.risk_aversion:g}"


def _in_blocks(covariance: Covariance, periods: tuple[Period, ...]) -> Covariance:
    """The covariance of all periods, block by block, for whoever asks the long problem for figures."""
    scales = [period.volatility_scale**2 for period in periods]
    if not covariance.is_factor_form:
        return Covariance(Sigma=np.asarray(np.kron(np.diag(scales), covariance.dense()), dtype=np.float64))
    F, Omega, D = covariance.factors()
    return Covariance(
        F=np.asarray(np.kron(np.eye(len(scales)), F), dtype=np.float64),
        Omega=np.asarray(np.kron(np.diag(scales), Omega), dtype=np.float64),
        D=np.concatenate([scale * D for scale in scales]),
    )


def _expected_returns(p: Problem, period: Period) -> Vector:
    mu = p.moments.mu.copy()
    mu[p.universe.indices(period.expected_returns)] = list(period.expected_returns.values())
    return mu


def _universe(p: Problem, periods: int) -> Universe:
    return Universe(
        tuple(Asset(f"{asset.id}@{k + 1}", sector=asset.sector) for k in range(periods) for asset in p.universe.assets)
    )
