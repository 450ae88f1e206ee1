"""The question, complete and frozen: beliefs, the book before the trade, one objective, limits, costs.

A term has three voices. `express` writes tagged rows into a Program for the solver. The auditor's voice
reads an answer in natural units: `read` for a limit, `value` for an objective or a cost. A contract test over
the catalog proves for every term that the two agree. The third is its words and its money: `noun` and `stops` of a limit
(domain/voice.py), `tariff` of a cost. Nothing outside terms/ knows a term by its name.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector, frozen
from portopt.domain.canonical import LATER, plain
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import DataError, MissingInput
from portopt.domain.identity import identity_of
from portopt.domain.lot_book import LotBook
from portopt.domain.moments import Moments
from portopt.domain.program import Program
from portopt.domain.tariff import Tariff
from portopt.domain.universe import Universe
from portopt.domain.voice import CostVoice, LimitVoice, ObjectiveVoice
from portopt.domain.voice import Readings as Readings

NO_LOTS = np.zeros(0, dtype=np.intp)
# What is large in moments, and what a term says that reads it.
READ_WHERE_TOLD = {
    "moments.scenarios": "reads_scenarios",
    "moments.probabilities": "reads_scenarios",
    "moments.factor_model": "reads_factors",
}


class Limit(LimitVoice, Protocol):
    """What is forbidden."""

    @property
    def asked(self) -> Limit:
        """The limit itself; of a wish the limit that is wished for."""
        return self

    def express(self, program: Program, p: Problem) -> None: ...

    def read(self, w: Vector, p: Problem) -> Readings: ...

    def priced(self, w: Vector, p: Problem) -> float:
        """What a shortfall at w costs, in the objective's unit; nothing where it is forbidden."""
        return 0.0

    def relaxed(self, by: float) -> Limit:
        """The same limit opened by `by` in its own unit (a floor lowered, a cap raised)."""
        ...

    def steps(self, p: Problem) -> tuple[float, ...]:
        """How far it must open for each next asset to pass, smallest first; () where it opens by a slope."""
        return ()

    def kept_lots(self, p: Problem) -> Indices:
        """The lots that it does not let go: positions in `p.lots`, ascending."""
        return NO_LOTS

    def on_gains(self, p: Problem) -> tuple[tuple[float, float, float], ...]:
        """What it says of gains realized now: a S + b L <= c as (a, b, c), fractions of portfolio value."""
        return ()


class Measure(Protocol):
    """A risk measure as far as an objective is asked for it (terms/risk_measures says the rest)."""

    @property
    def is_root(self) -> bool: ...

    def value(self, w: Vector, p: Problem) -> float: ...

    def describe(self, periods_per_year: float | None = None) -> str: ...


class Objective(ObjectiveVoice, Protocol):
    """What is wanted.

    value: what the whole program is worth at w, trading costs and the price of soft shortfalls included, so that the
    two voices meet in one number: StandardForm.objective is `value` when minimizing, `-value` when maximizing.
    """

    @property
    def risk(self) -> Measure | None:
        return None

    def express(self, program: Program, p: Problem) -> None: ...

    def value(self, w: Vector, p: Problem) -> float: ...

    def of_asset(self, i: int, p: Problem) -> str:
        """What it says of asset i itself, in the reason of its trade; "" where its pulls say it all."""
        return ""

    def ratio(self, w: Vector, p: Problem) -> float:
        """Excess return per unit of `risk`, where it divides by a measure; NaN elsewhere."""
        return math.nan

    def volatility(self, w: Vector, p: Problem) -> float:
        """The annual volatility it counts with: the covariance's, or the worst of a set."""
        return p.moments.covariance.volatility(w)


class Cost(CostVoice, Protocol):
    """What trading costs, as a fraction of portfolio value; the engine charges it against annual return.

    `express` adds the convex part, over the holding period, to the objective. `value` is the whole of it, the flat fee per
    trade too. `tariff` is the same in money, an order at a time.
    """

    def express(self, program: Program, p: Problem) -> None: ...

    def value(self, w: Vector, p: Problem) -> float: ...

    def convex_value(self, w: Vector, p: Problem) -> float:
        """The part that `express` writes, paid once: not yet divided by the holding period."""
        ...

    def tariff(self, p: Problem) -> Tariff:
        """What an order is charged, in money. Raises MissingInput where that needs more than the problem knows."""
        return Tariff()

    def money(self, value: Decimal, i: int, p: Problem) -> Decimal:
        """What an order in asset i worth `value` costs, not yet rounded to the cent."""
        return self.tariff(p).of(value, i)


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
    lots: what is held, by lots, and what their sale is taxed by; None where no tax is estimated. tax: what it costs.
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
    lots: LotBook | None = field(default=None, metadata=LATER)
    tax: Cost | None = field(default=None, metadata=LATER)
    until: Deadline = field(default=NEVER, compare=False)
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

    def held_lots(self) -> LotBook:
        """lots. Raises MissingInput where a limit on lots or gains is asked for and there are none."""
        if self.lots is None:
            raise MissingInput(
                "tax lots and a tax regime are needed to tell gains",
                field="tax",
                fixes=["give the lots (tax_lots in the holdings, or --lots FILE) and a regime: tax.regime = us_federal"],
            )
        return self.lots

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
        """SHA-256 of everything that determines the answer: every field of the problem and of its beliefs.

        Scenarios and factor models, most of what moments hold, count where a term reads them. In which order limits and costs
        are written is no part of the question. Computed once: it reads every asset.
        """
        if not self._identity:
            self._identity.append(self._digest())
        return self._identity[0]

    def _digest(self) -> str:
        terms: tuple[Objective | Limit | Cost, ...] = (self.objective, *self.limits, *self.costs)
        unread = [name for name, told in READ_WHERE_TOLD.items() if not any(getattr(term, told) for term in terms)]
        return identity_of(
            self,
            aside=unread,
            objective=describe_term(self.objective),
            limits=_by_kind(self.limits),
            costs=_by_kind(self.costs),
        )


def _by_kind(terms: Iterable[Any]) -> list[Mapping[str, Any]]:
    return sorted(map(describe_term, terms), key=lambda term: str(term["kind"]))


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
