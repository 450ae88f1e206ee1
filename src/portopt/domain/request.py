"""What is asked, resolved and complete: enough to run again anywhere with the same pricing pack.

Limits, objective and costs travel as data under their catalog names, exactly as a policy spells them; the catalog
in `terms/` turns them into terms and refuses what it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeAlias

from portopt.domain.action import Action
from portopt.domain.arrays import Matrix, Vector
from portopt.domain.canonical import LATER, canonical_fields, digest, later_than
from portopt.domain.cash_flow import CashFlow
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.holdings import Holdings
from portopt.domain.universe import Universe


@dataclass(frozen=True, slots=True)
class EstimationChoice:
    """How moments are made. Names from the estimation catalogs; options go to that estimator by keyword.

    lookback: number of most recent returns used, None for all. min_observations: fewer is a short history.
    views: what is believed beside the data (Black-Litterman, entropy pooling); empty is nothing.
    factors: the factor model wanted; empty is none.
    """

    expected_returns: str = "historical_mean"
    expected_returns_options: Mapping[str, Any] = field(default_factory=dict)
    covariance: str = "ledoit_wolf"
    covariance_options: Mapping[str, Any] = field(default_factory=dict)
    lookback: int | None = 756
    min_observations: int = 60
    periods_per_year: float = 252.0
    cash_return: float | None = None  # None: the risk-free rate
    views: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, Any] = field(default_factory=dict)


MISSING_ATTRIBUTE = ("bind", "refuse")


@dataclass(frozen=True, slots=True)
class DataPolicy:
    """What to do with each kind of finding: "refuse", "quarantine" (take the asset out, keep its holding frozen) or "accept".

    split_ratio_tolerance: a return within this of a simple split ratio looks like an unadjusted split.
    stale_days: that many equal closing prices in a row are stale; source_stale_days: age of the newest price at as_of.
    max_gap_days: what has had no price for more days of the common calendar than this is no longer traded.
    missing_attribute: what a limit on an attribute does with an asset that has none: "bind" it as strictly as the limit
        binds anything, or "refuse" the request.
    split_since_holdings: shares held that seem to be from before a split, beside prices from after it.
    """

    gap: str = "accept"
    stale: str = "accept"
    no_longer_traded: str = "quarantine"
    unadjusted_split: str = "quarantine"
    extreme_move: str = "accept"
    non_positive_price: str = "refuse"
    not_a_number: str = "refuse"
    impossible_return: str = "refuse"
    short_history: str = "quarantine"
    duplicate: str = "refuse"
    stale_source: str = "accept"
    unknown_asset: str = "refuse"
    missing_attribute: str = "bind"
    max_gap_days: int = 5
    stale_days: int = 10
    source_stale_days: int = 7
    split_ratio_tolerance: float = 0.03
    split_since_holdings: str = field(default="refuse", metadata=later_than("refuse"))


@dataclass(frozen=True, slots=True)
class TradingRules:
    """Money thresholds and share granularity of the plan. lot_size in shares; fractional ignores it.

    search_effort: how long lots are searched for where a first book leaves a gap, in units of the usual count of nodes.
    """

    fractional: bool = False
    lot_size: int = 1
    min_trade_value: float = 100.0
    search_effort: float = 1.0
    mip_relative_gap: float = 1e-4


USUAL_SECONDS = 5.0


def in_counted_work(trading: Mapping[str, Any]) -> dict[str, Any]:
    """Trading rules as they are said now. They once bounded the search by `time_limit_seconds`, usually five."""
    said = dict(trading)
    seconds = said.pop("time_limit_seconds", None)
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
        return {"search_effort": seconds / USUAL_SECONDS, **said}
    return dict(trading)


@dataclass(frozen=True, slots=True)
class Policy:
    """A named, versioned set of choices (S4). objective: {"kind": …, …}; limits and costs: {catalog name: value}.

    relax_order: limits that may give way when all cannot hold, the first to give way first; empty means never.
    notes: sentences about what was asked and has no effect here. approval: {"four_eyes": true} where no one may approve what
    they proposed, {"approvers": 2} where it takes so many others, {"hours": 24} for how long they may take at most.
    tax: the regime and what is the holder's own in it, as data; `taxation/` reads it. Empty: no tax is estimated.
    """

    id: str
    name: str
    objective: Mapping[str, Any]
    limits: Mapping[str, Any]
    costs: Mapping[str, Any] = field(default_factory=dict)
    risk_free_rate: float = 0.02
    estimation: EstimationChoice = EstimationChoice()
    data: DataPolicy = DataPolicy()
    trading: TradingRules = TradingRules()
    relax_order: tuple[str, ...] = ()
    method_version: str = "v1"
    description: str = ""
    notes: tuple[str, ...] = ()
    approval: Mapping[str, Any] = field(default_factory=dict, metadata=LATER)
    tax: Mapping[str, Any] = field(default_factory=dict, metadata=LATER)

    @property
    def wants_four_eyes(self) -> bool:
        """Whether somebody else approves than who proposed; where several must, they are others too."""
        return bool(self.approval.get("four_eyes")) or int(self.approval.get("approvers") or 1) > 1


@dataclass(frozen=True, slots=True)
class RebalanceRequest:
    """Holdings and a policy; prices come from the provider named. Overrides have already been merged into `policy`.

    benchmark: weights by asset id, or None. candidates: asset attributes for what may be bought or is held (sector,
    asset class, quality score); assets the provider prices but nobody describes are not candidates.
    as_of: the data version asked for; None is the newest the provider has. target_type: S2's word.
    factor_returns: what the policy's factor model regresses on; part of the request, so that a replay needs no file.
    cash_flow: money that comes in or leaves; `holdings` are those before it, `funded` those that are traded.
    no_worse: a limit that the book misses before the trade need not be mended, only not be missed by more; of a withdrawal by
    itself that is so anyway.
    confirmed_shares: assets of which somebody said that their shares are those of the prices' day, whatever it looks like.
    actions: what happened to shares that are held, as far as it is known.
    notes: what reading the files left out, added up or decided, in sentences; told in the answer, and so of its identity.
    """

    holdings: Holdings
    policy: Policy
    universe: Universe
    benchmark: Mapping[str, float] | None = None
    as_of: date | None = None
    target_type: str = "optimal"
    provider: str = "sample"
    factor_returns: FactorReturns | None = None
    cash_flow: CashFlow | None = field(default=None, metadata=LATER)
    no_worse: bool = field(default=False, metadata=LATER)
    confirmed_shares: tuple[str, ...] = field(default=(), metadata=LATER)
    actions: tuple[Action, ...] = field(default=(), metadata=LATER)
    notes: tuple[str, ...] = field(default=(), compare=False)
    _identity: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def funded(self) -> Holdings:
        """What is held once the money has come or gone: the book that is traded. Its cash may be below zero."""
        return self.holdings if self.cash_flow is None else self.holdings.with_cash(self.cash_flow.amount)

    @property
    def only_raises(self) -> bool:
        """Whether it is a withdrawal by itself."""
        return self.cash_flow is not None and self.cash_flow.only_raises

    def seeking(self, policy: Policy) -> RebalanceRequest:
        """The same request for what that policy seeks: a withdrawal then is no longer one by itself."""
        flow = None if self.cash_flow is None else self.cash_flow.beside_a_rebalance()
        return replace(self, policy=policy, cash_flow=flow)

    def identity(self) -> str:
        """SHA-256 of what is asked; with the pricing pack's id it is the identity of the run.

        The provider is no part of it: which prices they were, the pack says. Computed once: it reads every asset.
        """
        if not self._identity:
            content = canonical_fields(self, provider='""', universe=self.universe.canonical())
            self._identity.append(digest(content, *([list(self.notes)] if self.notes else [])))
        return self._identity[0]

    # What both kinds of request say, under the names of OptimizationRequest.

    @property
    def portfolio_id(self) -> str:
        return self.holdings.portfolio_id

    @property
    def objective(self) -> Mapping[str, Any]:
        return self.policy.objective

    @property
    def limits(self) -> Mapping[str, Any]:
        return self.policy.limits

    @property
    def relax_order(self) -> tuple[str, ...]:
        return self.policy.relax_order

    @property
    def risk_free_rate(self) -> float:
        return self.policy.risk_free_rate

    @property
    def estimation(self) -> EstimationChoice:
        return self.policy.estimation

    @property
    def benchmark_weights(self) -> Mapping[str, float] | None:
        return self.benchmark


@dataclass(frozen=True, slots=True, eq=False)
class OptimizationRequest:
    """A choice of weights without shares or prices (S1). Given moments win over estimates from `returns`.

    returns: (T, n) periodic simple returns in the universe's order, NaN where missing.
    expected_returns: (n,) annual, NaN where to be estimated. covariance: (n, n) annual.
    portfolio_value, average_daily_value, prices: money, for liquidity, impact and lots; None where not said.
    notes: sentences about what was asked and has no effect here; not part of the identity.
    beliefs_id: the uploaded beliefs that covariance and returns are taken from, where they are; of the identity is what they
    hold, not their name.
    """

    portfolio_id: str
    universe: Universe
    objective: Mapping[str, Any]
    limits: Mapping[str, Any]
    costs: Mapping[str, Any] = field(default_factory=dict)
    risk_free_rate: float = 0.0
    estimation: EstimationChoice = EstimationChoice()
    expected_returns: Vector | None = None
    covariance: Matrix | None = None
    returns: Matrix | None = None
    current_weights: Mapping[str, float] | None = None
    benchmark_weights: Mapping[str, float] | None = None
    relax_order: tuple[str, ...] = ()
    portfolio_value: float | None = None
    average_daily_value: Mapping[str, float] | None = None
    prices: Mapping[str, float] | None = None
    factor_returns: FactorReturns | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)
    beliefs_id: str | None = field(default=None, compare=False)

    def identity(self) -> str:
        """SHA-256 of what is asked. Arrays count by their bytes: to write out those of 500 assets takes a tenth of a second."""
        arrays = (self.expected_returns, self.covariance, self.returns)
        absent = dict.fromkeys(("expected_returns", "covariance", "returns"), "null")
        return digest(canonical_fields(self, **absent, universe=self.universe.canonical()), *arrays)


AnyRequest: TypeAlias = OptimizationRequest | RebalanceRequest
