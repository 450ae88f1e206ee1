"""What the questions find, each as one value, in our own words; what writes them as data is in document/ and dialects/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portopt.domain.arrays import Vector
from portopt.domain.certificate import Certificate, ValidatedSolution
from portopt.domain.explanation import Frontier, LeftOut, ShadowPrice
from portopt.domain.factor_analysis import FactorAnalysis
from portopt.domain.forecasts import ForecastReport
from portopt.domain.moments import Moments
from portopt.domain.pareto import LexicographicStage, ParetoSurface
from portopt.domain.problem import Problem
from portopt.domain.risk_figures import RiskDecomposition, RiskFigure
from portopt.domain.sensitivity import Sensitivities


@dataclass(frozen=True, slots=True)
class RestsOn:
    """The prices an answer rests on: their pack, and the day they end on."""

    pricing_pack_id: str
    as_of: date


def on_data(rests_on: RestsOn | None) -> dict[str, str]:
    """As every answer tells it; nothing where the request brought its own beliefs."""
    return {} if rests_on is None else {"pricing_pack_id": rests_on.pricing_pack_id, "as_of": rests_on.as_of.isoformat()}


@dataclass(frozen=True, slots=True, eq=False)
class FoundFrontier:
    """An efficient frontier under the limits of `problem`. rests_on: None where the request brought its own beliefs."""

    problem: Problem
    frontier: Frontier
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Compromises:
    """The best compromises between two or three axes. risk_measure: what risk is on them, as it was asked for."""

    problem: Problem
    surface: ParetoSurface
    risk_measure: str
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True, eq=False)
class InOrder:
    """Certified weights by axes in strict order. stages: of every axis but the last, the best it can be and what was kept."""

    problem: Problem
    order: tuple[str, ...]
    stages: tuple[LexicographicStage, ...]
    validated: ValidatedSolution
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PlannedPeriod:
    """One period of a plan. weights: (n,) to hold in it. turnover: one-way, to get there; None without a book to come from.

    expected_return, volatility: annual, fractions.
    """

    years: float
    weights: Vector
    turnover: float | None
    expected_return: float
    volatility: float


@dataclass(frozen=True, slots=True, eq=False)
class PlanOverPeriods:
    """A plan over several periods, with the one certificate of all of it."""

    problem: Problem
    periods: tuple[PlannedPeriod, ...]
    certificate: Certificate
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """How certified weights move with the question. sensitivities: None where they have no derivative; left_out says why.

    whole_numbers_stay: the answer is in whole numbers, and these are held while the rest moves.
    """

    problem: Problem
    validated: ValidatedSolution
    prices: tuple[ShadowPrice, ...]
    sensitivities: Sensitivities | None
    whole_numbers_stay: bool
    left_out: tuple[LeftOut, ...]
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RiskOfBooks:
    """The risk of several books beside each other, by the book's name: "optimal", "current", "benchmark".

    figures: every measure, the same ones for each book. decomposition: one measure, taken apart by source.
    """

    problem: Problem
    validated: ValidatedSolution
    figures: Mapping[str, tuple[RiskFigure, ...]]
    decomposition: Mapping[str, RiskDecomposition]
    left_out: tuple[LeftOut, ...]
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BeliefsBeforeAndAfter:
    """What views did to beliefs. told: what was done, by the method's own names; "prior_returns" where the prior is its own."""

    portfolio_id: str
    before: Moments
    after: Moments
    told: Mapping[str, Any]
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FactorsOfBook:
    """One book through a factor model. portfolio: "current", or "optimal" where nothing is held."""

    analysis: FactorAnalysis
    portfolio: str
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ForecastsCompared:
    """Estimators held to account on the returns of `assets`. means: each beside the first covariance; None: none was asked."""

    assets: tuple[str, ...]
    covariances: ForecastReport
    means: ForecastReport | None
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True)
class Seeded:
    """Policies put into the store. changed: how many were new or other than before; left_alone: ids that were there."""

    policies: tuple[str, ...]
    changed: int
    left_alone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was measured of an installation. fix: what mends it, where it is not as it should be."""

    name: str
    ok: bool
    detail: str
    fix: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """Every check, in the order a person would fix them."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)
