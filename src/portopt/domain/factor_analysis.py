"""What a portfolio is exposed to, and where its risk and return come from, by factor (S2's AnalyzeFactorExposures)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

SPECIFIC, OTHERS, RISK_FREE = "specific", "other factors", "risk-free"


@dataclass(frozen=True, slots=True)
class FactorExposure:
    """B_k'w, in the factor's own unit. Benchmark figures None without a benchmark.

    standard_error: of the portfolio's exposure, weights taken as they are; None where exposures are given, not measured.
    """

    factor: str
    exposure: float
    benchmark_exposure: float | None
    active_exposure: float | None
    standard_error: float | None
    active_standard_error: float | None

    @property
    def t_statistic(self) -> float | None:
        return self.exposure / self.standard_error if self.standard_error else None


@dataclass(frozen=True, slots=True)
class FactorAttribution:
    """One part of a total; the parts add up to it. percent_contribution: a fraction of the total; None where it is zero.

    factor: a factor, "other factors" (those not asked for, together), "specific" or "risk-free".
    marginal: change of the volatility for one more unit of exposure; None where that means nothing.
    """

    factor: str
    contribution: float
    percent_contribution: float | None
    marginal: float | None = None


@dataclass(frozen=True, slots=True)
class FactorAnalysis:
    """One portfolio seen through one factor model. All annual, fractions.

    attribution: of the volatility. active_attribution: of the tracking error, empty without a benchmark.
    return_attribution: of the mean return over the model's own history; empty for a model without one.
    volatility, tracking_error, mean_return: what the parts add up to, by the model. r_squared: systematic share of variance.
    """

    portfolio_id: str
    as_of: date | None
    method: str
    observations: int
    exposures: tuple[FactorExposure, ...]
    attribution: tuple[FactorAttribution, ...]
    active_attribution: tuple[FactorAttribution, ...]
    return_attribution: tuple[FactorAttribution, ...]
    volatility: float
    systematic_volatility: float
    specific_volatility: float
    r_squared: float | None
    tracking_error: float | None
    mean_return: float | None
    notes: tuple[str, ...] = ()
