"""What to do: whole trades with prices, costs and reasons, and what the book looks like afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portopt.domain.problem import Readings
from portopt.domain.tax import TaxPlan


@dataclass(frozen=True, slots=True)
class Trade:
    """One order line. shares > 0; side "buy" or "sell". Money to the cent; priority 1 goes first (sells before buys)."""

    asset_id: str
    side: str
    shares: Decimal
    price: Decimal
    value: Decimal
    commission: Decimal
    impact: Decimal
    weight_before: float
    weight_after: float
    priority: int
    reason: str = ""

    @property
    def cost(self) -> Decimal:
        return self.commission + self.impact


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One asset of the book, traded or not. target_weight is the continuous optimum, weight_after what the shares give."""

    asset_id: str
    shares_before: Decimal
    shares_after: Decimal
    price: Decimal
    weight_before: float
    target_weight: float
    weight_after: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The book in figures, before or after. Annual fractions; None where it cannot be said (no benchmark)."""

    expected_return: float
    volatility: float
    sharpe_ratio: float | None
    tracking_error: float | None
    information_ratio: float | None
    max_drawdown_in_sample: float | None
    positions: int
    cash_weight: float


@dataclass(frozen=True, slots=True, eq=False)
class RebalancePlan:
    """An executable proposal. Money adds up to the cent:
    cash_after = cash_before + sells_value - buys_value - total_cost, and it is never negative.

    turnover: one-way, half the sum of absolute weight changes, cash included, at the prices of the plan, before costs.
    rounding_gap: how much worse the whole-share book is than the continuous optimum, in the objective's unit.
    rounding: "exact" (fractional), "mip" (proved to be within the gap of the best), "mip_open" (best found, gap in mip_gap),
    "nearest" (a large book: the nearest lots that keep every limit, gap in mip_gap).
    readings: every limit read off the whole-share book.
    taxes: what the sales come to in tax; None where it is not estimated.
    notes: what a reader should know beside the figures: a cap on cash that whole lots could only come near.
    """

    portfolio_id: str
    currency: str
    value: Decimal
    cash_before: Decimal
    cash_after: Decimal
    trades: tuple[Trade, ...]
    lines: tuple[PlanLine, ...]
    buys_value: Decimal
    sells_value: Decimal
    commission_total: Decimal
    impact_total: Decimal
    turnover: float
    before: Figures
    after: Figures
    readings: tuple[Readings, ...]
    rounding: str
    rounding_gap: float
    mip_gap: float | None = None
    cost_model: str = "linear"
    notes: tuple[str, ...] = ()
    taxes: TaxPlan | None = None

    @property
    def total_cost(self) -> Decimal:
        return self.commission_total + self.impact_total

    @property
    def gross(self) -> Decimal:
        return self.buys_value + self.sells_value
